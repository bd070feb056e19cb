//! Marks, receipts and what is seen: each fact goes where it belongs, and nowhere else.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    ids::{KeyId, OktaOrgId, RpId, Sealed, Serial, YubicoOrgId},
    vendor_states::{EnrollmentList, EnrollmentStatus, ListedEnrollment, ParcelState, Programmed, Tracking},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

fn enrollment(id: &str) -> EnrollmentId {
    EnrollmentId::new(id).expect("valid")
}

fn entry(id: &str, status: EnrollmentStatus) -> ListedEnrollment {
    ListedEnrollment { id: enrollment(id), status, created: Some(at(1)), preset_pin_available: Some(true) }
}

fn list(entries: Vec<ListedEnrollment>) -> EnrollmentList {
    EnrollmentList { at: at(0), entries }
}

fn rp_id() -> RpId {
    RpId::new("acme.com").expect("valid")
}

fn shipment(id: &str) -> ShipmentId {
    ShipmentId::new(id).expect("valid")
}

/// An open mark of an enrolment, made when Okta showed `before`.
fn open() -> Journal {
    let mut journal = Journal::default();
    journal.mark(Marked::Enroll, at(0), Some(&list(vec![entry("before", EnrollmentStatus::Active)])));
    journal
}

fn made() -> Journal {
    let mut journal = open();
    let new = NewEnrollment {
        id: enrollment("ours"),
        key_id: KeyId::new("k1").expect("valid"),
        pin_request: Sealed::new("p"),
        credential_request: Sealed::new("c"),
    };
    assert!(journal.record(Marked::Enroll, 1, &Receipt::Enrolled(new, rp_id()), 1, at(1)));
    journal
}

fn accepted() -> Journal {
    let mut journal = made();
    journal.mark(Marked::Order, at(9), None);
    assert!(journal.record(Marked::Order, 1, &Receipt::Ordered(shipment("s1")), 1, at(10)));
    journal
}

fn unwanted(id: &str, mark: Option<Timestamp>, journal: Journal) -> Journal {
    Journal { unwanted: Some(Unwanted { id: enrollment(id), mark }), ..journal }
}

fn programmed(serial: &str) -> Programmed {
    Programmed::One(Box::new(Responses {
        serial: Serial::new(serial).expect("valid"),
        firmware: "5.7.1".into(),
        pin: Sealed::new("p"),
        credential: Sealed::new("c"),
        credential_key_id: KeyId::new("k1").ok(),
    }))
}

fn signing(kid: &str) -> PublicKey {
    PublicKey { kid: kid.into(), x: "x".into(), y: "y".into() }
}

#[test]
fn only_refusals_that_may_be_passing_faults_are_tried_again_and_four_times() {
    let with = |reason, count| Journal {
        last_failure: Some(LastFailure { reason, message: String::new(), since: at(0), count }),
        ..Journal::default()
    };
    for reason in [Reason::EnrollRefused, Reason::ActivationRefused, Reason::PinRefused] {
        assert!(Journal::default().tries_again(reason));
        assert!(with(reason, 3).tries_again(reason));
        assert!(!with(reason, 4).tries_again(reason));
        assert!(!with(reason, 5).tries_again(reason));
        assert!(with(Reason::OktaUnavailable, 9).tries_again(reason), "another failure's count");
    }
    for reason in [Reason::OrderRefused, Reason::OktaUnavailable, Reason::UserNotFound] {
        assert!(!Journal::default().tries_again(reason), "{reason}");
    }
}

#[test]
fn a_journal_is_untouched_until_anything_was_marked_or_ended() {
    assert!(Journal::default().is_untouched());
    assert!(!open().is_untouched());
    assert!(!accepted().is_untouched());
    let given_up = Journal { order: Order::Cancelled(0, at(0), None), ..Journal::default() };
    assert!(!given_up.is_untouched());
    let refused = Journal { enrollment: Enrollment::Refused(1), ..Journal::default() };
    assert!(!refused.is_untouched());
}

