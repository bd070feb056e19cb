//! The road up to the order: check everything, enrol, look again, order.

use jiff::{SignedDuration, Timestamp};

use super::{
    adoption::{adopt, named},
    blocked::{barred, eligible},
    situation::{Fetch, Rival, Situation, Step, after, rest, rest_for},
    time_limits::{REQUESTS_LIVE, latest_creation},
    unlisted,
};
use crate::{
    desired::ExistingKey,
    failure::Reason,
    journal::{EnrollMark, Enrollment, Made, Marked, Order, RefusedOrder, Unwanted},
    lasting,
    vendor_states::{EnrollmentList, EnrollmentStatus, ListedEnrollment, only_one},
};

/// An enrolment mark without receipt is judged by the list only while it is younger than this.
const MARK_JUDGED: SignedDuration = SignedDuration::from_hours(1);

/// A shipment that waits behind one that is only older looks again after this, in case nothing wakes it.
const BEHIND: SignedDuration = SignedDuration::from_mins(1);

/// A hold that only an answer or a changed spec ends. What it was about may have gone from the vendors' lists in the
/// meantime, which proves nothing about parcels.
pub(super) fn held(s: &Situation<'_>) -> Option<Step> {
    let hold = lasting::in_force(s.journal, s.desired.generation)?;
    Some(rest(hold.reason, named(s, hold.reason, &hold.message), None))
}

/// What a person's answer, or the search, asked for and is still to be done.
pub(super) fn answered(s: &Situation<'_>) -> Option<Step> {
    if let Some(unwanted) = &s.journal.unwanted {
        return Some(discard_unwanted(s, unwanted));
    }
    s.journal.adoption.as_ref().map(|adoption| adopt(s, adoption))
}

/// Pending, by id: what is gone or active meanwhile the journal has noted when the list was read.
fn discard_unwanted(s: &Situation<'_>, unwanted: &Unwanted) -> Step {
    if let Some(blocked) = &s.desired.effects_bar {
        return rest_for(blocked, None);
    }
    match &s.seen.list {
        Some(list) if list.entries.iter().any(|e| e.id == unwanted.id) => Step::Mark(Marked::Discard),
        // Not read yet, or before the id was noted.
        _ => Step::Fetch(Fetch::Enrollments),
    }
}

/// Given up or cancelled: a pending enrolment of ours is of no use any more.
pub(super) fn cancelled(s: &Situation<'_>) -> Step {
    let over = rest(
        Reason::OrderCancelled,
        "The order is cancelled and nothing more is done; delete this shipment and declare another if the person still needs a key.",
        None,
    );
    let Some(made) = s.journal.made() else { return over };
    if s.desired.effects_bar.is_some() {
        return over;
    }
    let Some(list) = &s.seen.list else { return Step::Fetch(Fetch::Enrollments) };
    match list.entries.iter().find(|e| e.id == made.id) {
        Some(entry) if entry.status != EnrollmentStatus::Active => Step::Mark(Marked::Discard),
        // Okta's list may lag: what it does not show yet would stand there for ever.
        None if made.may_be_unlisted(s.now) => Step::Mark(Marked::Discard),
        _ => over,
    }
}

/// The order went out (or was about to), and no receipt stands in the journal. "Nothing found" would be no leave to
/// order again: Yubico has no idempotency key and its search is not proven for pre-registered orders.
/// `page`: HTTP status of the web page that came in place of an answer.
pub(super) fn unknown_order(s: &Situation<'_>, mark: Timestamp, page: Option<u16>) -> Step {
    let judged = after(mark, s.desired.calls.settle);
    if s.now < judged {
        return rest(
            Reason::Settling,
            "An order call may still be under way; its outcome is judged once it must have ended.",
            Some(judged),
        );
    }
    let known = s.journal.hold.as_ref().filter(|hold| hold.reason == Reason::OrderOutcomeUnknown);
    if s.seen.search.is_none() && s.seen.adoption_refused.is_none() && known.is_none() {
        return Step::Fetch(Fetch::Search);
    }
    let came = page.map_or_else(
        || "YubiEnterprise gave no readable answer to the order, so it may have been accepted.".to_owned(),
        |status| {
            let what = if (300..400).contains(&status) { "A redirect" } else { "A web page" };
            format!(
                "{what} (HTTP {status}) came in place of YubiEnterprise's answer to the order, so a proxy, firewall or gateway stands between, and the order may have been accepted all the same."
            )
        },
    );
    let advice = format!(
        "{came} Look for it in the YubiEnterprise Console, then answer this hold with AdoptOrder and the shipment id, or with RetryOrder if there is none."
    );
    rest(Reason::OrderOutcomeUnknown, named(s, Reason::OrderOutcomeUnknown, &advice), None)
}

