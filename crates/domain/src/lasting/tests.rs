use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    answer::{self, Answer},
    desired::Orgs,
    failure::Failure,
    hold::Choice,
    ids::{EnrollmentId, KeyId, RpId, Sealed, Serial, ShipmentId, UserId},
    journal::{EnrollMark, Made, Marked, Missing, Receipt, Requests},
    plan::Idle,
    summary::{self, End},
    vendor_states::{EnrollmentList, NewEnrollment, ParcelState, Programmed, Responses},
};

const GENERATION: i64 = 3;

/// What only an answer or a changed spec ends, as `docs/design.md` lists it.
const LASTING: [Reason; 12] = [
    Reason::ExistingKey,
    Reason::AnotherOrderForUser,
    Reason::EnrollOutcomeUnknown,
    Reason::OrderOutcomeUnknown,
    Reason::OrderRefused,
    Reason::StatusBehindVendors,
    Reason::ParcelLost,
    Reason::ParcelFound,
    Reason::WrongResponses,
    Reason::OrderNotFound,
    Reason::SigningKeyGone,
    Reason::DeliveryTimedOut,
];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

fn enrolled() -> Journal {
    let mut journal = Journal::default();
    journal.observe_user(&UserId::new("00u1").expect("valid"), &Orgs::default());
    journal.mark(Marked::Enroll, at(0), Some(&EnrollmentList { at: at(0), entries: vec![] }));
    let new = NewEnrollment {
        id: EnrollmentId::new("ours").expect("valid"),
        key_id: KeyId::new("key").expect("valid"),
        pin_request: Sealed::new("pin"),
        credential_request: Sealed::new("credential"),
    };
    let receipt = Receipt::Enrolled(new, RpId::new("acme.com").expect("valid"));
    assert!(journal.record(Marked::Enroll, 1, &receipt, GENERATION, at(1)));
    journal
}

fn ordered() -> Journal {
    let mut journal = enrolled();
    journal.mark(Marked::Order, at(2), None);
    let receipt = Receipt::Ordered(ShipmentId::new("s1").expect("valid"));
    assert!(journal.record(Marked::Order, 1, &receipt, GENERATION, at(3)));
    journal
}

fn parcel(state: u32) -> Journal {
    let mut journal = ordered();
    see(&mut journal, state);
    journal
}

fn see(journal: &mut Journal, state: u32) {
    let responses = Responses {
        serial: Serial::new("12345678").expect("valid"),
        firmware: "5.7.1".into(),
        pin: Sealed::new("pin"),
        credential: Sealed::new("credential"),
        credential_key_id: None,
    };
    let shown = Programmed::One(Box::new(responses));
    journal.observe_parcel(ParcelState::from_id(state), &shown, &[], at(4));
}

/// A journal that can be held for this.
fn ground(reason: Reason) -> Journal {
    match reason {
        Reason::EnrollOutcomeUnknown => {
            let mut journal = Journal::default();
            journal.mark(Marked::Enroll, at(0), None);
            journal
        }
        Reason::OrderOutcomeUnknown | Reason::OrderRefused => {
            let mut journal = enrolled();
            journal.mark(Marked::Order, at(2), None);
            if reason == Reason::OrderRefused {
                assert!(journal.record(
                    Marked::Order,
                    1,
                    &Receipt::Refused { retryable: false },
                    GENERATION,
                    at(3)
                ));
            }
            journal
        }
        Reason::StatusBehindVendors => enrolled(),
        Reason::ParcelLost => parcel(105),
        Reason::OrderNotFound => {
            let mut journal = parcel(103);
            journal.observe_missing(at(5));
            journal.observe_missing(at(5 + 3_600));
            assert_eq!(
                journal.accepted().and_then(|order| order.missing),
                Some(Missing { since: at(5), confirmed: true })
            );
            journal
        }
        Reason::ParcelFound
        | Reason::WrongResponses
        | Reason::SigningKeyGone
        | Reason::DeliveryTimedOut
        | Reason::AwaitingApproval => parcel(103),
        _ => Journal::default(),
    }
}

fn rest(reason: Reason, pin: bool) -> End {
    End::Idle(Idle { reason, message: format!("{reason} is what a person must look at."), until: None, pin })
}

fn note(journal: &mut Journal, end: &End, generation: i64, suffix: &str) {
    summary::note_end(journal, end, generation, suffix, at(1_000));
}

fn held(reason: Reason, pin: bool) -> Journal {
    let mut journal = ground(reason);
    if pin {
        journal.observe_activation(at(900));
    }
    note(&mut journal, &rest(reason, pin), GENERATION, "first1");
    assert!(in_force(&journal, GENERATION).is_some(), "{reason} lasts");
    journal
}

