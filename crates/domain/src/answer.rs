//! A person's answer to a hold, put into the journal. Pure; what the vendors must confirm is looked at by the plan.
//!
//! One decision answers one hold, once: it names the hold's id, whose end nobody could know beforehand.

use jiff::Timestamp;
use thiserror::Error;

use super::{
    hold::Choice,
    ids::{EnrollmentId, ShipmentId},
    journal::{Adoption, Enrollment, Journal, Order, RefusedOrder, Unwanted},
};

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The hold that is answered.
    pub hold: String,
    /// What the person chose; a choice that the hold does not offer is declined.
    pub choice: Choice,
    /// With `AdoptOrder`: the shipment at `YubiEnterprise`.
    pub shipment: Option<ShipmentId>,
    /// With `DiscardEnrollment`: the pending enrolment at Okta.
    pub enrollment: Option<EnrollmentId>,
}

/// Why an answer changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Declined {
    /// No such shipment.
    #[error("there is no shipment {0} in this namespace; decide again with the right spec.shipmentRef.name")]
    NoSuchShipment(String),
    /// No such hold, or no longer.
    #[error("the shipment has no open hold {0}; read status.hold.id and decide again")]
    NoSuchHold(String),
    /// An answer to it is being carried out.
    #[error(
        "hold {0} was answered with AdoptOrder and that order is being looked at; read status.hold and decide again if it is still there"
    )]
    BeingAnswered(String),
    /// The hold does not admit it.
    #[error("hold {0} does not admit {1}; choose one of {2}")]
    NotAmongChoices(String, &'static str, String),
    /// The enrolment belongs to another shipment.
    #[error(
        "shipment {1} has enrolment {0} in its status; name this shipment's own enrolment, or delete the other shipment"
    )]
    OfAnother(EnrollmentId, String),
    /// An id is missing.
    #[error("{0} needs {1}; decide again and name it")]
    Incomplete(&'static str, &'static str),
}

/// Puts the answer into the journal and ends the hold; an adoption ends it when the order was found to fit.
///
/// # Errors
/// Why it changes nothing; the journal is as it was.
pub fn apply(
    journal: &mut Journal,
    answer: &Answer,
    generation: i64,
    now: Timestamp,
) -> Result<(), Declined> {
    if answer.choice == Choice::ResendPin {
        return resend_pin(journal, answer);
    }
    admitted(journal, answer)?;
    match answer.choice {
        Choice::RetryOrder => retry(journal, generation),
        Choice::AdoptOrder => {
            let shipment =
                answer.shipment.clone().ok_or(Declined::Incomplete("AdoptOrder", "spec.shipmentID"))?;
            journal.adoption = Some(Adoption { shipment, since: now, by_person: true });
            // The hold stays until the order was found to fit: an order that is refused is no leave to order another.
            return Ok(());
        }
        Choice::CancelOrder => give_up(journal, now),
        Choice::ConfirmCancelled => confirm_cancelled(journal),
        Choice::DiscardEnrollment => {
            let id = answer
                .enrollment
                .clone()
                .ok_or(Declined::Incomplete("DiscardEnrollment", "spec.enrollmentID"))?;
            journal.unwanted = Some(Unwanted { id, mark: None });
        }
        Choice::ActivateWithKeptKeys => journal.approved.kept_keys = true,
        Choice::ApproveActivation => journal.approved.activation = true,
        Choice::ApprovePin => journal.approved.pin = true,
        // Answered above: it names a mail, not a hold. And no hold of a shipment has the other.
        Choice::ResendPin | Choice::Proceed => {}
    }
    journal.hold = None;
    Ok(())
}

/// Only the last mail can be asked for again, and only by its own number: a copy of an old decision mails nothing.
fn resend_pin(journal: &mut Journal, answer: &Answer) -> Result<(), Declined> {
    let last = format!("pin-{}", journal.pin.id);
    if journal.times.pin_sent.is_none() || answer.hold != last {
        return Err(Declined::NoSuchHold(answer.hold.clone()));
    }
    journal.pin.resend = true;
    Ok(())
}

fn admitted(journal: &Journal, answer: &Answer) -> Result<(), Declined> {
    let hold = journal
        .hold
        .as_ref()
        .filter(|hold| hold.id == answer.hold)
        .ok_or_else(|| Declined::NoSuchHold(answer.hold.clone()))?;
    if journal.adoption.as_ref().is_some_and(|adoption| adoption.by_person) {
        return Err(Declined::BeingAnswered(hold.id.clone()));
    }
    if hold.choices.contains(&answer.choice) {
        return Ok(());
    }
    let choices: Vec<_> = hold.choices.iter().map(|c| c.as_str()).collect();
    Err(Declined::NotAmongChoices(hold.id.clone(), answer.choice.as_str(), choices.join(", ")))
}

