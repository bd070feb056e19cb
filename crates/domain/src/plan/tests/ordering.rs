//! Up to the order: whose an enrolment is, what may go again, and what is only taken over after it was looked at.

use super::*;
use crate::{
    failure::Reason,
    journal::{Adoption, Enrollment, Hold, Order, Unwanted},
    plan::{Search, refusal},
};

fn shipment() -> ShipmentId {
    ShipmentId::new("s9").expect("valid")
}

/// An enrolment whose answer was lost, marked at second 0 when Okta's clock showed `okta` and `before` was there.
fn lost(okta: i64) -> Journal {
    let mut journal = Journal::default();
    journal.observe_user(&user(), &orgs());
    let list = EnrollmentList { at: at(okta), entries: vec![pending("before", -900)] };
    journal.mark(Marked::Enroll, at(0), Some(&list));
    journal
}

fn unknown() -> Journal {
    let mut journal = enrolled();
    journal.mark(Marked::Order, at(10), None);
    assert!(journal.record(Marked::Order, 1, &Receipt::Unknown, 1, at(11)));
    journal
}

fn refused(retryable: bool) -> Journal {
    let mut journal = enrolled();
    journal.mark(Marked::Order, at(10), None);
    assert!(journal.record(Marked::Order, 1, &Receipt::Refused { retryable }, 1, at(11)));
    journal
}

#[test]
fn a_search_takes_over_only_what_it_finds_again_after_settle() {
    let by_search = |since| Journal {
        adoption: Some(Adoption { shipment: shipment(), since: at(since), by_person: false }),
        ..unknown()
    };
    let waits = rest_of(decide(&desired(), &by_search(400), &shown(vec![]), at(699)));
    assert_eq!((waits.reason, waits.until), (Reason::Settling, Some(at(700))));
    let found = Observed { search: Some(Search::One(shipment())), ..shown(vec![]) };
    assert_eq!(decide(&desired(), &by_search(400), &shown(vec![]), at(700)), Step::Fetch(Fetch::Search));
    assert_eq!(decide(&desired(), &by_search(400), &found, at(700)), Step::Fetch(Fetch::Adoption));
    assert!(
        matches!(decide(&desired(), &by_search(400), &found, at(699)), Step::Idle(_)),
        "found in the pass that noted it"
    );
}

#[test]
fn what_a_person_names_is_looked_at_at_once() {
    let named = |journal: Journal| Journal {
        adoption: Some(Adoption { shipment: shipment(), since: at(400), by_person: true }),
        ..journal
    };
    assert_eq!(
        decide(&desired(), &named(unknown()), &Observed::default(), at(400)),
        Step::Fetch(Fetch::Adoption)
    );
    // Without an enrolment of ours the list must tell which one the order was made with.
    let unread = named(Journal::default());
    assert_eq!(decide(&desired(), &unread, &Observed::default(), at(400)), Step::Fetch(Fetch::User));
    let known = Journal { user: Some(user()), ..unread };
    assert_eq!(decide(&desired(), &known, &Observed::default(), at(400)), Step::Fetch(Fetch::Enrollments));
    let read = shown(vec![pending("found", 1)]);
    assert_eq!(decide(&desired(), &known, &read, at(400)), Step::Fetch(Fetch::Adoption));
}

#[test]
fn only_what_okta_still_lists_is_removed_for_a_person() {
    let unwanted = Unwanted { id: enrollment("stray"), mark: None };
    let journal = Journal { unwanted: Some(unwanted), ..unknown() };
    assert_eq!(decide(&desired(), &journal, &Observed::default(), at(20)), Step::Fetch(Fetch::Enrollments));
    let others = shown(vec![pending("ours", 1)]);
    assert_eq!(decide(&desired(), &journal, &others, at(20)), Step::Fetch(Fetch::Enrollments));
    let there = shown(vec![pending("ours", 1), pending("stray", 2)]);
    assert_eq!(decide(&desired(), &journal, &there, at(20)), Step::Mark(Marked::Discard));
}