#[test]
fn open_is_what_has_an_enrolment_and_is_not_finished() {
    assert!(open().is_open() && made().is_open() && accepted().is_open());
    for enrollment in [Enrollment::Never, Enrollment::Refused(1), Enrollment::Discarded(1)] {
        let journal = Journal { enrollment, ..accepted() };
        assert!(!journal.is_open(), "{:?}", journal.enrollment);
    }
    let mut sent = accepted();
    sent.times.pin_sent = Some(at(99));
    assert!(!sent.is_open(), "finished");
    assert!(!Journal { order: Order::Cancelled(1, at(0), None), ..made() }.is_open(), "cancelled");
}

#[test]
fn attempts_count_up_and_a_mark_carries_what_the_look_showed() {
    let journal = open();
    let Enrollment::Open(1, mark) = &journal.enrollment else { panic!("{:?}", journal.enrollment) };
    assert_eq!((mark.at, mark.okta_time, mark.shown.len()), (at(0), at(0), 1));
    let mut next = Journal { enrollment: Enrollment::Discarded(1), retry: true, ..Journal::default() };
    next.mark(Marked::Enroll, at(20), None);
    assert!(matches!(next.enrollment, Enrollment::Open(2, _)) && !next.retry);
    let mut order = accepted();
    order.order = Order::Unknown(3, at(0), None);
    order.mark(Marked::Order, at(30), None);
    assert_eq!(order.order, Order::Open(4, at(30)));
    assert_eq!((order.attempt_of(Marked::Order), order.attempt_of(Marked::Discard)), (4, 1));
}

#[test]
fn an_accepted_order_takes_the_requests_out_of_the_status() {
    assert!(made().made().is_some_and(|made| made.requests.is_some()));
    assert!(accepted().made().is_some_and(|made| made.requests.is_none()));
    let mut adopted = made();
    adopted.observe_adopted(&shipment("s2"), Some(at(5)), at(400));
    assert!(adopted.made().is_some_and(|made| made.requests.is_none()));
    assert_eq!(adopted.accepted().map(|order| order.ordered_at), Some(at(5)), "the vendor's time");
    assert_eq!(adopted.times.ordered, Some(at(400)));
}

#[test]
fn a_discard_needs_its_mark_and_a_certain_answer() {
    let mut journal = made();
    assert!(!journal.record(Marked::Discard, 1, &Receipt::Done, 1, at(20)), "no mark");
    journal.mark(Marked::Discard, at(20), None);
    assert_eq!(journal.made().and_then(|made| made.discard_mark), Some(at(20)));
    let before = journal.clone();
    assert!(!journal.record(Marked::Discard, 2, &Receipt::Done, 1, at(21)), "another attempt's");
    assert_eq!(journal, before);
    for nothing in [Receipt::Unknown, Receipt::Refused { retryable: true }] {
        assert!(journal.record(Marked::Discard, 1, &nothing, 1, at(21)));
        assert_eq!(journal, before, "{nothing:?} proves nothing");
    }
    assert!(journal.record(Marked::Discard, 1, &Receipt::Done, 1, at(21)));
    assert_eq!(journal.enrollment, Enrollment::Discarded(1));
    assert!(!open().record(Marked::Discard, 1, &Receipt::Done, 1, at(21)), "nothing was made");
}

#[test]
fn what_a_person_wants_removed_is_not_taken_for_ours() {
    let mut other = unwanted("stray", None, made());
    other.mark(Marked::Discard, at(20), None);
    assert_eq!(other.unwanted.as_ref().and_then(|unwanted| unwanted.mark), Some(at(20)));
    assert_eq!(other.made().and_then(|made| made.discard_mark), None, "ours stays");
    let before = other.clone();
    assert!(other.record(Marked::Discard, 1, &Receipt::Unknown, 1, at(21)));
    assert_eq!(other, before);
    assert!(other.record(Marked::Discard, 1, &Receipt::Done, 1, at(21)));
    assert!(other.unwanted.is_none() && other.made().is_some());
    let mut ours = unwanted("ours", Some(at(20)), made());
    assert!(ours.record(Marked::Discard, 1, &Receipt::Done, 1, at(21)));
    assert_eq!(ours.enrollment, Enrollment::Discarded(1));
}