/// The next attempt begins: the person says that no order of the last one exists.
fn retry(journal: &mut Journal, generation: i64) {
    match &journal.order {
        Order::Open(attempt, mark) | Order::Unknown(attempt, mark, _) => {
            journal.order = Order::Refused(RefusedOrder {
                attempt: *attempt,
                mark: *mark,
                retryable: false,
                generation: generation - 1,
            });
        }
        Order::Refused(refused) => {
            journal.order = Order::Refused(RefusedOrder {
                retryable: false,
                generation: generation - 1,
                ..refused.clone()
            });
        }
        Order::Never | Order::Accepted(_) | Order::Cancelled(..) => {}
    }
    // Of an enrolment whose answer was lost nobody has the requests: it is no use to this attempt.
    if let Enrollment::Open(attempt, _) = journal.enrollment {
        journal.enrollment = Enrollment::Refused(attempt);
    }
    journal.retry = true;
}

/// No order, and none will be made.
fn give_up(journal: &mut Journal, now: Timestamp) {
    match &journal.order {
        Order::Never => journal.order = Order::Cancelled(0, now, None),
        Order::Open(attempt, mark) | Order::Unknown(attempt, mark, _) => {
            journal.order = Order::Cancelled(*attempt, *mark, None);
        }
        Order::Refused(refused) => journal.order = Order::Cancelled(refused.attempt, refused.mark, None),
        Order::Accepted(_) | Order::Cancelled(..) => {}
    }
    if let Enrollment::Open(attempt, _) = journal.enrollment {
        journal.enrollment = Enrollment::Refused(attempt);
    }
}