pub(super) fn refused_order(s: &Situation<'_>, refused: &RefusedOrder) -> Step {
    if refused.retryable && s.journal.made().is_some_and(|made| requests_live(made, s.now)) {
        return before_order(s);
    }
    if s.desired.generation > refused.generation {
        return match &s.journal.enrollment {
            // One enrolment serves one order attempt; a newer one is already the next attempt's.
            Enrollment::Made(made) if made.mark.at < refused.mark => discard(s, made),
            _ => before_order(s),
        };
    }
    if matches!(s.journal.enrollment, Enrollment::Discarded(_)) {
        return before_order(s);
    }
    let advice = "YubiEnterprise refused the order; nothing was ordered. Correct the recipient, the address or the key ids in spec (or at Okta and answer this hold with RetryOrder).";
    rest(Reason::OrderRefused, named(s, Reason::OrderRefused, advice), None)
}

fn requests_live(made: &Made, now: Timestamp) -> bool {
    made.requests.is_some() && now < after(made.mark.at, REQUESTS_LIVE)
}

pub(super) fn before_order(s: &Situation<'_>) -> Step {
    match &s.journal.enrollment {
        Enrollment::Never | Enrollment::Refused(_) | Enrollment::Discarded(_) => fresh(s),
        Enrollment::Open(_, mark) => {
            enrollment_settles(s, mark).unwrap_or_else(|| unknown_enrollment(s, mark))
        }
        Enrollment::Made(made) if made.discard_mark.is_some() || s.journal.retry => discard(s, made),
        Enrollment::Made(made) => enrolled(s, made),
    }
}

/// Another process may still be in the call: its mark is left alone until it must have ended.
pub(super) fn enrollment_settles(s: &Situation<'_>, mark: &EnrollMark) -> Option<Step> {
    let judged = after(mark.at, s.desired.calls.settle);
    (s.now < judged).then(|| {
        rest(
            Reason::Settling,
            "An enrolment call may still be under way; its outcome is judged once it must have ended.",
            Some(judged),
        )
    })
}

/// Okta lists what was not there before, and nothing tells whose it is.
pub(super) fn enrollment_unknown(new: &[&ListedEnrollment]) -> Step {
    let ids: Vec<_> = new.iter().map(|entry| entry.id.as_str()).collect();
    let what = match ids[..] {
        [id] => format!("an enrolment that was not there before: {id}"),
        _ => format!("enrolments that were not there before: {}", ids.join(", ")),
    };
    rest(
        Reason::EnrollOutcomeUnknown,
        format!(
            "Okta's answer to the enrolment was lost, and Okta now lists {what}. Answer this hold with DiscardEnrollment and that id if it is this shipment's own."
        ),
        None,
    )
}