#[test]
fn what_is_wanted_gone_ends_as_the_list_shows() {
    let after = |shown: Vec<ListedEnrollment>, mut journal: Journal| {
        journal.observe_list(&list(shown), at(50));
        journal
    };
    let still = after(vec![entry("stray", EnrollmentStatus::Pending)], unwanted("stray", None, open()));
    assert!(still.unwanted.is_some() && matches!(still.enrollment, Enrollment::Open(..)));
    let errored = after(vec![entry("stray", EnrollmentStatus::Errored)], unwanted("stray", None, open()));
    assert!(errored.unwanted.is_some());
    let active = after(vec![entry("stray", EnrollmentStatus::Active)], unwanted("stray", None, open()));
    assert!(active.unwanted.is_none(), "an active one is not removed");
    assert!(matches!(active.enrollment, Enrollment::Open(..)));
    let gone = after(vec![], unwanted("stray", None, open()));
    assert_eq!(gone.enrollment, Enrollment::Refused(1), "it was the one whose answer was lost");
    let known = after(vec![], unwanted("before", None, open()));
    assert!(matches!(known.enrollment, Enrollment::Open(..)), "it was there before the mark");
    let another = after(vec![entry("ours", EnrollmentStatus::Pending)], unwanted("stray", None, made()));
    assert!(another.made().is_some() && another.unwanted.is_none());
}

#[test]
fn the_list_proves_a_discard_that_was_marked_and_nothing_else() {
    let after = |shown: Vec<ListedEnrollment>, mut journal: Journal| {
        journal.observe_list(&list(shown), at(50));
        journal
    };
    assert!(after(vec![], made()).made().is_some(), "not listed, and never marked");
    let mut marked = made();
    marked.mark(Marked::Discard, at(20), None);
    let pending = vec![entry("other", EnrollmentStatus::Active), entry("ours", EnrollmentStatus::Pending)];
    assert!(after(pending.clone(), marked.clone()).made().is_some());
    let gone = vec![pending[0].clone()];
    assert!(after(gone.clone(), marked.clone()).made().is_some(), "the list may lag and not show it yet");
    for (now, discarded) in [(899, false), (900, true), (86_400, true)] {
        let mut journal = marked.clone();
        journal.observe_list(&list(gone.clone()), at(now));
        assert_eq!(journal.enrollment == Enrollment::Discarded(1), discarded, "after {now} s");
    }
    let active = vec![entry("other", EnrollmentStatus::Pending), entry("ours", EnrollmentStatus::Active)];
    assert_eq!(after(active.clone(), accepted()).times.activated, Some(at(50)));
    assert_eq!(after(active, made()).times.activated, None, "nothing was ordered with it");
    assert_eq!(after(pending, accepted()).times.activated, None, "another one is active");
}

#[test]
fn a_search_must_find_the_same_order_again() {
    let mut journal = Journal { order: Order::Unknown(1, at(0), None), ..made() };
    journal.observe_search(Some(&shipment("s1")), at(300));
    let first = Adoption { shipment: shipment("s1"), since: at(300), by_person: false };
    assert_eq!(journal.adoption, Some(first.clone()));
    let mut again = journal.clone();
    again.observe_search(Some(&shipment("s1")), at(600));
    assert_eq!(again.adoption, Some(first), "since the first time");
    let mut other = journal.clone();
    other.observe_search(Some(&shipment("s2")), at(600));
    assert_eq!(other.adoption, None, "another one: neither is sure");
    journal.observe_search(None, at(600));
    assert_eq!(journal.adoption, None);
    journal.observe_search(None, at(900));
    assert_eq!(journal.adoption, None);
    let named = Adoption { shipment: shipment("s7"), since: at(1), by_person: true };
    for found in [None, Some(shipment("s1"))] {
        let mut journal = Journal { adoption: Some(named.clone()), ..made() };
        journal.observe_search(found.as_ref(), at(600));
        assert_eq!(journal.adoption, Some(named.clone()), "a person's word outlives a search");
    }
}

