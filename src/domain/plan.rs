//! The road of a shipment: facts in, at most one next step out. Total, deterministic, without client or clock.
//!
//! Read it from the top: [`plan`] derives the stage by matching the journal; each stage is one function. The rules
//! are those of `docs/design.md`; each comment names the accident its rule prevents.

use jiff::{SignedDuration, Timestamp};

use super::{
    cadence::Schedule,
    failure::{Failure, Reason},
    ids::UserId,
    journal::{Accepted, Enrollment, Journal, MAILS_A_DAY, Made, Marked, Order, RefusedOrder},
    seen::{EnrollmentList, EnrollmentStatus, ParcelClass, UserStatus},
    wanted::{ActivationGate, ExistingKey, OnDelete, OnTimeout, PinGate, Wanted},
};

/// Sealed requests leave within this time of their enrolment (Okta's challenge has an unknown lifetime).
pub const REQUESTS_LIVE: SignedDuration = SignedDuration::from_mins(15);

/// An enrolment mark without receipt is judged by the list only while it is younger than this.
const MARK_JUDGED: SignedDuration = SignedDuration::from_hours(1);

const DAY: SignedDuration = SignedDuration::from_hours(24);
const FINAL_INTERVAL: SignedDuration = SignedDuration::from_hours(24 * 7);
const FINAL_FOLLOWED: SignedDuration = SignedDuration::from_hours(24 * 90);
const MISSING_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// The user as seen in this pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenUser {
    /// The id.
    pub id: UserId,
    /// The status.
    pub status: UserStatus,
}

/// What was read in this pass. Nothing here outlives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The user; `Some(None)`: Okta knows no such user.
    pub user: Option<Option<SeenUser>>,
    /// All faults of recipient and address, found with the user.
    pub recipient_fault: Option<Failure>,
    /// Okta's list, read after the last effect.
    pub list: Option<EnrollmentList>,
    /// Whether address and stock were checked, and what was wrong.
    pub checked: Option<Result<(), Failure>>,
    /// The parcel was read: shown, or 404.
    pub parcel: Option<Sight>,
    /// The activation of this pass failed.
    pub activation_failed: Option<Failure>,
    /// The cancellation of this pass failed in a way that may pass.
    pub cancel_failed: Option<Failure>,
}

/// What reading a parcel gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// It was shown; the journal has it. Text: what was odd about its items.
    Shown(Option<String>),
    /// 404.
    Missing,
}

/// A read that the plan needs before it can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Look {
    /// Okta: the user, with recipient and address.
    User,
    /// Okta: the user's pre-registered enrolments.
    Enrollments,
    /// `YubiEnterprise`: deliverable address, stock.
    Address,
    /// `YubiEnterprise`: the order.
    Parcel,
}

/// An effect that may be repeated without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Free {
    /// Okta: activate the credential.
    Activate,
    /// `YubiEnterprise`: cancel the order.
    Cancel,
    /// Okta: the order failed for good.
    MarkError,
}

/// Nothing to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// Why; `reason.kind()` tells whether a person must act.
    pub reason: Reason,
    /// What happened and what to do next.
    pub message: String,
    /// When to come back; `None`: at a change only.
    pub until: Option<Timestamp>,
    /// A person is asked for the PIN, not for the activation.
    pub pin: bool,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read this, then plan again.
    Look(Look),
    /// Write the journal as it stands, then plan again.
    Save,
    /// Stay in this pass until then.
    Pause(Timestamp),
    /// Write a mark, then send.
    Mark(Marked),
    /// Send.
    Run(Free),
    /// Done for now.
    Rest(Rest),
    /// The pass ends with this failure.
    Fail(Failure),
    /// The resource may go: its finalizer is removed.
    Release,
}

/// All facts of one decision.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// What we did.
    pub journal: &'a Journal,
    /// What was read in this pass.
    pub seen: &'a Seen,
    /// The journal stands in the store as it is here.
    pub saved: bool,
    /// When this process last read the parcel, else when it started (UTC).
    pub last_look: Timestamp,
    /// A person asked for a look now.
    pub look_now: bool,
    /// A resource that comes first for the same person.
    pub rival: Option<&'a str>,
    /// UTC.
    pub now: Timestamp,
}

