//! What a hold asks a person, in plain words, and what each answer leads to. The words live here once: the plugin shows
//! them, and a test compares `docs/reasons.md` with them.

use super::{failure::Reason, hold::Choice};

/// What a decision must name besides the hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needs {
    /// `spec.shipmentID`: the order's id at `YubiEnterprise`.
    ShipmentId,
    /// `spec.enrollmentID`: the pending enrolment's id at Okta.
    EnrollmentId,
}

impl Choice {
    /// What follows if it is answered.
    #[must_use]
    pub const fn leads_to(self) -> &'static str {
        match self {
            Self::RetryOrder => {
                "the next attempt: look at Okta's list, remove our pending enrolment, enrol, order"
            }
            Self::AdoptOrder => {
                "the order is taken over, if no other shipment has it, it is for the same product and inventory ids, was made in the time of our call, and is for the same recipient. What contradicts is named and the hold stays"
            }
            Self::CancelOrder => {
                "without an order: give up, remove our pending enrolment; the phase is Cancelled"
            }
            Self::DiscardEnrollment => "that pending enrolment is removed at Okta; an active one never",
            Self::ConfirmCancelled => "the order counts as gone",
            Self::ActivateWithKeptKeys => {
                "activated with the signing keys that were published when the responses were first seen"
            }
            Self::ApproveActivation => "the credential is activated at Okta: the key can sign in",
            Self::ApprovePin => "Okta mails the PIN to the person",
            Self::ResendPin => "the PIN is mailed once more; at most three mails a day",
            Self::Proceed => "the rollout goes on",
        }
    }

    /// What a person must know for certain before the answer.
    #[must_use]
    pub const fn be_sure(self) -> &'static str {
        match self {
            Self::RetryOrder => {
                "no order of this shipment exists: look in the YubiEnterprise Console. Else two parcels are on their way; the first then never signs in"
            }
            Self::AdoptOrder => "it is this shipment's. What YubiEnterprise does not show, you vouch for",
            Self::CancelOrder => "no order of this shipment exists",
            Self::DiscardEnrollment => "no parcel with it is wanted any more",
            Self::ConfirmCancelled => "it was deleted in the Console",
            Self::ActivateWithKeptKeys => "Yubico rotated the key and did not withdraw it",
            Self::ApproveActivation | Self::ApprovePin => "the person has the parcel",
            Self::ResendPin => "the person lost the mail",
            Self::Proceed => "the people and the number that the question names are the right ones",
        }
    }

    /// Which id the decision must name.
    #[must_use]
    pub const fn needs(self) -> Option<Needs> {
        match self {
            Self::AdoptOrder => Some(Needs::ShipmentId),
            Self::DiscardEnrollment => Some(Needs::EnrollmentId),
            _ => None,
        }
    }
}

/// May this answer pay for another key? Then it is never given to many holds at once. In doubt it may.
#[must_use]
pub const fn may_order(choice: Choice, reason: Option<Reason>) -> bool {
    match choice {
        Choice::RetryOrder | Choice::Proceed => true,
        // Where nothing was ordered yet, the shipment goes on to its order once the enrolment is gone.
        Choice::DiscardEnrollment => {
            !matches!(reason, Some(Reason::ParcelLost | Reason::ParcelFound | Reason::WrongResponses))
        }
        Choice::AdoptOrder
        | Choice::CancelOrder
        | Choice::ConfirmCancelled
        | Choice::ActivateWithKeptKeys
        | Choice::ApproveActivation
        | Choice::ApprovePin
        | Choice::ResendPin => false,
    }
}