#[test]
fn an_adopted_order_says_whose_word_it_was() {
    let adopted = |by_person: Option<bool>| {
        let mut journal = Journal { order: Order::Unknown(2, at(9), None), ..made() };
        journal.adoption =
            by_person.map(|by_person| Adoption { shipment: shipment("s1"), since: at(300), by_person });
        journal.observe_adopted(&shipment("s1"), None, at(700));
        let order = journal.accepted().expect("adopted").clone();
        assert_eq!((order.attempt, order.mark, order.ordered_at), (2, at(9), at(9)));
        assert_eq!(journal.adoption, None);
        order.adopted
    };
    assert!(adopted(Some(false)));
    assert!(!adopted(Some(true)));
    assert!(!adopted(None));
}

#[test]
fn an_enrolment_that_is_taken_over_becomes_ours_without_requests() {
    let mut journal = Journal { enrollment: Enrollment::Refused(2), ..Journal::default() };
    let found = ListedEnrollment { created: None, ..entry("found", EnrollmentStatus::Pending) };
    journal.observe_adopted_enrollment(&found, &rp_id(), at(70));
    let made = journal.made().expect("made").clone();
    assert_eq!((made.attempt, made.id.as_str(), made.created_at), (3, "found", at(70)));
    assert!(made.requests.is_none() && made.key_id.is_none() && made.discard_mark.is_none());
    assert_eq!(journal.times.enrolled, Some(at(70)));
}

#[test]
fn a_used_pin_ends_what_is_open_about_mails() {
    let mut journal = accepted();
    journal.mark(Marked::SendPin, at(100), None);
    journal.pin.resend = true;
    journal.observe_pin_used(at(200));
    assert_eq!((journal.pin.mark, journal.pin.resend), (None, false));
    assert_eq!(journal.times.pin_sent, Some(at(200)));
}

#[test]
fn mails_without_an_answer_count_and_refused_ones_do_not() {
    let mut journal = accepted();
    journal.mark(Marked::SendPin, at(100), None);
    assert!(!journal.record(Marked::SendPin, 2, &Receipt::Done, 1, at(101)), "another mail's");
    assert!(journal.record(Marked::SendPin, 1, &Receipt::Refused { retryable: true }, 1, at(101)));
    assert_eq!((journal.pin.mark, journal.pin.mails.len()), (None, 0));
    // No answer at all: the next mark counts it.
    journal.mark(Marked::SendPin, at(400), None);
    journal.mark(Marked::SendPin, at(800), None);
    assert_eq!(journal.pin.mails, vec![at(400)]);
    assert!(journal.record(Marked::SendPin, 3, &Receipt::Unknown, 1, at(801)));
    assert_eq!(journal.pin.mark, Some(at(800)), "still open: the plan counts it");
    assert_eq!(journal.pin.mails, vec![at(400)]);
    journal.mark(Marked::SendPin, at(1_200), None);
    assert_eq!(journal.pin.mails, vec![at(400), at(800)], "counted once");
    assert!(journal.record(Marked::SendPin, 4, &Receipt::Done, 1, at(1_201)));
    assert_eq!(journal.pin.mails, vec![at(400), at(800), at(1_201)]);
    assert_eq!(journal.times.pin_sent, Some(at(1_201)));
    assert!(!journal.record(Marked::SendPin, 4, &Receipt::Done, 1, at(1_202)), "the mark is gone");
}

#[test]
fn the_warehouses_own_steps_are_no_news() {
    let mut journal = accepted();
    let see = |journal: &mut Journal, state, now| {
        journal.observe_parcel(ParcelState::from_id(state), &Programmed::NotYet, &[], at(now));
        journal.accepted().and_then(|order| order.state).map(|(state, since)| (state.id, since))
    };
    assert_eq!(see(&mut journal, 3, 100), None);
    assert_eq!(see(&mut journal, 1, 200), Some((1, at(200))));
    assert_eq!(see(&mut journal, 1, 300), Some((1, at(200))), "since when, not when last");
    assert_eq!(see(&mut journal, 4, 400), Some((4, at(400))));
    assert_eq!(see(&mut journal, 5, 500), Some((4, at(400))));
    assert_eq!(see(&mut journal, 103, 600), Some((103, at(600))));
    assert_eq!((journal.times.shipped, journal.times.delivered), (Some(at(600)), None));
    assert_eq!(see(&mut journal, 104, 700), Some((104, at(700))));
    assert_eq!(see(&mut journal, 103, 800), Some((103, at(800))), "states go back");
    assert_eq!(
        (journal.times.shipped, journal.times.delivered),
        (Some(at(600)), Some(at(700))),
        "times do not"
    );
    assert!(journal.accepted().is_some_and(|order| !order.given_up));
    assert_eq!(see(&mut journal, 99, 900), Some((99, at(900))));
    see(&mut journal, 103, 1_000);
    assert!(journal.accepted().is_some_and(|order| order.given_up), "it was once given up");
}