fn confirm_cancelled(journal: &mut Journal) {
    if let Order::Accepted(order) = &journal.order {
        journal.order = Order::Cancelled(order.attempt, order.mark, Some(order.id.clone()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        failure::Reason,
        hold,
        journal::{Accepted, Hold},
        vendor_states::Tracking,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
    }

    fn held(reason: Reason, order: Order) -> Journal {
        let hold = Hold {
            id: "order-1-k7f3ab".into(),
            reason,
            message: String::new(),
            since: at(0),
            generation: 3,
            choices: hold::choices(reason, false).to_vec(),
            found_by_read: false,
        };
        Journal { order, hold: Some(hold), ..Journal::default() }
    }

    fn answer(choice: Choice) -> Answer {
        Answer { hold: "order-1-k7f3ab".into(), choice, shipment: None, enrollment: None }
    }

    fn accepted() -> Order {
        Order::Accepted(Accepted {
            attempt: 1,
            mark: at(0),
            id: ShipmentId::new("s1").expect("valid"),
            ordered_at: at(1),
            state: None,
            tracking: Tracking::default(),
            cancel_accepted: None,
            cancel_refused: false,
            missing: None,
            given_up: false,
            adopted: false,
        })
    }

    #[test]
    fn a_retry_makes_the_unknown_order_a_refused_one_of_an_older_spec() {
        let mut journal = held(Reason::OrderOutcomeUnknown, Order::Unknown(1, at(0), None));
        apply(&mut journal, &answer(Choice::RetryOrder), 3, at(9)).expect("admitted");
        let Order::Refused(refused) = &journal.order else { panic!("{:?}", journal.order) };
        assert!(
            !refused.retryable && refused.generation < 3,
            "the next attempt starts with another enrolment"
        );
        assert!(journal.hold.is_none());
    }

    fn refused(retryable: bool) -> Order {
        Order::Refused(RefusedOrder { attempt: 2, mark: at(5), retryable, generation: 3 })
    }

    fn open_enrollment() -> Enrollment {
        let mark = crate::journal::EnrollMark { at: at(0), okta_time: at(0), shown: vec![] };
        Enrollment::Open(4, mark)
    }

    #[test]
    fn a_retry_begins_the_next_attempt_and_forgets_what_nobody_has() {
        for order in [refused(true), refused(false)] {
            let mut journal = held(Reason::OrderRefused, order);
            journal.enrollment = open_enrollment();
            apply(&mut journal, &answer(Choice::RetryOrder), 3, at(9)).expect("admitted");
            let next = RefusedOrder { attempt: 2, mark: at(5), retryable: false, generation: 2 };
            assert_eq!(journal.order, Order::Refused(next), "the same attempt, of an older spec");
            assert_eq!(journal.enrollment, Enrollment::Refused(4));
            assert!(journal.retry);
        }
        let mut never = held(Reason::ExistingKey, Order::Never);
        apply(&mut never, &answer(Choice::RetryOrder), 3, at(9)).expect("admitted");
        assert!(never.retry && never.order == Order::Never && never.enrollment == Enrollment::Never);
    }

    #[test]
    fn giving_up_keeps_attempt_and_mark_of_what_was_tried() {
        for (order, ended) in [
            (Order::Never, Order::Cancelled(0, at(9), None)),
            (Order::Open(3, at(4)), Order::Cancelled(3, at(4), None)),
            (refused(true), Order::Cancelled(2, at(5), None)),
        ] {
            let mut journal = held(Reason::StatusBehindVendors, order);
            journal.enrollment = open_enrollment();
            apply(&mut journal, &answer(Choice::CancelOrder), 3, at(9)).expect("admitted");
            assert_eq!((journal.order, journal.enrollment), (ended, Enrollment::Refused(4)));
        }
    }

    #[test]
    fn each_approval_approves_what_was_asked_and_nothing_else() {
        let approved = |reason, pin, choice| {
            let mut journal = held(reason, accepted());
            if let Some(hold) = &mut journal.hold {
                hold.choices = hold::choices(reason, pin).to_vec();
            }
            apply(&mut journal, &answer(choice), 3, at(9)).expect("admitted");
            assert!(journal.hold.is_none());
            (journal.approved.activation, journal.approved.pin, journal.approved.kept_keys)
        };
        let waits = Reason::AwaitingApproval;
        assert_eq!(approved(waits, false, Choice::ApproveActivation), (true, false, false));
        assert_eq!(approved(waits, true, Choice::ApprovePin), (false, true, false));
        let gone = approved(Reason::SigningKeyGone, false, Choice::ActivateWithKeptKeys);
        assert_eq!(gone, (false, false, true));
    }

    #[test]
    fn an_enrolment_is_removed_only_by_its_id() {
        let mut journal = held(Reason::ParcelLost, accepted());
        let unnamed = apply(&mut journal, &answer(Choice::DiscardEnrollment), 3, at(9));
        assert_eq!(unnamed, Err(Declined::Incomplete("DiscardEnrollment", "spec.enrollmentID")));
        let id = EnrollmentId::new("e7").expect("valid");
        let named = Answer { enrollment: Some(id.clone()), ..answer(Choice::DiscardEnrollment) };
        apply(&mut journal, &named, 3, at(9)).expect("admitted");
        assert_eq!(journal.unwanted, Some(Unwanted { id, mark: None }));
    }

    #[test]
    fn giving_up_ends_the_shipment_without_an_order() {
        let mut journal = held(Reason::OrderOutcomeUnknown, Order::Unknown(1, at(0), None));
        apply(&mut journal, &answer(Choice::CancelOrder), 3, at(9)).expect("admitted");
        assert_eq!(journal.order, Order::Cancelled(1, at(0), None));
    }

    #[test]
    fn only_a_persons_word_makes_a_missing_order_certain() {
        let mut journal = held(Reason::OrderNotFound, accepted());
        apply(&mut journal, &answer(Choice::ConfirmCancelled), 3, at(9)).expect("admitted");
        assert!(matches!(journal.order, Order::Cancelled(1, _, Some(_))));
    }

    #[test]
    fn an_adoption_needs_the_id() {
        let mut journal = held(Reason::OrderOutcomeUnknown, Order::Unknown(1, at(0), None));
        let before = journal.clone();
        assert_eq!(
            apply(&mut journal, &answer(Choice::AdoptOrder), 3, at(9)),
            Err(Declined::Incomplete("AdoptOrder", "spec.shipmentID"))
        );
        assert_eq!(journal, before, "a declined answer changes nothing");
    }

    #[test]
    fn while_an_order_is_looked_at_the_hold_takes_no_other_answer() {
        let mut journal = held(Reason::OrderOutcomeUnknown, Order::Unknown(1, at(0), None));
        let adopt = Answer { shipment: ShipmentId::new("s1").ok(), ..answer(Choice::AdoptOrder) };
        apply(&mut journal, &adopt, 3, at(9)).expect("admitted");
        let before = journal.clone();
        let refused = apply(&mut journal, &answer(Choice::RetryOrder), 3, at(10));
        assert!(matches!(refused, Err(Declined::BeingAnswered(_))), "{refused:?}");
        assert_eq!(journal, before, "an order that may be ours is no leave to order another");
    }

    #[test]
    fn a_pin_is_mailed_again_only_by_the_number_of_the_last_mail() {
        let mut journal = Journal::default();
        journal.pin.id = 2;
        journal.times.pin_sent = Some(at(0));
        let resend = |hold: &str| Answer { hold: hold.into(), ..answer(Choice::ResendPin) };
        assert!(apply(&mut journal, &resend("pin-1"), 1, at(9)).is_err());
        assert!(!journal.pin.resend);
        apply(&mut journal, &resend("pin-2"), 1, at(9)).expect("admitted");
        assert!(journal.pin.resend);
    }

    proptest! {
        /// An answer to another hold, or one that the hold does not admit, changes nothing at all.
        #[test]
        fn only_an_open_hold_is_answered(id in "[a-z]{1,8}-[0-9]-[a-z0-9]{6}", choice in 0..Choice::ALL.len(), reason in 0..Reason::ALL.len()) {
            let mut journal = held(Reason::ALL[reason], Order::Unknown(1, at(0), None));
            let before = journal.clone();
            let answer = Answer { hold: id.clone(), ..answer(Choice::ALL[choice]) };
            prop_assert!(apply(&mut journal, &answer, 3, at(9)).is_err());
            prop_assert_eq!(&journal, &before);
            let unadmitted = Answer { hold: "order-1-k7f3ab".into(), ..answer };
            let admits = before.hold.as_ref().is_some_and(|h| h.choices.contains(&unadmitted.choice));
            if !admits {
                prop_assert!(apply(&mut journal, &unadmitted, 3, at(9)).is_err());
                prop_assert_eq!(&journal, &before);
            }
        }
    }
}