/// The question of a shipment's hold, as one would ask a colleague; `None` where nobody is asked, because the hold ends
/// when its cause is gone. `pin`: the approval is about the PIN mail.
#[must_use]
pub const fn of_shipment(reason: Reason, pin: bool) -> Option<&'static str> {
    let question = match reason {
        Reason::ExistingKey => {
            "The person has a pre-registered key at Okta already. Is it this shipment's, or is another one wanted?"
        }
        Reason::AnotherOrderForUser => {
            "Another shipment or tool came first for the same person. Which of the two shall stay?"
        }
        Reason::EnrollOutcomeUnknown => {
            "Okta's answer to the enrolment was lost, and Okta lists one that was not there before. Whose is it?"
        }
        Reason::OrderOutcomeUnknown => {
            "YubiEnterprise gave no readable answer to the order. Does the Console show it?"
        }
        Reason::OrderRefused => "YubiEnterprise refused the order. Is what was wrong corrected?",
        Reason::StatusBehindVendors => {
            "The vendors know more than this status; a backup may have been restored. Does the Console show an order for this person?"
        }
        Reason::OrderNotFound => "YubiEnterprise no longer shows the order. Was it deleted in the Console?",
        Reason::CancelInConsole => "The order must be cancelled by a person. Is it deleted in the Console?",
        Reason::ParcelLost => "The parcel is lost. Shall its key be made useless?",
        Reason::ParcelFound => {
            "An order that had failed is shipped or delivered after all. Does the person have the parcel?"
        }
        Reason::WrongResponses => {
            "The key's answer belongs to another enrolment. Were parcels mixed up at Yubico?"
        }
        Reason::SigningKeyGone => {
            "Yubico no longer publishes a key that signed the answer. Was it rotated, or withdrawn?"
        }
        Reason::DeliveryTimedOut => {
            "The carrier reported no delivery in time. Does the person have the parcel?"
        }
        Reason::AwaitingApproval if pin => {
            "The PIN mail waits for an approval. Does the person have the parcel?"
        }
        Reason::AwaitingApproval => "The activation waits for an approval. Does the person have the parcel?",
        _ => return None,
    };
    Some(question)
}

/// The question of a rollout's hold.
#[must_use]
pub const fn of_rollout(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::AwaitingApproval => Some("A wave is through. Shall the next one begin?"),
        Reason::SourceEmpty => Some("The source names nobody any more. Shall every open order be cancelled?"),
        Reason::TooManyLeaving => {
            Some("Many people left the source at once. Shall their open orders be cancelled?")
        }
        Reason::ShipmentDeleted => {
            Some("Shipments of the rollout were deleted by somebody else. Shall the rollout go on?")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hold;

    #[test]
    fn whatever_can_be_answered_is_asked_in_words() {
        for reason in Reason::ALL.iter().copied() {
            for pin in [false, true] {
                let asked = of_shipment(reason, pin);
                assert_eq!(asked.is_some(), !hold::choices(reason, pin).is_empty(), "{reason:?}");
                assert!(asked.is_none_or(|text| text.ends_with('?')), "{reason:?}");
            }
        }
    }

    #[test]
    fn an_answer_about_one_of_several_names_which() {
        let named: Vec<_> = Choice::ALL.into_iter().filter(|choice| choice.needs().is_some()).collect();
        assert_eq!(named, [Choice::AdoptOrder, Choice::DiscardEnrollment]);
        assert_eq!(Choice::AdoptOrder.needs(), Some(Needs::ShipmentId));
        assert_eq!(Choice::DiscardEnrollment.needs(), Some(Needs::EnrollmentId));
    }

    #[test]
    fn an_answer_that_may_pay_for_a_second_key_is_known_as_one() {
        for reason in Reason::ALL.iter().copied() {
            assert!(may_order(Choice::RetryOrder, Some(reason)), "{reason:?}");
            assert!(may_order(Choice::Proceed, Some(reason)), "{reason:?}");
        }
        let discard = |reason| may_order(Choice::DiscardEnrollment, reason);
        assert!(discard(Some(Reason::EnrollOutcomeUnknown)) && discard(Some(Reason::StatusBehindVendors)));
        assert!(discard(None), "a reason that this version does not know");
        assert!(!discard(Some(Reason::ParcelLost)) && !discard(Some(Reason::WrongResponses)));
        for choice in [Choice::AdoptOrder, Choice::CancelOrder, Choice::ConfirmCancelled, Choice::ApprovePin]
        {
            assert!(!may_order(choice, None), "{choice:?}");
        }
    }

    #[test]
    fn the_page_for_the_help_desk_says_the_same_of_each_answer() {
        let page = include_str!("../../../docs/reasons.md");
        let plain = |text: &str| text.replace(['`', '*'], "");
        for choice in Choice::ALL {
            if choice == Choice::Proceed {
                continue;
            }
            let row = page
                .lines()
                .find(|line| {
                    let first = line.split('|').nth(1).unwrap_or_default();
                    line.starts_with("| `") && first.contains(&format!("`{}`", choice.as_str()))
                })
                .unwrap_or_default();
            let row = plain(row);
            assert!(row.contains(choice.leads_to()), "{choice:?}: {row}");
            assert!(row.contains(choice.be_sure()), "{choice:?}: {row}");
        }
    }
}
