//! The table of `docs/design.md`: what people and tools read at each end of a pass.

use super::*;
use crate::{
    hold::Choice,
    ids::ShipmentId,
    journal::Accepted,
    vendor_states::{ParcelState, Tracking},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

fn rest(reason: Reason) -> End {
    End::Idle(Idle { reason, message: "said".into(), until: None, pin: false })
}

fn failed(reason: Reason) -> End {
    End::Failed(Failure::new(reason, "failed"))
}

fn accepted(state: Option<u32>) -> Journal {
    let order = Accepted {
        attempt: 3,
        mark: at(0),
        id: ShipmentId::new("s1").expect("valid"),
        ordered_at: at(1),
        state: state.map(|id| (ParcelState::from_id(id), at(2))),
        tracking: Tracking::default(),
        cancel_accepted: None,
        cancel_refused: false,
        missing: None,
        given_up: false,
        adopted: false,
    };
    Journal { order: Order::Accepted(order), ..Journal::default() }
}

fn cancelled() -> Journal {
    Journal { order: Order::Cancelled(1, at(0), None), ..Journal::default() }
}

/// Ready, Reconciling and Stalled in one word each; `=`: unchanged.
fn conditions(journal: &Journal, end: &End, deleting: bool) -> (char, bool, bool) {
    let summary = summarise(journal, end, deleting);
    let ready = match summary.ready {
        Ready::Is(true, ..) => 'T',
        Ready::Is(false, ..) => 'F',
        Ready::Unchanged => '=',
    };
    (ready, summary.reconciling, summary.stalled)
}

#[test]
fn each_situation_reads_as_the_table_says() {
    let (before, after) = (Journal::default(), accepted(None));
    let cases = [
        ("before the order", &before, rest(Reason::Enrolling), false, ('F', true, false)),
        ("ordered", &after, rest(Reason::AwaitingShipment), false, ('T', false, false)),
        ("an approval that was planned", &after, rest(Reason::AwaitingApproval), false, ('T', false, false)),
        ("a passing failure before", &before, failed(Reason::OktaUnavailable), false, ('F', true, false)),
        ("a passing failure after", &after, failed(Reason::OktaUnavailable), false, ('=', false, false)),
        (
            "a connection at fault, before",
            &before,
            failed(Reason::OktaUnauthorized),
            false,
            ('F', true, false),
        ),
        (
            "a connection at fault, after",
            &after,
            failed(Reason::OktaUnauthorized),
            false,
            ('=', false, false),
        ),
        ("held before", &before, rest(Reason::ExistingKey), false, ('F', false, true)),
        ("held after", &after, rest(Reason::ParcelLost), false, ('F', false, true)),
        ("a refusal that is tried again", &before, failed(Reason::EnrollRefused), false, ('F', true, false)),
        ("suspended before", &before, rest(Reason::Suspended), false, ('F', false, false)),
        ("suspended after", &after, rest(Reason::Suspended), false, ('=', false, false)),
        ("deleted before", &before, rest(Reason::Deleting), true, ('F', true, false)),
        ("deleted after", &after, rest(Reason::CancelImpossible), true, ('=', false, false)),
        ("deleted before, held", &before, rest(Reason::EnrollOutcomeUnknown), true, ('F', false, true)),
        ("cancelled", &cancelled(), rest(Reason::OrderCancelled), false, ('F', false, true)),
        ("cancelled, failing", &cancelled(), failed(Reason::OktaUnavailable), false, ('F', false, false)),
    ];
    for (name, journal, end, deleting, expected) in cases {
        assert_eq!(conditions(journal, &end, deleting), expected, "{name}");
    }
}

#[test]
fn the_phase_follows_the_road_and_its_ends() {
    let phase = |journal: &Journal, end: End| summarise(journal, &end, false).phase;
    let calm = || rest(Reason::AwaitingShipment);
    assert_eq!(phase(&Journal::default(), rest(Reason::Enrolling)), Phase::Pending);
    assert_eq!(phase(&accepted(None), calm()), Phase::Ordered);
    assert_eq!(phase(&accepted(Some(3)), calm()), Phase::Ordered);
    assert_eq!(phase(&accepted(Some(103)), calm()), Phase::Shipped);
    assert_eq!(phase(&accepted(Some(104)), calm()), Phase::Delivered);
    let mut unknown = accepted(Some(4_242));
    unknown.times.shipped = Some(at(2));
    assert_eq!(phase(&unknown, calm()), Phase::Shipped, "once shipped, and no state says otherwise");
    let mut active = accepted(Some(103));
    active.times.activated = Some(at(3));
    assert_eq!(phase(&active, calm()), Phase::Activated);
    assert_eq!(phase(&active, rest(Reason::ParcelLost)), Phase::Held);
    assert_eq!(phase(&accepted(Some(107)), rest(Reason::OrderFailed)), Phase::Failed);
    assert_eq!(phase(&cancelled(), rest(Reason::OrderCancelled)), Phase::Cancelled);
    assert_eq!(phase(&cancelled(), failed(Reason::OktaUnavailable)), Phase::Cancelled);
    assert_eq!(phase(&Journal::default(), rest(Reason::OrderCancelled)), Phase::Cancelled);
    assert_eq!(phase(&Journal::default(), failed(Reason::EnrollRefused)), Phase::Pending, "tried again");
}

#[test]
fn a_hold_keeps_its_id_while_it_is_the_same() {
    let mut journal = accepted(None);
    note_end(&mut journal, &rest(Reason::UserNotEligible), 1, "aaa111", at(10));
    let first = journal.hold.clone().expect("held");
    assert_eq!((first.id.as_str(), first.since, first.generation), ("order-3-aaa111", at(10), 1));
    let again = End::Idle(Idle {
        reason: Reason::UserNotEligible,
        message: "other words".into(),
        until: None,
        pin: false,
    });
    note_end(&mut journal, &again, 1, "bbb222", at(20));
    let same = journal.hold.clone().expect("held");
    assert_eq!((same.id.as_str(), same.since), ("order-3-aaa111", at(10)));
    assert_eq!(same.message, "other words");
    note_end(&mut journal, &again, 2, "ccc333", at(30));
    let changed = journal.hold.clone().expect("held");
    assert_eq!((changed.id.as_str(), changed.since, changed.generation), ("order-3-ccc333", at(30), 2));
    note_end(&mut journal, &rest(Reason::OrderNeedsRepair), 2, "ddd444", at(40));
    assert_eq!(journal.hold.as_ref().map(|hold| hold.id.as_str()), Some("parcel-3-ddd444"));
    note_end(&mut journal, &rest(Reason::AwaitingShipment), 2, "eee555", at(50));
    assert_eq!(journal.hold, None, "its cause is gone");
}

#[test]
fn an_approval_is_a_hold_of_its_own_for_key_and_pin() {
    let asks =
        |pin| End::Idle(Idle { reason: Reason::AwaitingApproval, message: "asked".into(), until: None, pin });
    let mut journal = accepted(Some(104));
    note_end(&mut journal, &asks(false), 1, "aaa111", at(10));
    let activation = journal.hold.take().expect("asked");
    assert_eq!(activation.choices, vec![Choice::ApproveActivation]);
    note_end(&mut journal, &asks(true), 1, "bbb222", at(20));
    let pin = journal.hold.expect("asked");
    assert_eq!((pin.choices, pin.id.as_str()), (vec![Choice::ApprovePin], "activate-3-bbb222"));
}

#[test]
fn a_lost_key_that_signs_in_is_told_without_an_answer() {
    let mut journal = accepted(Some(105));
    note_end(&mut journal, &rest(Reason::ParcelLost), 1, "aaa111", at(10));
    let asked = journal.hold.take().expect("held");
    assert_eq!(asked.choices, vec![Choice::DiscardEnrollment]);
    journal.times.activated = Some(at(5));
    note_end(&mut journal, &rest(Reason::ParcelLost), 1, "bbb222", at(20));
    assert_eq!(journal.hold.map(|hold| hold.choices), Some(vec![]));
    let mut needs = accepted(Some(7));
    needs.times.activated = Some(at(5));
    note_end(&mut needs, &rest(Reason::OrderNotFound), 1, "ccc333", at(20));
    assert!(needs.hold.is_some_and(|hold| !hold.choices.is_empty()), "only a lost parcel is beyond answers");
}

#[test]
fn failures_are_counted_as_far_as_the_delay_grows() {
    let mut journal = Journal::default();
    let count = |journal: &Journal| {
        journal.last_failure.as_ref().map(|last_failure| (last_failure.count, last_failure.since))
    };
    for n in 1..=3 {
        note_end(&mut journal, &failed(Reason::OktaUnavailable), 1, "aaa111", at(n));
        assert_eq!(count(&journal), Some((u32::try_from(n).expect("small"), at(1))));
    }
    note_end(&mut journal, &failed(Reason::YubicoUnavailable), 1, "aaa111", at(9));
    assert_eq!(count(&journal), Some((1, at(9))), "another failure");
    let reworded = End::Failed(Failure::new(Reason::YubicoUnavailable, "other words"));
    note_end(&mut journal, &reworded, 1, "aaa111", at(10));
    assert_eq!(count(&journal), Some((1, at(10))), "another thing happened");
    for n in 11..40 {
        note_end(&mut journal, &reworded, 1, "aaa111", at(n));
    }
    assert_eq!(count(&journal), Some((backoff::LAST_COUNT, at(10))), "nothing is written after it");
    note_end(&mut journal, &rest(Reason::AwaitingShipment), 1, "aaa111", at(50));
    assert_eq!(journal.last_failure, None);
}

#[test]
fn the_message_names_the_hold_and_its_answers() {
    let mut journal = accepted(None);
    let end = rest(Reason::OrderNotFound);
    note_end(&mut journal, &end, 1, "aaa111", at(10));
    let End::Idle(told) = &end else { return };
    assert_eq!(message(&journal, told), "said Hold parcel-3-aaa111: ConfirmCancelled, AdoptOrder.");
    let mut plain = accepted(None);
    let end = rest(Reason::UserNotEligible);
    note_end(&mut plain, &end, 1, "aaa111", at(10));
    let End::Idle(told) = &end else { return };
    assert_eq!(message(&plain, told), "said", "nothing to answer");
}