/// Anything that can be said at the end of a pass without a person's having done anything.
fn passing() -> impl Strategy<Value = End> {
    let all = (0..Reason::ALL.len()).prop_map(|index| Reason::ALL[index]);
    let passing = all.prop_filter("passes by itself", |reason| {
        !LASTING.contains(reason)
            && !matches!(
                reason,
                Reason::AwaitingApproval
                    | Reason::CancelInConsole
                    | Reason::CancelImpossible
                    | Reason::OrderFailed
                    | Reason::OrderCancelled
            )
    });
    (passing, any::<bool>()).prop_map(|(reason, failed)| {
        if failed { End::Failed(Failure::new(reason, "It did not work.")) } else { rest(reason, false) }
    })
}

fn holds() -> impl Strategy<Value = (Reason, bool)> {
    (0..LASTING.len() + 2).prop_map(|index| match LASTING.get(index) {
        Some(reason) => (*reason, false),
        None => (Reason::AwaitingApproval, index == LASTING.len()),
    })
}

proptest! {
    /// Whatever passes by itself, in whatever order, and whatever is written in between: the hold, its id, its time and
    /// its words stay, and that is what people read.
    #[test]
    fn what_passes_by_itself_neither_ends_nor_replaces_a_lasting_hold(
        (reason, pin) in holds(), ends in proptest::collection::vec((passing(), any::<bool>()), 1..12),
    ) {
        let mut journal = held(reason, pin);
        let before = journal.hold.clone();
        for (end, writes) in ends {
            note(&mut journal, &end, GENERATION, "other2");
            prop_assert_eq!(&journal.hold, &before, "{:?}", end);
            let End::Idle(said) = summary::said(&journal, &end, false) else {
                return Err(TestCaseError::fail("a failure hides what a person must do"));
            };
            prop_assert_eq!(said.reason, reason);
            prop_assert_eq!(Some(&said.message), before.as_ref().map(|hold| &hold.message));
            prop_assert_eq!(said.pin, pin);
            if writes {
                summary::note_progress(&mut journal, GENERATION);
                prop_assert_eq!(&journal.hold, &before, "a write in between");
            }
        }
    }

    /// A changed spec ends it, whatever is said then.
    #[test]
    fn a_changed_spec_ends_a_lasting_hold((reason, pin) in holds(), end in passing()) {
        let mut journal = held(reason, pin);
        let before = journal.hold.clone();
        note(&mut journal, &end, GENERATION + 1, "other2");
        prop_assert_ne!(&journal.hold, &before);
        prop_assert!(in_force(&journal, GENERATION + 1).is_none());
    }

    /// An answer ends it; one that names an order ends it when that order was found to fit.
    #[test]
    fn an_answer_ends_a_lasting_hold((reason, pin) in holds(), which in any::<prop::sample::Index>()) {
        let mut journal = held(reason, pin);
        let hold = journal.hold.clone().expect("held");
        let choice = hold.choices[which.index(hold.choices.len())];
        let answer = Answer {
            hold: hold.id.clone(),
            choice,
            shipment: ShipmentId::new("s9").ok(),
            enrollment: EnrollmentId::new("ours").ok(),
        };
        answer::apply(&mut journal, &answer, GENERATION, at(2_000)).expect("the hold admits it");
        if choice == Choice::AdoptOrder {
            prop_assert_eq!(&journal.hold, &Some(hold), "until the order was found to fit");
            journal.observe_adopted(&ShipmentId::new("s9").expect("valid"), None, at(2_001));
        }
        prop_assert_eq!(&journal.hold, &None);
    }
}

#[test]
fn what_is_listed_as_lasting_lasts_and_nothing_else_that_waits_for_a_person() {
    for reason in Reason::ALL {
        let choices = hold::choices(*reason, false);
        let hold = Hold {
            id: "x-1-abc".into(),
            reason: *reason,
            message: String::new(),
            since: at(0),
            generation: 1,
            choices: choices.to_vec(),
            found_by_read: false,
        };
        assert_eq!(hold.is_lasting(), !choices.is_empty(), "{reason}: who can be answered lasts");
    }
}

#[test]
fn a_parcel_that_is_delivered_is_neither_lost_nor_late() {
    for reason in [Reason::ParcelLost, Reason::DeliveryTimedOut] {
        let mut journal = held(reason, false);
        for state in [103, 105, 103] {
            see(&mut journal, state);
            assert!(in_force(&journal, GENERATION).is_some(), "{reason} at {state}");
        }
        see(&mut journal, 104);
        assert!(in_force(&journal, GENERATION).is_none(), "{reason}");
        note(&mut journal, &rest(Reason::Suspended, false), GENERATION, "other2");
        assert!(journal.hold.is_none(), "{reason} is over although the next effect is barred");
    }
}

#[test]
fn an_order_that_is_shown_again_is_found() {
    let mut journal = held(Reason::OrderNotFound, false);
    see(&mut journal, 103);
    assert!(in_force(&journal, GENERATION).is_none());
}