/// The enrolment went out and its answer, with the sealed requests, is lost.
fn unknown_enrollment(s: &Situation<'_>, mark: &EnrollMark) -> Step {
    if s.now > after(mark.at, MARK_JUDGED) {
        return rest(
            Reason::StatusBehindVendors,
            "The status holds an enrolment mark older than an hour without its receipt: a backup may have been restored. Compare with Okta and YubiEnterprise, then answer this hold.",
            None,
        );
    }
    let Some(list) = &s.seen.list else { return Step::Fetch(Fetch::Enrollments) };
    let new: Vec<_> = list.entries.iter().filter(|e| !mark.shown.contains(&e.id)).collect();
    match new[..] {
        [] => fresh(s),
        [only] if is_surely_ours(s, mark, only) => match s.seen.rival_live {
            None => Step::Fetch(Fetch::Rivals),
            Some(false) => Step::MarkOrphaned(only.id.clone()),
            Some(true) => enrollment_unknown(&new),
        },
        _ => enrollment_unknown(&new),
    }
}

/// The one new enrolment is our lost one if it was made while our call could be under way, and only this cluster
/// enrols for the connection.
fn is_surely_ours(s: &Situation<'_>, mark: &EnrollMark, entry: &ListedEnrollment) -> bool {
    let end = latest_creation(s, mark);
    let in_time = entry.created.is_some_and(|created| created >= mark.okta_time && created <= end);
    s.desired.bound && in_time && entry.status == EnrollmentStatus::Pending
}

/// Nothing stands at the vendors for this shipment: check everything, then enrol.
fn fresh(s: &Situation<'_>) -> Step {
    if let Some(step) = barred(s) {
        return step;
    }
    let Some(user) = &s.seen.user else { return Step::Fetch(Fetch::User) };
    if let Some(step) = eligible(user) {
        return step;
    }
    if let Some(rival) = s.rival {
        return yields(s, rival);
    }
    // Local faults need no call to be known, and all are named at once.
    if let Some(fault) = &s.seen.recipient_fault {
        return rest_for(fault, None);
    }
    let Some(list) = &s.seen.list else { return Step::Fetch(Fetch::Enrollments) };
    if let Some(step) = existing_key(s, list) {
        return step;
    }
    match &s.seen.checked {
        None => Step::Fetch(Fetch::Address),
        Some(Err(fault)) => rest_for(fault, None),
        Some(Ok(())) => Step::Mark(Marked::Enroll),
    }
}

/// Behind one that is only older the shipment waits, and goes on by itself when that one goes or may not order any
/// more. Once something stood at the vendors for the same person, or ours was removed because of it, a person decides:
/// that the other one is gone is no wish for another key.
fn yields(s: &Situation<'_>, rival: Rival<'_>) -> Step {
    let removed = matches!(s.journal.enrollment, Enrollment::Discarded(_)) && !s.journal.retry;
    if rival.begun || removed {
        return rest(
            Reason::AnotherOrderForUser,
            format!(
                "Shipment {} comes first for the same person, so nothing is ordered here. Delete one of the two, or answer this hold.",
                rival.name
            ),
            None,
        );
    }
    rest(
        Reason::AnotherOrderForUser,
        format!(
            "Shipment {} is older and for the same person, so nothing is ordered here. Delete one of the two: this one goes on by itself when the other is gone or may not order any more.",
            rival.name
        ),
        Some(after(s.now, BEHIND)),
    )
}

fn existing_key(s: &Situation<'_>, list: &EnrollmentList) -> Option<Step> {
    let found: Vec<_> =
        list.entries.iter().filter(|e| !s.desired.existing_key.overlooks(e.created)).collect();
    let first = found.first()?;
    // Rebuilt from Git: what the vendors know is linked again, exactly one of each.
    let adoptable = s.desired.existing_key == ExistingKey::Adopt && only_one(found.iter().copied()).is_some();
    if adoptable && s.seen.search.is_none() && s.seen.adoption_refused.is_none() {
        return Some(Step::Fetch(Fetch::Search));
    }
    let what = match first.status {
        EnrollmentStatus::Active => "an active",
        EnrollmentStatus::Pending => "a pending",
        EnrollmentStatus::Errored => "an errored",
        EnrollmentStatus::Other(_) => "another",
    };
    let more = if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
    // Ours was removed because it did not come first at the second look.
    if matches!(s.journal.enrollment, Enrollment::Discarded(_)) && s.journal.order == Order::Never {
        return Some(rest(
            Reason::AnotherOrderForUser,
            format!(
                "Somebody else enrolled a key for the same person first ({}{more}), so this shipment's enrolment was removed and nothing was ordered. Answer this hold, or change spec to try again.",
                first.id
            ),
            None,
        ));
    }
    let refused = s.seen.adoption_refused.as_ref().map(|why| format!("{why} ")).unwrap_or_default();
    Some(rest(
        Reason::ExistingKey,
        format!(
            "{refused}The person already has {what} pre-registered key at Okta ({}{more}), so none is ordered. Remove it at Okta, set existingKeyPolicy OrderAnother, or answer this hold.",
            first.id
        ),
        None,
    ))
}