fn rest(reason: Reason, message: impl Into<String>, until: Option<Timestamp>) -> Step {
    Step::Rest(Rest { reason, message: message.into(), until, pin: false })
}

fn rest_for(failure: &Failure, until: Option<Timestamp>) -> Step {
    rest(failure.reason, failure.message.clone(), until)
}

fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// The next step of this shipment.
#[must_use]
pub fn plan(s: &Situation<'_>) -> Step {
    if s.wanted.deleting {
        return delete(s);
    }
    match &s.journal.order {
        Order::Never => held(s).unwrap_or_else(|| before_order(s)),
        Order::Refused(refused) => held(s).unwrap_or_else(|| refused_order(s, refused)),
        Order::Open(_, mark) | Order::Unknown(_, mark) => unknown_order(s, *mark),
        Order::Accepted(order) => follow(s, order),
        Order::Cancelled(..) => rest(
            Reason::OrderCancelled,
            "The order is cancelled and nothing more is done; delete this shipment and declare another if the person still needs a key.",
            None,
        ),
    }
}

// === Before the order ===

/// A hold that only an answer or a changed spec ends. What it was about may have gone from the vendors' lists in the
/// meantime, which proves nothing about parcels.
fn held(s: &Situation<'_>) -> Option<Step> {
    let hold = s.journal.hold.as_ref()?;
    let lasting = matches!(
        hold.reason,
        Reason::ExistingKey
            | Reason::AnotherOrderForUser
            | Reason::EnrollOutcomeUnknown
            | Reason::StatusBehindVendors
    );
    (lasting && hold.generation == s.wanted.generation).then(|| rest(hold.reason, hold.message.clone(), None))
}

/// The order went out (or was about to), and no receipt stands in the journal. "Nothing found" would be no leave to
/// order again: Yubico has no idempotency key and its search is not proven for pre-registered orders.
fn unknown_order(s: &Situation<'_>, mark: Timestamp) -> Step {
    let judged = after(mark, s.wanted.calls.settle);
    if s.now < judged {
        return rest(
            Reason::Settling,
            "An order call may still be under way; its outcome is judged once it must have ended.",
            Some(judged),
        );
    }
    rest(
        Reason::OrderOutcomeUnknown,
        "YubiEnterprise gave no readable answer to the order, so it may have been accepted. Look for it in the YubiEnterprise Console, then answer this hold with AdoptOrder and the shipment id, or with RetryOrder if there is none.",
        None,
    )
}

fn refused_order(s: &Situation<'_>, refused: &RefusedOrder) -> Step {
    if refused.retryable && s.journal.made().is_some_and(|made| requests_live(made, s.now)) {
        return before_order(s);
    }
    if s.wanted.generation > refused.generation {
        return match &s.journal.enrollment {
            Enrollment::Made(made) => discard(s, made),
            _ => before_order(s),
        };
    }
    if matches!(s.journal.enrollment, Enrollment::Discarded(_)) {
        return before_order(s);
    }
    rest(
        Reason::OrderRefused,
        "YubiEnterprise refused the order; nothing was ordered. Correct the recipient, the address or the key ids in spec (or at Okta and answer this hold with RetryOrder).",
        None,
    )
}

fn requests_live(made: &Made, now: Timestamp) -> bool {
    made.requests.is_some() && now < after(made.mark.at, REQUESTS_LIVE)
}

fn before_order(s: &Situation<'_>) -> Step {
    match &s.journal.enrollment {
        Enrollment::Never | Enrollment::Refused(_) | Enrollment::Discarded(_) => fresh(s),
        Enrollment::Open(_, mark) => {
            let judged = after(mark.at, s.wanted.calls.settle);
            if s.now < judged {
                return rest(
                    Reason::Settling,
                    "An enrolment call may still be under way; its outcome is judged once it must have ended.",
                    Some(judged),
                );
            }
            unknown_enrollment(s, mark)
        }
        Enrollment::Made(made) if made.discard_mark.is_some() => discard(s, made),
        Enrollment::Made(made) => enrolled(s, made),
    }
}