#[test]
fn an_answer_of_the_vendor_that_comes_late_settles_what_was_unknown() {
    let mut journal = held(Reason::OrderOutcomeUnknown, false);
    let receipt = Receipt::Ordered(ShipmentId::new("s1").expect("valid"));
    assert!(journal.record(Marked::Order, 1, &receipt, GENERATION, at(9)));
    assert!(in_force(&journal, GENERATION).is_none());
    let mut journal = held(Reason::EnrollOutcomeUnknown, false);
    let Enrollment::Open(attempt, mark) = journal.enrollment.clone() else { panic!("open") };
    journal.enrollment = Enrollment::Made(made(attempt, mark));
    assert!(in_force(&journal, GENERATION).is_none());
}

fn made(attempt: u32, mark: EnrollMark) -> Made {
    Made {
        attempt,
        created_at: mark.at,
        mark,
        id: EnrollmentId::new("ours").expect("valid"),
        key_id: None,
        rp_id: RpId::new("acme.com").expect("valid"),
        requests: Some(Requests { pin: Sealed::new("pin"), credential: Sealed::new("credential") }),
        marked_error: false,
        discard_mark: None,
    }
}

#[test]
fn a_lost_parcel_takes_the_place_of_a_late_one_and_of_an_approval() {
    for (reason, pin) in [(Reason::DeliveryTimedOut, false), (Reason::AwaitingApproval, false)] {
        let mut journal = held(reason, pin);
        see(&mut journal, 105);
        note(&mut journal, &rest(Reason::ParcelLost, false), GENERATION, "other2");
        assert_eq!(journal.hold.as_ref().map(|hold| hold.reason), Some(Reason::ParcelLost));
    }
    for reason in [Reason::ParcelFound, Reason::WrongResponses, Reason::SigningKeyGone] {
        let mut journal = held(reason, false);
        note(&mut journal, &rest(Reason::OrderFailed, false), GENERATION, "other2");
        assert_eq!(
            journal.hold.as_ref().map(|hold| hold.reason),
            Some(reason),
            "a person has not answered yet"
        );
    }
}

#[test]
fn a_deletion_says_what_it_waits_for_and_keeps_the_hold() {
    let mut journal = held(Reason::ParcelLost, false);
    let end = rest(Reason::CancelImpossible, false);
    note(&mut journal, &end, GENERATION, "other2");
    assert_eq!(journal.hold.as_ref().map(|hold| hold.reason), Some(Reason::ParcelLost));
    assert_eq!(summary::said(&journal, &end, true), end);
    let End::Idle(rest) = &end else { unreachable!() };
    let message = summary::message(&journal, rest);
    assert!(message.contains("(ParcelLost): DiscardEnrollment"), "{message}");
}

#[test]
fn what_is_finished_or_waits_for_a_person_does_not_wait_for_the_connection() {
    let at_rest = |journal: &Journal| is_at_rest(journal, GENERATION, false);
    let mut finished = parcel(104);
    finished.observe_activation(at(5));
    assert!(!at_rest(&finished), "its PIN is to come");
    finished.times.pin_sent = Some(at(6));
    assert!(at_rest(&finished));
    assert!(!is_at_rest(&finished, GENERATION, true), "a deletion may have to cancel");
    finished.pin.resend = true;
    assert!(!at_rest(&finished), "a mail was asked for");
    for reason in [Reason::InvalidRecipient, Reason::OrderFailed, Reason::OrderCancelled, Reason::ExistingKey]
    {
        let mut journal = ground(reason);
        note(&mut journal, &rest(reason, false), GENERATION, "first1");
        assert!(at_rest(&journal), "{reason}");
        assert!(!is_at_rest(&journal, GENERATION + 1, false), "{reason}: the spec has changed");
    }
    for reason in [Reason::ConnectionNotFound, Reason::UserForbidden] {
        let mut journal = Journal::default();
        note(&mut journal, &rest(reason, false), GENERATION, "first1");
        assert!(!at_rest(&journal), "{reason}");
    }
    assert!(!at_rest(&Journal::default()) && !at_rest(&enrolled()) && !at_rest(&parcel(103)));
}

#[test]
fn a_fault_of_the_connection_is_noted_once() {
    let mut journal = ordered();
    let end = End::Failed(Failure::new(Reason::OktaUnauthorized, "The connection acme is at fault."));
    note(&mut journal, &end, GENERATION, "first1");
    let once = journal.clone();
    for _ in 0..20 {
        note(&mut journal, &end, GENERATION, "other2");
    }
    assert_eq!(journal, once, "nothing is written again");
    let other = End::Failed(Failure::new(Reason::OktaUnauthorized, "Another fault."));
    note(&mut journal, &other, GENERATION, "other2");
    assert_ne!(journal, once, "it has changed");
}
