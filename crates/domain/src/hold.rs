//! What waits for a person, and what the person can answer.

use super::failure::Reason;

/// A person's answer to a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Next attempt: look, discard ours, enrol, order.
    RetryOrder,
    /// Take over an order that stands at `YubiEnterprise`.
    AdoptOrder,
    /// Give up; cancel what can be cancelled.
    CancelOrder,
    /// Remove a pending enrolment by its id.
    DiscardEnrollment,
    /// The order is certainly gone.
    ConfirmCancelled,
    /// Activate with the signing keys kept beside the responses.
    ActivateWithKeptKeys,
    /// Activate the credential at Okta now, whatever the gate or the parcel's history.
    ApproveActivation,
    /// Mail the PIN now.
    ApprovePin,
    /// Mail the PIN again; answers no hold but names the mail.
    ResendPin,
    /// Go on with a rollout; answers no hold of a shipment.
    Proceed,
}

impl Choice {
    /// Every choice, those included that answer no hold of a shipment.
    pub const ALL: [Self; 10] = [
        Self::RetryOrder,
        Self::AdoptOrder,
        Self::CancelOrder,
        Self::DiscardEnrollment,
        Self::ConfirmCancelled,
        Self::ActivateWithKeptKeys,
        Self::ApproveActivation,
        Self::ApprovePin,
        Self::ResendPin,
        Self::Proceed,
    ];

    /// The choice of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }

    /// Its name in a decision.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RetryOrder => "RetryOrder",
            Self::AdoptOrder => "AdoptOrder",
            Self::CancelOrder => "CancelOrder",
            Self::DiscardEnrollment => "DiscardEnrollment",
            Self::ConfirmCancelled => "ConfirmCancelled",
            Self::ActivateWithKeptKeys => "ActivateWithKeptKeys",
            Self::ApproveActivation => "ApproveActivation",
            Self::ApprovePin => "ApprovePin",
            Self::ResendPin => "ResendPin",
            Self::Proceed => "Proceed",
        }
    }
}

/// The answers that a hold for this reason admits; none where it ends by itself when its cause is gone.
#[must_use]
pub const fn choices(reason: Reason, pin: bool) -> &'static [Choice] {
    use Choice::{
        ActivateWithKeptKeys, AdoptOrder, ApproveActivation, ApprovePin, CancelOrder, ConfirmCancelled,
        DiscardEnrollment, RetryOrder,
    };
    match reason {
        Reason::ExistingKey
        | Reason::AnotherOrderForUser
        | Reason::OrderOutcomeUnknown
        | Reason::OrderRefused => &[RetryOrder, AdoptOrder, CancelOrder],
        Reason::EnrollOutcomeUnknown | Reason::StatusBehindVendors => {
            &[RetryOrder, AdoptOrder, CancelOrder, DiscardEnrollment]
        }
        Reason::ParcelLost | Reason::WrongResponses => &[DiscardEnrollment],
        Reason::ParcelFound => &[DiscardEnrollment, ApproveActivation],
        Reason::OrderNotFound | Reason::CancelInConsole => &[ConfirmCancelled, AdoptOrder],
        Reason::SigningKeyGone => &[ActivateWithKeptKeys],
        Reason::AwaitingApproval if pin => &[ApprovePin],
        Reason::AwaitingApproval | Reason::DeliveryTimedOut => &[ApproveActivation],
        _ => &[],
    }
}

/// First part of a hold's id: which effect it stands before.
#[must_use]
pub const fn subject(reason: Reason) -> &'static str {
    match reason {
        Reason::EnrollOutcomeUnknown | Reason::EnrollRefused | Reason::ExistingKey => "enroll",
        Reason::ActivationRefused
        | Reason::SigningKeyGone
        | Reason::WrongResponses
        | Reason::DeliveryTimedOut
        | Reason::AwaitingApproval => "activate",
        Reason::ParcelLost | Reason::ParcelFound | Reason::OrderNeedsRepair | Reason::OrderNotFound => {
            "parcel"
        }
        Reason::CancelInConsole | Reason::CancelImpossible => "cancel",
        _ => "order",
    }
}