/// The enrolment went out and its answer, with the sealed requests, is lost.
fn unknown_enrollment(s: &Situation<'_>, mark: &super::journal::EnrollMark) -> Step {
    if s.now > after(mark.at, MARK_JUDGED) {
        return rest(
            Reason::StatusBehindVendors,
            "The status holds an enrolment mark older than an hour without its receipt: a backup may have been restored. Compare with Okta and YubiEnterprise, then answer this hold.",
            None,
        );
    }
    let Some(list) = &s.seen.list else { return Step::Look(Look::Enrollments) };
    let new = list.entries.iter().any(|e| !mark.shown.contains(&e.id));
    if new {
        return rest(
            Reason::EnrollOutcomeUnknown,
            "Okta's answer to the enrolment was lost, and Okta now lists an enrolment that was not there before. Answer this hold with DiscardEnrollment and its id if it is this shipment's own.",
            None,
        );
    }
    fresh(s)
}

/// Nothing stands at the vendors for this shipment: check everything, then enrol.
fn fresh(s: &Situation<'_>) -> Step {
    if let Some(step) = barred(s) {
        return step;
    }
    let Some(user) = &s.seen.user else { return Step::Look(Look::User) };
    if let Some(step) = eligible(user.as_ref()) {
        return step;
    }
    if let Some(rival) = s.rival {
        return rest(
            Reason::AnotherOrderForUser,
            format!(
                "Shipment {rival} comes first for the same person, so nothing is ordered here. Delete one of the two, or answer this hold."
            ),
            None,
        );
    }
    // Local faults need no call to be known, and all are named at once.
    if let Some(fault) = &s.seen.recipient_fault {
        return rest_for(fault, None);
    }
    let Some(list) = &s.seen.list else { return Step::Look(Look::Enrollments) };
    if let Some(step) = existing_key(s, list) {
        return step;
    }
    match &s.seen.checked {
        None => Step::Look(Look::Address),
        Some(Err(fault)) => rest_for(fault, None),
        Some(Ok(())) => Step::Mark(Marked::Enroll),
    }
}

/// What stops enrolling and ordering, before any remote write.
fn barred(s: &Situation<'_>) -> Option<Step> {
    let bar = s.wanted.effects_bar.as_ref().or(s.wanted.order_bar.as_ref());
    if let Some(bar) = bar {
        return Some(rest_for(bar, None));
    }
    if s.wanted.order_before.is_some_and(|end| s.now > end) {
        return Some(rest(
            Reason::OrderBeforePassed,
            "spec.orderBefore has passed and nothing was ordered; set a later time if the key is still wanted.",
            None,
        ));
    }
    match s.wanted.existing_key {
        ExistingKey::OrderAnother(before) if s.now < before => Some(rest(
            Reason::AwaitingExistingKeyBefore,
            "spec.existingKeyBefore lies in the future; ordering waits until it has passed.",
            Some(before),
        )),
        _ => None,
    }
}

fn eligible(user: Option<&SeenUser>) -> Option<Step> {
    let Some(user) = user else {
        return Some(rest(
            Reason::UserNotFound,
            "Okta knows no user by spec.userRef; create the user, or declare a shipment with the right login or id.",
            None,
        ));
    };
    let status = match user.status {
        UserStatus::Suspended => "suspended",
        UserStatus::Deprovisioned => "deactivated",
        UserStatus::Staged | UserStatus::Provisioned | UserStatus::Active | UserStatus::Other(_) => {
            return None;
        }
    };
    Some(rest(
        Reason::UserNotEligible,
        format!(
            "The Okta user is {status}, so no key is ordered, activated or given a PIN; reactivate the user at Okta, or delete this shipment."
        ),
        None,
    ))
}

