//! Deleting: what is concluded from what the vendors show, and what is not.

use super::*;
use crate::{
    failure::{Failure, Reason},
    plan::Idempotent,
};

fn deleting() -> Desired {
    Desired { deleting: true, ..desired() }
}

fn seen(parcel: Observation, status: EnrollmentStatus) -> Observed {
    let entries = vec![listed("ours", status, at(1))];
    Observed {
        user: Some(person(UserStatus::Active)),
        parcel: Some(parcel),
        list: Some(EnrollmentList { at: at(0), entries }),
        ..Observed::default()
    }
}

/// A token of another region turns all orders into 404: neither the order nor the enrolment is given up for it.
#[test]
fn a_deletion_does_nothing_about_an_order_that_answered_404() {
    for state in [None, Some(1), Some(3), Some(7), Some(103), Some(105), Some(4_242)] {
        let mut journal = state.map_or_else(ordered, |state| parcel(state, 2_000));
        journal.observe_missing(at(3_000));
        let read = seen(Observation::Missing, EnrollmentStatus::Pending);
        for policy in [OnDelete::Cancel, OnDelete::Revoke] {
            let desired = Desired { on_delete: policy, ..deleting() };
            let waits = rest_of(decide(&desired, &journal, &read, at(3_001)));
            // What was seen on its way awaits its delivery.
            let shipped = journal.times.shipped.is_some();
            let reason = if shipped { Reason::AwaitingDelivery } else { Reason::AwaitingShipment };
            assert_eq!(waits.reason, reason, "state {state:?}");
            assert_eq!(waits.until, Some(at(3_000 + 3_600)), "it is looked for again, state {state:?}");
        }
        let mut confirmed = journal.clone();
        confirmed.observe_missing(at(3_000 + 3_600));
        let held = rest_of(decide(&deleting(), &confirmed, &read, at(6_601)));
        assert_eq!(held.reason, Reason::OrderNotFound, "a person says what became of it, state {state:?}");
    }
}

#[test]
fn an_order_that_answers_again_is_cancelled_after_all() {
    let mut journal = ordered();
    journal.observe_missing(at(3_000));
    journal.observe_parcel(ParcelState::from_id(3), &Programmed::NotYet, &[], at(3_100));
    let read = seen(Observation::Shown(None), EnrollmentStatus::Pending);
    assert_eq!(decide(&deleting(), &journal, &read, at(3_101)), Step::Run(Idempotent::Cancel));
}

#[test]
fn a_cancellation_that_was_taken_is_believed_only_when_the_order_is_gone() {
    let mut journal = ordered();
    journal.observe_cancel(true, at(100));
    let read = seen(Observation::Shown(None), EnrollmentStatus::Pending);
    let waits = rest_of(decide(&deleting(), &journal, &read, at(101)));
    assert_eq!((waits.reason, waits.until), (Reason::Deleting, Some(at(161))));
    let unread = Observed { parcel: None, ..read };
    assert_eq!(decide(&deleting(), &journal, &unread, at(101)), Step::Fetch(Fetch::Parcel));
}

#[test]
fn a_cancellation_without_an_answer_is_not_a_cancellation() {
    let lost = Failure::new(Reason::YubicoUnavailable, "lost");
    let read = Observed {
        cancel_failed: Some(lost.clone()),
        ..seen(Observation::Shown(None), EnrollmentStatus::Pending)
    };
    assert_eq!(decide(&deleting(), &ordered(), &read, at(100)), Step::Fail(lost));
}

#[test]
fn nothing_is_cancelled_once_it_was_shipped_or_refused() {
    for (state, follows) in [(103, true), (104, false), (105, true), (107, false)] {
        let step = decide(
            &deleting(),
            &parcel(state, 2_000),
            &seen(Observation::Shown(None), EnrollmentStatus::Pending),
            at(2_001),
        );
        if follows {
            assert_eq!(rest_of(step).reason, Reason::CancelImpossible, "state {state}");
        } else {
            assert_eq!(step, Step::Mark(Marked::Discard), "state {state}");
        }
    }
    let mut refused = ordered();
    refused.observe_cancel(false, at(100));
    let read = seen(Observation::Shown(None), EnrollmentStatus::Pending);
    assert_eq!(rest_of(decide(&deleting(), &refused, &read, at(101))).reason, Reason::CancelImpossible);
}

/// What was linked again without a person's word is somebody's key until a person says otherwise.
#[test]
fn what_was_taken_over_by_search_is_let_go() {
    let adopted = |by_person| {
        let mut journal = enrolled();
        journal.mark(Marked::Order, at(9), None);
        let id = ShipmentId::new("s9").expect("valid");
        journal.adoption = Some(crate::journal::Adoption { shipment: id.clone(), since: at(20), by_person });
        journal.observe_adopted(&id, None, at(400));
        journal
    };
    let read = seen(Observation::Shown(None), EnrollmentStatus::Pending);
    for policy in [OnDelete::Cancel, OnDelete::Revoke] {
        let desired = Desired { on_delete: policy, ..deleting() };
        assert_eq!(decide(&desired, &adopted(false), &read, at(401)), Step::Release);
        assert_eq!(decide(&desired, &adopted(true), &read, at(401)), Step::Run(Idempotent::Cancel));
    }
}

#[test]
fn an_enrolment_under_way_is_waited_for_and_then_asked_about() {
    let mut open = Journal::default();
    open.observe_user(&user(), &orgs());
    let shown = listed("before", EnrollmentStatus::Active, at(-900));
    open.mark(Marked::Enroll, at(0), Some(&EnrollmentList { at: at(0), entries: vec![shown.clone()] }));
    let read =
        |entries| Observed { list: Some(EnrollmentList { at: at(0), entries }), ..Observed::default() };
    let waits = rest_of(decide(&deleting(), &open, &read(vec![]), at(299)));
    assert_eq!((waits.reason, waits.until), (Reason::Settling, Some(at(300))));
    assert_eq!(decide(&deleting(), &open, &Observed::default(), at(300)), Step::Fetch(Fetch::Enrollments));
    assert_eq!(decide(&deleting(), &open, &read(vec![shown.clone()]), at(300)), Step::Release);
    let new = listed("new", EnrollmentStatus::Pending, at(1));
    let held = rest_of(decide(&deleting(), &open, &read(vec![shown, new]), at(300)));
    assert_eq!(held.reason, Reason::EnrollOutcomeUnknown);
    assert!(held.message.contains("new"), "{}", held.message);
}