#[test]
fn of_a_cancelled_order_only_a_pending_enrolment_is_removed() {
    let cancelled = Journal { order: Order::Cancelled(1, at(9), None), ..enrolled() };
    assert_eq!(decide(&desired(), &cancelled, &Observed::default(), at(20)), Step::Fetch(Fetch::Enrollments));
    let with = |status| shown(vec![listed("ours", status, at(1)), pending("other", 1)]);
    for status in [EnrollmentStatus::Pending, EnrollmentStatus::Errored] {
        assert_eq!(
            decide(&desired(), &cancelled, &with(status), at(20)),
            Step::Mark(Marked::Discard),
            "no use any more"
        );
    }
    let active = rest_of(decide(&desired(), &cancelled, &with(EnrollmentStatus::Active), at(20)));
    assert_eq!(active.reason, Reason::OrderCancelled, "somebody signs in with it");
    let gone = rest_of(decide(&desired(), &cancelled, &shown(vec![pending("other", 1)]), at(900)));
    assert_eq!(gone.reason, Reason::OrderCancelled, "another one's is left alone");
    let nothing = Journal { order: Order::Cancelled(0, at(9), None), ..Journal::default() };
    assert_eq!(
        rest_of(decide(&desired(), &nothing, &Observed::default(), at(20))).reason,
        Reason::OrderCancelled
    );
}

#[test]
fn a_lost_enrolment_is_ours_only_if_it_can_be_nobody_elses() {
    let bound = Desired { bound: true, ..desired() };
    let before = || pending("before", -900);
    let judged = |desired: &Desired, okta: i64, new: ListedEnrollment, rival: Option<bool>| {
        let seen = Observed { rival_live: rival, ..shown(vec![before(), new]) };
        decide(desired, &lost(okta), &seen, at(300))
    };
    let condemned = Step::MarkOrphaned(enrollment("new"));
    assert_eq!(judged(&bound, 0, pending("new", 0), None), Step::Fetch(Fetch::Rivals));
    assert_eq!(judged(&bound, 0, pending("new", 0), Some(false)), condemned);
    // Okta's clock at the look to the longest call after the mark, by whichever clock is ahead.
    assert_eq!(judged(&bound, 0, pending("new", 40), Some(false)), condemned);
    assert_eq!(judged(&bound, 20, pending("new", 60), Some(false)), condemned);
    assert_eq!(judged(&bound, -20, pending("new", -20), Some(false)), condemned);
    let foreign = |step| assert_eq!(rest_of(step).reason, Reason::EnrollOutcomeUnknown);
    foreign(judged(&bound, 0, pending("new", 0), Some(true)));
    foreign(judged(&bound, 0, pending("new", -1), Some(false)));
    foreign(judged(&bound, 0, pending("new", 41), Some(false)));
    foreign(judged(&bound, 20, pending("new", 61), Some(false)));
    foreign(judged(&bound, 0, listed("new", EnrollmentStatus::Active, at(1)), Some(false)));
    foreign(judged(&bound, 0, ListedEnrollment { created: None, ..pending("new", 1) }, Some(false)));
    foreign(judged(&desired(), 0, pending("new", 1), Some(false)));
    let two = Observed { rival_live: Some(false), ..shown(vec![pending("new", 1), pending("newer", 2)]) };
    foreign(decide(&bound, &lost(0), &two, at(300)));
}

/// A person answers with the id: it is said, and no other.
#[test]
fn a_lost_enrolment_that_a_person_judges_is_named_by_its_id() {
    let said = |new: Vec<ListedEnrollment>| {
        let entries = std::iter::once(pending("before", -900)).chain(new).collect();
        rest_of(decide(&desired(), &lost(0), &shown(entries), at(300))).message
    };
    let one = said(vec![pending("fwf7", 1)]);
    assert!(
        one.contains("now lists an enrolment that was not there before: fwf7.") && !one.contains("before,"),
        "{one}"
    );
    let active = said(vec![listed("fwf8", EnrollmentStatus::Active, at(1))]);
    assert!(active.contains("fwf8"), "{active}");
    let two = said(vec![pending("fwf7", 1), pending("fwf9", 2)]);
    assert!(two.contains("enrolments that were not there before: fwf7, fwf9."), "{two}");
    let odd = said(vec![ListedEnrollment { created: None, ..pending("fwf1", 1) }]);
    assert!(odd.contains("fwf1") && odd.contains("DiscardEnrollment"), "{odd}");
}