#[test]
fn responses_are_kept_with_the_keys_of_their_first_sight() {
    let mut journal = accepted();
    let shipped = ParcelState::from_id(103);
    journal.observe_parcel(shipped, &programmed("11111111"), &[signing("old")], at(100));
    journal.observe_parcel(shipped, &programmed("11111111"), &[signing("new")], at(200));
    let kids = |journal: &Journal| journal.kept.as_ref().map(|kept| kept.signing_keys[0].kid.clone());
    assert_eq!(kids(&journal).as_deref(), Some("old"));
    journal.observe_parcel(shipped, &programmed("22222222"), &[signing("new")], at(300));
    assert_eq!(kids(&journal).as_deref(), Some("new"), "other responses");
    assert_eq!(journal.key.as_ref().map(|(serial, _)| serial.as_str()), Some("22222222"));
    journal.observe_activation(at(400));
    assert_eq!(journal.kept, None);
    journal.observe_parcel(shipped, &programmed("22222222"), &[signing("new")], at(500));
    assert_eq!(journal.kept, None, "nothing needs them any more");
}

#[test]
fn small_facts_are_noted_where_they_belong() {
    let mut journal = accepted();
    let tracking = Tracking { carrier: Some("UPS".into()), ..Tracking::default() };
    journal.observe_tracking(tracking.clone());
    assert_eq!(journal.accepted().map(|order| &order.tracking), Some(&tracking));
    journal.observe_marked_error();
    assert!(journal.made().is_some_and(|made| made.marked_error));
    journal.observe_missing(at(100));
    journal.observe_missing(at(100 + 3_599));
    let missing = |journal: &Journal| journal.accepted().and_then(|order| order.missing);
    assert_eq!(missing(&journal), Some(Missing { since: at(100), confirmed: false }));
    journal.observe_missing(at(100) + SignedDuration::from_hours(1));
    assert_eq!(missing(&journal), Some(Missing { since: at(100), confirmed: true }));
    journal.observe_parcel(ParcelState::from_id(3), &Programmed::NotYet, &[], at(9_000));
    assert_eq!(missing(&journal), None, "it is shown again");
    journal.observe_cancel(false, at(9_100));
    journal.observe_missing(at(9_200));
    assert!(journal.accepted().is_some(), "a refused cancellation proves nothing");
    journal.observe_cancel(true, at(9_300));
    journal.observe_missing(at(9_400));
    assert_eq!(journal.order, Order::Cancelled(1, at(9), Some(shipment("s1"))));
}

#[test]
fn person_and_organizations_are_fixed_while_something_stands() {
    let orgs =
        |yubico: &str| Orgs { okta: OktaOrgId::new("00o1").ok(), yubico: YubicoOrgId::new(yubico).ok() };
    let (ann, bob) = (UserId::new("00u1").expect("valid"), UserId::new("00u2").expect("valid"));
    for standing in [open(), made(), accepted()] {
        let mut journal = Journal { user: Some(ann.clone()), orgs: Some(orgs("y1")), ..standing };
        journal.observe_user(&bob, &orgs("y2"));
        assert_eq!((journal.user, journal.orgs), (Some(ann.clone()), Some(orgs("y1"))));
    }
    for enrollment in [Enrollment::Never, Enrollment::Refused(1), Enrollment::Discarded(1)] {
        let mut journal = Journal { user: Some(ann.clone()), enrollment, ..Journal::default() };
        journal.observe_user(&bob, &orgs("y2"));
        assert_eq!((journal.user, journal.orgs), (Some(bob.clone()), Some(orgs("y2"))));
    }
}