fn existing_key(s: &Situation<'_>, list: &EnrollmentList) -> Option<Step> {
    let overlooked = |created: Option<Timestamp>| match s.wanted.existing_key {
        ExistingKey::OrderAnother(before) => created.is_some_and(|c| c < before),
        ExistingKey::Hold | ExistingKey::Adopt => false,
    };
    let found: Vec<_> = list.entries.iter().filter(|e| !overlooked(e.created)).collect();
    let first = found.first()?;
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
    Some(rest(
        Reason::ExistingKey,
        format!(
            "The person already has {what} pre-registered key at Okta ({}{more}), so none is ordered. Remove it at Okta, set existingKeyPolicy OrderAnother, or answer this hold.",
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
    let look = after(made.created_at, s.wanted.calls.look_delay);
    let Some(list) = &s.seen.list else {
        return if s.now < look { Step::Pause(look) } else { Step::Look(Look::Enrollments) };
    };
    let Some(ours) = list.entries.iter().find(|e| e.id == made.id) else {
        return rest(
            Reason::StatusBehindVendors,
            "Okta no longer lists this shipment's enrolment, so nothing was ordered. Answer this hold with RetryOrder to enrol anew, or CancelOrder to give up.",
            None,
        );
    };
    if ours.status != EnrollmentStatus::Pending {
        return rest(
            Reason::StatusBehindVendors,
            "This shipment's enrolment is not pending at Okta, so nothing was ordered. Compare with Okta and YubiEnterprise, then answer this hold.",
            None,
        );
    }
    if !goes_first(s, list, made, ours.created) {
        return discard(s, made);
    }
    // In a later pass than the enrolment's, recipient and address are read anew.
    let Some(user) = &s.seen.user else { return Step::Look(Look::User) };
    if let Some(step) = eligible(user.as_ref()) {
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
    let overlooked = |created: Option<Timestamp>| match s.wanted.existing_key {
        ExistingKey::OrderAnother(before) => created.is_some_and(|c| c < before),
        ExistingKey::Hold | ExistingKey::Adopt => false,
    };
    list.entries.iter().filter(|e| e.id != made.id && !overlooked(e.created)).all(|other| {
        match (other.created, ours) {
            (Some(theirs), Some(ours)) => (theirs, &other.id) > (ours, &made.id),
            _ => false,
        }
    })
}

fn stale_enrollment(s: &Situation<'_>, made: &Made) -> Step {
    if s.journal.order == Order::Never || made.requests.is_none() {
        return rest(
            Reason::StatusBehindVendors,
            "The enrolment is older than 15 minutes and no order was marked: either ordering was delayed, or a backup was restored and the order exists. Compare with YubiEnterprise, then answer this hold.",
            None,
        );
    }
    rest(
        Reason::OrderRefused,
        "YubiEnterprise refused the order and its sealed requests have expired; nothing was ordered. Answer this hold with RetryOrder, or change spec.",
        None,
    )
}

/// Our pending enrolment is not needed: mark, remove, then start over or stop.
fn discard(s: &Situation<'_>, made: &Made) -> Step {
    if let Some(bar) = &s.wanted.effects_bar {
        return rest_for(bar, None);
    }
    let Some(list) = &s.seen.list else { return Step::Look(Look::Enrollments) };
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

// === After the order ===

fn follow(s: &Situation<'_>, order: &Accepted) -> Step {
    if s.journal.orgs.as_ref().is_some_and(|orgs| orgs.contradicts(&s.wanted.orgs)) {
        return rest(
            Reason::ConnectionChanged,
            "The connection now shows other organizations than the order was made under, so nothing is done; restore its URLs and credentials.",
            None,
        );
    }
    let Some(_) = s.journal.made() else {
        return rest(
            Reason::StatusUnreadable,
            "The status has an order but no enrolment; restore the status from a backup or delete this shipment with deletionPolicy Orphan.",
            None,
        );
    };
    if s.seen.parcel.is_none() && look_due(s, order) {
        return Step::Look(Look::Parcel);
    }
    if let Some(step) = missing(s, order) {
        return step;
    }
    if s.journal.times.activated.is_some() { active(s, order) } else { inactive(s, order) }
}

fn schedule(s: &Situation<'_>, order: &Accepted) -> Schedule {
    let base = Schedule::new(order.ordered_at, s.wanted.cadence);
    if order.missing_since.is_some() {
        return base.every(MISSING_INTERVAL);
    }
    match order.state {
        Some((state, since)) if state.class == ParcelClass::Failed => {
            let first_day = s.now.duration_since(since) < DAY;
            base.every(if first_day { DAY } else { FINAL_INTERVAL })
        }
        _ => base,
    }
}

/// A finished parcel is not read any more; a failed one for 90 days.
fn followed(s: &Situation<'_>, order: &Accepted) -> bool {
    match order.state {
        Some((state, _)) if state.class == ParcelClass::Delivered => s.journal.times.pin_sent.is_none(),
        Some((state, since)) if state.class == ParcelClass::Failed => {
            s.now.duration_since(since) < FINAL_FOLLOWED
        }
        _ => true,
    }
}

fn look_due(s: &Situation<'_>, order: &Accepted) -> bool {
    s.look_now
        || (followed(s, order) && schedule(s, order).last(s.now).is_some_and(|moment| moment > s.last_look))
}

fn next_look(s: &Situation<'_>, order: &Accepted) -> Option<Timestamp> {
    followed(s, order).then(|| schedule(s, order).next(s.now))
}

/// 404 is first news about the connection: a token of another region turns all orders into 404.
fn missing(s: &Situation<'_>, order: &Accepted) -> Option<Step> {
    let since = order.missing_since?;
    let next = next_look(s, order);
    if order.missing_confirmed {
        return Some(rest(
            Reason::OrderNotFound,
            "YubiEnterprise no longer shows the order. If it was deleted in the Console, answer this hold with ConfirmCancelled; it is looked for again meanwhile.",
            next,
        ));
    }
    let again = after(since, MISSING_INTERVAL);
    if s.now >= again && s.seen.parcel.is_none() {
        return Some(Step::Look(Look::Parcel));
    }
    Some(rest(
        Reason::AwaitingShipment,
        "YubiEnterprise did not show the order at the last look; it is looked for again before anything is concluded.",
        Some(again),
    ))
}

/// Before the activation: the present state decides, the times keep the first.
fn inactive(s: &Situation<'_>, order: &Accepted) -> Step {
    let next = next_look(s, order);
    let Some((state, since)) = order.state else {
        return rest(
            Reason::AwaitingShipment,
            "The order is placed; YubiEnterprise has not shipped the key yet.",
            next,
        );
    };
    match state.class {
        ParcelClass::InProgress => rest(
            Reason::AwaitingShipment,
            "The order is placed; YubiEnterprise has not shipped the key yet.",
            next,
        ),
        ParcelClass::Shipped | ParcelClass::Delivered => arrived(s, order, state.class, next),
        ParcelClass::Lost => rest(
            Reason::ParcelLost,
            "The carrier lost the parcel, so the credential stays inactive. If it turns up the shipment goes on; otherwise answer this hold with DiscardEnrollment and declare another shipment.",
            next,
        ),
        ParcelClass::Failed => failed(s, since, next),
        ParcelClass::Incomplete | ParcelClass::NeedsRepair => rest(
            Reason::OrderNeedsRepair,
            format!(
                "YubiEnterprise shows the order as {} (state {}); open it in the YubiEnterprise Console and repair it there, the shipment then goes on by itself.",
                state.name(),
                state.id
            ),
            next,
        ),
        ParcelClass::Unknown => unknown_state(state.id, next),
    }
}

fn unknown_state(id: u32, next: Option<Timestamp>) -> Step {
    rest(
        Reason::UnknownState,
        format!(
            "YubiEnterprise shows state {id}, which this version does not know; the order is followed on. Look at it in the YubiEnterprise Console."
        ),
        next,
    )
}

fn arrived(s: &Situation<'_>, order: &Accepted, class: ParcelClass, next: Option<Timestamp>) -> Step {
    let Some(kept) = &s.journal.kept else { return no_responses(s, class, next) };
    let ours = s.journal.made().map(|made| &made.key_id);
    if kept.responses.credential_key_id.as_ref().is_some_and(|key| Some(key) != ours) {
        return rest(
            Reason::WrongResponses,
            "The credential response names another enrolment's key, so it is not sent to Okta; ask Yubico Support whether parcels were mixed up.",
            next,
        );
    }
    match gate(s, class) {
        Gate::Open => activate(s, order),
        Gate::Wait(reason, message, until) => rest(reason, message, earlier(until, next)),
    }
}

fn no_responses(s: &Situation<'_>, class: ParcelClass, next: Option<Timestamp>) -> Step {
    if let Some(Sight::Shown(Some(odd))) = &s.seen.parcel {
        return rest(
            Reason::OrderNeedsRepair,
            format!(
                "The key is shipped, but {odd}; ask Yubico Support about this order, it is looked at again meanwhile."
            ),
            next,
        );
    }
    match class {
        ParcelClass::Delivered => rest(
            Reason::OrderNeedsRepair,
            "The key is delivered, but YubiEnterprise shows no responses for it; ask Yubico Support about this order, it is looked at again meanwhile.",
            next,
        ),
        _ => rest(
            Reason::AwaitingDelivery,
            "The key is shipped; YubiEnterprise does not show its responses yet.",
            next,
        ),
    }
}

enum Gate {
    Open,
    Wait(Reason, &'static str, Option<Timestamp>),
}

fn gate(s: &Situation<'_>, class: ParcelClass) -> Gate {
    match s.wanted.activation {
        ActivationGate::Shipment => Gate::Open,
        ActivationGate::Approval => Gate::Wait(
            Reason::AwaitingApproval,
            "The key is shipped; activation waits for a person: answer this hold with ApproveActivation.",
            None,
        ),
        ActivationGate::Delivery if class == ParcelClass::Delivered => Gate::Open,
        ActivationGate::Delivery => {
            let deadline = s.journal.times.shipped.map(|first| after(first, s.wanted.delivery_timeout));
            match (deadline, s.wanted.on_timeout) {
                (Some(end), OnTimeout::Activate) if s.now >= end => Gate::Open,
                (Some(end), OnTimeout::Hold) if s.now >= end => Gate::Wait(
                    Reason::DeliveryTimedOut,
                    "The carrier has not reported delivery within activation.deliveryTimeout; ask the person, then answer this hold with ApproveActivation.",
                    None,
                ),
                (end, _) => Gate::Wait(
                    Reason::AwaitingDelivery,
                    "The key is in transit; it is activated on delivery.",
                    end,
                ),
            }
        }
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The gate is open: with the parcel and the user just read, and the responses safely stored.
fn activate(s: &Situation<'_>, order: &Accepted) -> Step {
    if let Some(bar) = &s.wanted.effects_bar {
        return rest_for(bar, next_look(s, order));
    }
    if s.seen.parcel.is_none() {
        return Step::Look(Look::Parcel);
    }
    let Some(user) = &s.seen.user else { return Step::Look(Look::User) };
    if let Some(step) = eligible(user.as_ref()) {
        return step;
    }
    if let Some(failure) = &s.seen.activation_failed {
        // A lost answer, or a repeat of an activation that had worked: the list tells. The journal notes ACTIVE.
        return if s.seen.list.is_none() {
            Step::Look(Look::Enrollments)
        } else {
            Step::Fail(failure.clone())
        };
    }
    if s.saved { Step::Run(Free::Activate) } else { Step::Save }
}

/// Ended without a key. Okta is told only when the same state was read twice a day apart: some ends are not.
fn failed(s: &Situation<'_>, since: Timestamp, next: Option<Timestamp>) -> Step {
    let told = s.journal.made().is_none_or(|made| made.marked_error);
    let sure = s.now.duration_since(since) >= DAY && matches!(s.seen.parcel, Some(Sight::Shown(_)));
    if !told && sure && s.wanted.effects_bar.is_none() {
        return Step::Run(Free::MarkError);
    }
    rest(
        Reason::OrderFailed,
        "YubiEnterprise ended the order without delivering a key; ask Yubico Support about it, or delete this shipment and declare another.",
        next,
    )
}

/// After the activation: mail the PIN, then follow the parcel to its end.
fn active(s: &Situation<'_>, order: &Accepted) -> Step {
    let next = next_look(s, order);
    let class = order.state.map(|(state, _)| state.class);
    match class {
        Some(ParcelClass::Lost) => {
            return rest(
                Reason::ParcelLost,
                "The carrier lost the parcel after the credential was activated: somebody may hold a live key. Remove the enrolment at Okta unless the person has it.",
                next,
            );
        }
        Some(ParcelClass::Failed) => {
            return rest(
                Reason::OrderFailed,
                "YubiEnterprise ended the order after the credential was activated: find out where the key is, and remove the enrolment at Okta unless the person has it.",
                next,
            );
        }
        _ => {}
    }
    if s.journal.times.pin_sent.is_none() {
        return send_pin(s, class, next);
    }
    match class {
        Some(ParcelClass::Unknown) => unknown_state(order.state.map_or(0, |(state, _)| state.id), next),
        Some(ParcelClass::Delivered) => {
            rest(Reason::Activated, "The key is delivered and able to sign in; Okta mailed the PIN.", next)
        }
        _ => rest(
            Reason::Activated,
            "The key is able to sign in and Okta mailed the PIN; the parcel is followed until it is delivered.",
            next,
        ),
    }
}

fn send_pin(s: &Situation<'_>, class: Option<ParcelClass>, next: Option<Timestamp>) -> Step {
    if let Some(bar) = &s.wanted.effects_bar {
        return rest_for(bar, next);
    }
    match s.wanted.pin {
        PinGate::Delivery if class != Some(ParcelClass::Delivered) => {
            return rest(
                Reason::AwaitingDelivery,
                "The key is able to sign in; Okta mails the PIN when it is delivered.",
                next,
            );
        }
        PinGate::Approval => {
            return Step::Rest(Rest {
                reason: Reason::AwaitingApproval,
                message: "The key is able to sign in; the PIN waits for a person: answer this hold with ApprovePin.".to_owned(),
                until: next,
                pin: true,
            });
        }
        PinGate::Activation | PinGate::Delivery => {}
    }
    if let Some(mark) = s.journal.pin.mark {
        let judged = after(mark, s.wanted.calls.settle);
        if s.now < judged {
            return rest(Reason::SendingPin, "A call for the PIN mail may still be under way.", Some(judged));
        }
        // Whether the key has signed in since: then its PIN is known and no mail can be sent.
        if s.seen.list.is_none() {
            return Step::Look(Look::Enrollments);
        }
    }
    let recent: Vec<_> = s.journal.pin.mails.iter().filter(|at| s.now.duration_since(**at) < DAY).collect();
    if recent.len() >= MAILS_A_DAY {
        let until = recent.first().map(|at| after(**at, DAY));
        return rest(
            Reason::PinLimitReached,
            "Okta was asked for three PIN mails within a day; the next try waits.",
            until,
        );
    }
    let Some(user) = &s.seen.user else { return Step::Look(Look::User) };
    if let Some(step) = eligible(user.as_ref()) {
        return step;
    }
    Step::Mark(Marked::SendPin)
}

// === Deletion ===

/// The order goes first, and only when it is certainly gone the pending enrolment: the other way round a parcel
/// would arrive that can never sign in.
fn delete(s: &Situation<'_>) -> Step {
    if s.journal.is_untouched() || s.wanted.on_delete == OnDelete::Orphan {
        return Step::Release;
    }
    if let Some(bar) = &s.wanted.effects_bar {
        return rest_for(bar, s.journal.accepted().and_then(|order| next_look(s, order)));
    }
    match &s.journal.order {
        Order::Never | Order::Refused(_) | Order::Cancelled(..) => delete_enrollment(s),
        Order::Open(_, mark) | Order::Unknown(_, mark) => unknown_order(s, *mark),
        Order::Accepted(order) => cancel(s, order),
    }
}

fn delete_enrollment(s: &Situation<'_>) -> Step {
    match &s.journal.enrollment {
        Enrollment::Never | Enrollment::Refused(_) | Enrollment::Discarded(_) => Step::Release,
        Enrollment::Open(_, mark) => {
            let judged = after(mark.at, s.wanted.calls.settle);
            if s.now < judged {
                return rest(
                    Reason::Settling,
                    "An enrolment call may still be under way; its outcome is judged once it must have ended.",
                    Some(judged),
                );
            }
            let Some(list) = &s.seen.list else { return Step::Look(Look::Enrollments) };
            if list.entries.iter().all(|e| mark.shown.contains(&e.id)) {
                return Step::Release;
            }
            rest(
                Reason::EnrollOutcomeUnknown,
                "Okta's answer to the enrolment was lost, and Okta now lists an enrolment that was not there before. Answer this hold with DiscardEnrollment and its id if it is this shipment's own.",
                None,
            )
        }
        Enrollment::Made(made) => {
            let Some(list) = &s.seen.list else { return Step::Look(Look::Enrollments) };
            let active = list.entries.iter().any(|e| e.id == made.id && e.status == EnrollmentStatus::Active);
            if active && s.wanted.on_delete != OnDelete::Revoke {
                Step::Release
            } else {
                Step::Mark(Marked::Discard)
            }
        }
    }
}

fn cancel(s: &Situation<'_>, order: &Accepted) -> Step {
    if s.journal.orgs.as_ref().is_some_and(|orgs| orgs.contradicts(&s.wanted.orgs)) {
        return rest(
            Reason::ConnectionChanged,
            "The connection now shows other organizations than the order was made under, so nothing is cancelled; restore its URLs and credentials.",
            None,
        );
    }
    if s.seen.parcel.is_none() {
        return if look_due(s, order)
            || order.state.is_none()
            || order.cancel_accepted.is_some()
            || !order.cancel_refused
        {
            Step::Look(Look::Parcel)
        } else {
            ended_or_followed(s, order)
        };
    }
    if let Some(failure) = &s.seen.cancel_failed {
        return Step::Fail(failure.clone());
    }
    if let Some(step) = missing(s, order) {
        return step;
    }
    let class = order.state.map(|(state, _)| state.class);
    let cancellable = !matches!(
        class,
        Some(ParcelClass::Shipped | ParcelClass::Delivered | ParcelClass::Lost | ParcelClass::Failed)
    );
    if !cancellable || order.cancel_refused {
        return ended_or_followed(s, order);
    }
    if order.cancel_accepted.is_some() {
        return rest(
            Reason::Deleting,
            "YubiEnterprise took the cancellation but still shows the order; it is looked at again.",
            Some(after(s.now, SignedDuration::from_mins(1))),
        );
    }
    if s.wanted.cancel_in_console {
        return rest(
            Reason::CancelInConsole,
            "The order must be cancelled by a person (yubico.cancelBy is Console): delete it in the YubiEnterprise Console, then answer this hold with ConfirmCancelled.",
            next_look(s, order),
        );
    }
    Step::Run(Free::Cancel)
}

/// What cannot be cancelled is followed until it is delivered or final; then a pending enrolment is removed, so that
/// the key in the parcel can never sign in.
fn ended_or_followed(s: &Situation<'_>, order: &Accepted) -> Step {
    let ended = matches!(
        order.state.map(|(state, _)| state.class),
        Some(ParcelClass::Delivered | ParcelClass::Failed)
    );
    if ended {
        return delete_enrollment(s);
    }
    rest(
        Reason::CancelImpossible,
        "It is too late to cancel the order; it is followed until it is delivered or ended, then the pending enrolment is removed and this resource goes. To let go now, set deletionPolicy Orphan.",
        next_look(s, order).or_else(|| Some(schedule(s, order).next(s.now))),
    )
}