#[test]
fn a_mark_is_judged_after_settle_and_for_an_hour() {
    let judged = |now| decide(&desired(), &lost(0), &shown(vec![pending("before", -900)]), at(now));
    let waits = rest_of(judged(299));
    assert_eq!((waits.reason, waits.until), (Reason::Settling, Some(at(300))));
    for now in [300, 3_600] {
        let step = judged(now);
        assert_eq!(rest_of(step).reason, Reason::ExistingKey, "looked at anew");
    }
    assert_eq!(rest_of(judged(3_601)).reason, Reason::StatusBehindVendors);
    let unread = Observed::default();
    assert_eq!(decide(&desired(), &lost(0), &unread, at(300)), Step::Fetch(Fetch::Enrollments));
}

#[test]
fn a_refused_order_goes_again_by_what_was_refused() {
    let changed = Desired { generation: 2, ..desired() };
    let ours = || shown(vec![pending("ours", 1)]);
    assert_eq!(decide(&changed, &refused(false), &ours(), at(20)), Step::Mark(Marked::Discard));
    // The next attempt's enrolment is newer than the refusal: it is ordered with.
    let mut next = refused(false);
    next.enrollment = Enrollment::Refused(1);
    next.mark(Marked::Enroll, at(30), Some(&EnrollmentList { at: at(30), entries: vec![] }));
    let made = Receipt::Enrolled(new_enrollment("next"), rp_id());
    assert!(next.record(Marked::Enroll, 2, &made, 2, at(31)));
    let seen = shown(vec![pending("next", 31)]);
    assert_eq!(decide(&changed, &next, &seen, at(40)), Step::Mark(Marked::Order));
    // One that was removed starts over, whatever the spec says.
    let mut removed = refused(false);
    removed.enrollment = Enrollment::Discarded(1);
    assert_eq!(decide(&desired(), &removed, &shown(vec![]), at(20)), Step::Mark(Marked::Enroll));
    for (retryable, now) in [(false, 20), (true, 900)] {
        let held = rest_of(decide(&desired(), &refused(retryable), &ours(), at(now)));
        assert_eq!(held.reason, Reason::OrderRefused, "{retryable} {now}");
    }
}

#[test]
fn an_enrolment_without_requests_is_no_use() {
    let mut bare = enrolled();
    if let Enrollment::Made(made) = &mut bare.enrollment {
        made.requests = None;
    }
    let seen = shown(vec![pending("ours", 1)]);
    assert_eq!(rest_of(decide(&desired(), &bare, &seen, at(20))).reason, Reason::StatusBehindVendors);
    let mut refused = refused(true);
    refused.enrollment = bare.enrollment;
    assert_ne!(decide(&desired(), &refused, &seen, at(20)), Step::Mark(Marked::Order));
}

#[test]
fn the_second_look_must_show_ours_pending() {
    for status in [EnrollmentStatus::Active, EnrollmentStatus::Errored, EnrollmentStatus::Other("X".into())] {
        let seen = shown(vec![listed("ours", status.clone(), at(1))]);
        let held = rest_of(decide(&desired(), &enrolled(), &seen, at(20)));
        assert_eq!(held.reason, Reason::StatusBehindVendors, "{status:?}");
    }
}

#[test]
fn what_has_no_readable_time_counts_as_older() {
    let timeless = |id| ListedEnrollment { created: None, ..pending(id, 0) };
    let decided = |desired: &Desired, entries| decide(desired, &enrolled(), &shown(entries), at(20));
    let discard = Step::Mark(Marked::Discard);
    assert_eq!(decided(&desired(), vec![pending("ours", 1), timeless("z-other")]), discard);
    assert_eq!(decided(&desired(), vec![timeless("ours"), pending("z-other", 2)]), discard);
    let overlooks = Desired { existing_key: ExistingKey::OrderAnother(at(-60)), ..desired() };
    let old = pending("old", -61);
    assert_eq!(decided(&overlooks, vec![pending("ours", 1), old.clone()]), Step::Mark(Marked::Order));
    assert_eq!(decided(&overlooks, vec![pending("ours", 1), pending("new", -60)]), discard);
    assert_eq!(decided(&desired(), vec![pending("ours", 1), old]), discard);
}