/// Enrolled, not ordered: look again, then order. The second look is what two clusters, another tool and an admin
/// have in common.
fn enrolled(s: &Situation<'_>, made: &Made) -> Step {
    if !requests_live(made, s.now) {
        return stale_enrollment(s, made);
    }
    if let Some(step) = barred(s) {
        return step;
    }
    let look = after(made.created_at, s.desired.calls.look_delay);
    let Some(list) = &s.seen.list else {
        return if s.now < look { Step::Pause(look) } else { Step::Fetch(Fetch::Enrollments) };
    };
    let Some(ours) = list.entries.iter().find(|e| e.id == made.id) else {
        return unlisted::looks_again(s, made, list);
    };
    if ours.status != EnrollmentStatus::Pending {
        return unlisted::not_pending();
    }
    if !goes_first(s, list, made, ours.created) {
        return discard(s, made);
    }
    // In a later pass than the enrolment's, recipient and address are read anew.
    let Some(user) = &s.seen.user else { return Step::Fetch(Fetch::User) };
    if let Some(step) = eligible(user) {
        return step;
    }
    match &s.seen.recipient_fault {
        Some(fault) => rest_for(fault, None),
        None => Step::Mark(Marked::Order),
    }
}

/// Ours is the oldest (created, then id), save those that `existingKeyBefore` overlooks. An enrolment without a
/// readable time counts as older.
fn goes_first(s: &Situation<'_>, list: &EnrollmentList, made: &Made, ours: Option<Timestamp>) -> bool {
    list.entries.iter().filter(|e| e.id != made.id && !s.desired.existing_key.overlooks(e.created)).all(
        |other| match (other.created, ours) {
            (Some(theirs), Some(ours)) => (theirs, &other.id) > (ours, &made.id),
            _ => false,
        },
    )
}

fn stale_enrollment(s: &Situation<'_>, made: &Made) -> Step {
    if s.journal.order == Order::Never || made.requests.is_none() {
        // What the list says of ours is a part of what a person needs to know.
        let Some(list) = &s.seen.list else { return Step::Fetch(Fetch::Enrollments) };
        return unlisted::out_of_time(made, list);
    }
    rest(
        Reason::OrderRefused,
        "The order was not let through within 15 minutes (a limit, the API token or a gateway stood in the way; the log names it), so its sealed requests have expired; nothing was ordered, and nothing is known against the recipient. Answer this hold with RetryOrder, or change spec.",
        None,
    )
}

/// Our pending enrolment is not needed: mark, remove, then start over or stop.
fn discard(s: &Situation<'_>, made: &Made) -> Step {
    if let Some(blocked) = &s.desired.effects_bar {
        return rest_for(blocked, None);
    }
    let Some(list) = &s.seen.list else { return Step::Fetch(Fetch::Enrollments) };
    // Gone is noted by the journal when the list is read, so here ours still stands.
    let status = list.entries.iter().find(|e| e.id == made.id).map(|e| &e.status);
    match status {
        Some(EnrollmentStatus::Active) => rest(
            Reason::StatusBehindVendors,
            "This shipment's enrolment is active at Okta although no order is known, so it is not removed. Compare with Okta and YubiEnterprise, then answer this hold.",
            None,
        ),
        _ => Step::Mark(Marked::Discard),
    }
}