#[test]
fn an_active_enrolment_of_ours_is_not_removed_without_a_known_order() {
    let retry = Journal { retry: true, ..enrolled() };
    let active = shown(vec![listed("ours", EnrollmentStatus::Active, at(1))]);
    assert_eq!(rest_of(decide(&desired(), &retry, &active, at(20))).reason, Reason::StatusBehindVendors);
    assert_eq!(decide(&desired(), &retry, &Observed::default(), at(20)), Step::Fetch(Fetch::Enrollments));
    let pending = shown(vec![pending("ours", 1)]);
    assert_eq!(decide(&desired(), &retry, &pending, at(20)), Step::Mark(Marked::Discard));
}

#[test]
fn a_key_that_is_there_is_linked_only_if_it_is_the_only_one() {
    let adopt = Desired { existing_key: ExistingKey::Adopt, ..desired() };
    let one = || shown(vec![pending("found", -900)]);
    let fresh = Journal::default();
    assert_eq!(decide(&adopt, &fresh, &one(), at(0)), Step::Fetch(Fetch::Search));
    let searched = Observed { search: Some(Search::Undecided), ..one() };
    assert_eq!(rest_of(decide(&adopt, &fresh, &searched, at(0))).reason, Reason::ExistingKey);
    let refused = Observed { adoption_refused: Some("It does not fit.".into()), ..one() };
    let said = rest_of(decide(&adopt, &fresh, &refused, at(0)));
    assert_eq!(said.reason, Reason::ExistingKey);
    assert!(said.message.starts_with("It does not fit. "), "{}", said.message);
    let two = shown(vec![pending("found", -900), pending("more", -800)]);
    let several = rest_of(decide(&adopt, &fresh, &two, at(0)));
    assert_eq!(several.reason, Reason::ExistingKey);
    assert!(several.message.contains("(found and 1 more)"), "{}", several.message);
    assert_eq!(rest_of(decide(&desired(), &fresh, &one(), at(0))).reason, Reason::ExistingKey, "Hold");
}

#[test]
fn errored_enrolments_beside_the_only_other_one_do_not_stop_its_being_linked() {
    let adopt = Desired { existing_key: ExistingKey::Adopt, ..desired() };
    let errored = |id: &str, created| listed(id, EnrollmentStatus::Errored, at(created));
    let active = |id: &str, created| listed(id, EnrollmentStatus::Active, at(created));
    let odd = listed("odd", EnrollmentStatus::Other("EXPIRED".into()), at(-700));
    for (entries, linked) in [
        (vec![errored("old", -900), pending("new", -800)], true),
        (vec![pending("new", -800), errored("old", -900), errored("older", -950)], true),
        (vec![errored("old", -900), active("new", -800)], true),
        (vec![errored("old", -900)], true),
        (vec![errored("old", -900), errored("new", -800)], false),
        (vec![errored("old", -900), pending("new", -800), active("newer", -700)], false),
        (vec![errored("old", -900), pending("new", -800), odd], false),
    ] {
        let step = decide(&adopt, &Journal::default(), &shown(entries.clone()), at(0));
        assert_eq!(step == Step::Fetch(Fetch::Search), linked, "{entries:?}");
    }
}

#[test]
fn after_ours_was_removed_for_another_one_the_message_says_so() {
    let mut removed = enrolled();
    removed.enrollment = Enrollment::Discarded(1);
    let seen = shown(vec![pending("first", 0)]);
    let held = rest_of(decide(&desired(), &removed, &seen, at(20)));
    assert_eq!(held.reason, Reason::AnotherOrderForUser);
    let mut later = refused(false);
    later.enrollment = Enrollment::Discarded(1);
    assert_eq!(rest_of(decide(&desired(), &later, &seen, at(20))).reason, Reason::ExistingKey);
    assert_eq!(rest_of(decide(&desired(), &Journal::default(), &seen, at(20))).reason, Reason::ExistingKey);
}

fn held(reason: Reason, message: &str, journal: Journal) -> Journal {
    let hold = Hold {
        id: "order-1-abc234".into(),
        reason,
        message: message.into(),
        since: at(0),
        generation: 1,
        choices: crate::hold::choices(reason, false).to_vec(),
        found_by_read: false,
    };
    Journal { hold: Some(hold), ..journal }
}

/// The refusal of an adoption stays in the message until another one takes its place, and is never said twice.
#[test]
fn why_an_order_was_not_taken_over_stays_beside_the_advice() {
    let plain = rest_of(decide(
        &desired(),
        &unknown(),
        &Observed { search: Some(Search::Undecided), ..shown(vec![]) },
        at(400),
    ));
    let why = |text: &str| refusal(&shipment(), text);
    assert!(why("it is for another product").contains("s9"));
    let refused = |text: &str, journal: &Journal| {
        let seen = Observed { adoption_refused: Some(why(text)), ..shown(vec![]) };
        rest_of(decide(&desired(), journal, &seen, at(400))).message
    };
    let first = refused("it is for another product", &unknown());
    assert_eq!(first, format!("{} {}", why("it is for another product"), plain.message));
    let journal = held(Reason::OrderOutcomeUnknown, &first, unknown());
    let later = rest_of(decide(&desired(), &journal, &shown(vec![]), at(500)));
    assert_eq!(later.message, first, "in later passes too");
    let existing = held(Reason::ExistingKey, &first, Journal::default());
    let again = Observed { adoption_refused: Some(why("it is too old")), ..shown(vec![]) };
    let second = rest_of(decide(&desired(), &existing, &again, at(600))).message;
    assert_eq!(second, format!("{} {}", why("it is too old"), plain.message), "one refusal, one advice");
    let other = held(Reason::ExistingKey, "A person has a key. Answer this hold.", Journal::default());
    let third = rest_of(decide(&desired(), &other, &again, at(600))).message;
    assert_eq!(third, format!("{} A person has a key. Answer this hold.", why("it is too old")));
}

/// Once a person was asked, nothing is searched again; before, one search is made in each pass.
#[test]
fn an_unknown_order_is_searched_for_until_a_person_is_asked() {
    assert_eq!(decide(&desired(), &unknown(), &shown(vec![]), at(400)), Step::Fetch(Fetch::Search));
    let asked = held(Reason::OrderOutcomeUnknown, "x", unknown());
    assert_eq!(
        rest_of(decide(&desired(), &asked, &shown(vec![]), at(400))).reason,
        Reason::OrderOutcomeUnknown
    );
    let settles = rest_of(decide(&desired(), &unknown(), &shown(vec![]), at(309)));
    assert_eq!((settles.reason, settles.until), (Reason::Settling, Some(at(310))));
}

/// Whoever looks into the Console should know that something stands in the way, and what it said.
#[test]
fn a_web_page_in_place_of_an_answer_is_named_to_whoever_must_look() {
    let by_page = |status| {
        let mut journal = enrolled();
        journal.mark(Marked::Order, at(10), None);
        assert!(journal.record(Marked::Order, 1, &Receipt::WebPage(status), 1, at(11)));
        journal
    };
    let undecided = Observed { search: Some(Search::Undecided), ..shown(vec![]) };
    let told = |journal: &Journal| rest_of(decide(&desired(), journal, &undecided, at(2_000)));
    for (status, what) in [
        (502, "A web page (HTTP 502)"),
        (503, "A web page (HTTP 503)"),
        (504, "A web page (HTTP 504)"),
        (413, "A web page (HTTP 413)"),
        (511, "A web page (HTTP 511)"),
        (200, "A web page (HTTP 200)"),
        (302, "A redirect (HTTP 302)"),
    ] {
        let idle = told(&by_page(status));
        assert_eq!(idle.reason, Reason::OrderOutcomeUnknown);
        assert!(idle.message.starts_with(what) && idle.message.contains("RetryOrder"), "{}", idle.message);
    }
    assert!(told(&unknown()).message.starts_with("YubiEnterprise gave no readable answer"));
    let mut again = by_page(502);
    again.mark(Marked::Order, at(1_000), None);
    assert!(again.record(Marked::Order, 2, &Receipt::Unknown, 1, at(1_001)));
    assert!(told(&again).message.starts_with("YubiEnterprise gave"), "the next attempt knows nothing of it");
}
