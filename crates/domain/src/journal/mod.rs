//! The journal: what we did at the vendors, and what we are not sure we did.
//!
//! It is the in-memory form of `status`. Everything here is a fact that was written or seen; the stage of the
//! road is derived from it by matching, never stored. A receipt goes only into the mark of its own attempt.

mod enrollment;
mod observe;
mod order;
mod record;

pub use self::{
    enrollment::{Attempt, EnrollMark, Enrollment, Made, Requests},
    order::{Accepted, Missing, Order, RefusedOrder},
};

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::{
    desired::Orgs,
    failure::{Arrival, CallError, Reason},
    hold::Choice,
    ids::{EnrollmentId, RpId, Serial, ShipmentId, UserId},
    vendor_states::{NewEnrollment, ParcelClass, PublicKey, Responses},
};

/// Yubico's answers and the signing keys that were published when they were first seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kept {
    /// As `YubiEnterprise` showed them last.
    pub responses: Responses,
    /// Signing keys of that moment.
    pub signing_keys: Vec<PublicKey>,
}

/// The PIN mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pin {
    /// Number of the mail.
    pub id: u32,
    /// Written before Okta is asked; gone with the receipt.
    pub mark: Option<Timestamp>,
    /// When Okta was asked (UTC), the last three.
    pub mails: Vec<Timestamp>,
    /// A person asked for another mail.
    pub resend: bool,
}

/// A pending enrolment that a person, or the judgement of a lost answer, wants removed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unwanted {
    /// Okta's id of the pre-registered factor.
    pub id: EnrollmentId,
    /// Written before it is discarded (UTC).
    pub mark: Option<Timestamp>,
}

/// An order that is to be taken over, once the vendor shows that it fits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Adoption {
    /// Its id at `YubiEnterprise`.
    pub shipment: ShipmentId,
    /// When it was named, by a person or by the search (UTC).
    pub since: Timestamp,
    /// By a person: what the vendor does not show is no obstacle.
    pub by_person: bool,
}

/// What a person approved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Approved {
    /// The activation, whatever the gate or the parcel's history.
    pub activation: bool,
    /// The PIN mail.
    pub pin: bool,
    /// Activation with the signing keys kept beside the responses.
    pub kept_keys: bool,
}

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hold {
    /// A decision names it; its end cannot be known beforehand.
    pub id: String,
    /// What is asked or what stops it; docs/reasons.md has a line for each.
    pub reason: Reason,
    /// What happened and what to do next.
    pub message: String,
    /// Since when (UTC).
    pub since: Timestamp,
    /// Generation of the spec that is held; a later one ends the hold.
    pub generation: i64,
    /// What can be answered.
    pub choices: Vec<Choice>,
    /// It was found by reading the person, whom the connection's policy does not admit as read. Other policies are
    /// judged before anything is read.
    pub found_by_read: bool,
}

impl Hold {
    /// Only an answer or a changed spec ends it. Behind a shipment that is only older no answer is asked for.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        match self.reason {
            Reason::ExistingKey
            | Reason::EnrollOutcomeUnknown
            | Reason::OrderOutcomeUnknown
            | Reason::OrderRefused
            | Reason::StatusBehindVendors
            | Reason::ParcelFound
            | Reason::WrongResponses
            | Reason::SigningKeyGone
            | Reason::OrderNotFound
            | Reason::DeliveryTimedOut
            | Reason::CancelInConsole
            | Reason::AwaitingApproval => true,
            // Of a key that signs in there is nothing to answer: it is told as long as it is so. Behind a shipment that is only
            // older no answer is asked for either: it ends when that one goes or may not order any more.
            Reason::ParcelLost | Reason::AnotherOrderForUser => !self.choices.is_empty(),
            _ => false,
        }
    }
}

/// The failure of the last pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LastFailure {
    /// Another reason, or another message, counts anew.
    pub reason: Reason,
    /// What happened and what to do next.
    pub message: String,
    /// Since when (UTC).
    pub since: Timestamp,
    /// How often in a row, as far as the delay still grows.
    pub count: u32,
}

/// First time of each step (UTC). States may go back, these never do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Times {
    /// The enrolment was made, or taken over, by our clock.
    pub enrolled: Option<Timestamp>,
    /// `YubiEnterprise` accepted the order, or it was taken over.
    pub ordered: Option<Timestamp>,
    /// Seen in transit.
    pub shipped: Option<Timestamp>,
    /// State 104 was seen.
    pub delivered: Option<Timestamp>,
    /// Okta activated the credential, or its list showed that it is active.
    pub activated: Option<Timestamp>,
    /// Okta took the request to mail the PIN, or the PIN is not needed any more.
    pub pin_sent: Option<Timestamp>,
    /// Seen used: the person has signed in with the key.
    pub used: Option<Timestamp>,
}

/// Everything we did and saw for one shipment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Journal {
    /// For whom; written with the first mark.
    pub user: Option<UserId>,
    /// Under which organizations; written with the first mark.
    pub orgs: Option<Orgs>,
    /// What stands at Okta, as far as we know.
    pub enrollment: Enrollment,
    /// What stands at `YubiEnterprise`, as far as we know.
    pub order: Order,
    /// Serial and firmware of the key.
    pub key: Option<(Serial, String)>,
    /// Sealed answers, until activated.
    pub kept: Option<Kept>,
    /// The PIN mails that Okta was asked for, and those still wanted.
    pub pin: Pin,
    /// When each step was first seen or done; it outlives what it came from.
    pub times: Times,
    /// To be removed at Okta.
    pub unwanted: Option<Unwanted>,
    /// To be taken over.
    pub adoption: Option<Adoption>,
    /// What a person approved.
    pub approved: Approved,
    /// A person asked for the next attempt: what is left of the last one is removed first.
    pub retry: bool,
    /// What waits for a person.
    pub hold: Option<Hold>,
    /// The failure of the last pass.
    pub last_failure: Option<LastFailure>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            user: None,
            orgs: None,
            enrollment: Enrollment::Never,
            order: Order::Never,
            key: None,
            kept: None,
            pin: Pin::default(),
            times: Times::default(),
            unwanted: None,
            adoption: None,
            approved: Approved::default(),
            retry: false,
            hold: None,
            last_failure: None,
        }
    }
}

/// An effect that must stand in the journal before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Marked {
    /// Okta: make an enrolment.
    Enroll,
    /// `YubiEnterprise`: place the order.
    Order,
    /// Okta: remove our pending enrolment.
    Discard,
    /// Okta: mail the PIN.
    SendPin,
}

/// What became of a marked effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// What Okta made, and for which RP id.
    Enrolled(NewEnrollment, RpId),
    /// The shipment's id.
    Ordered(ShipmentId),
    /// The enrolment is gone, or Okta took the PIN request.
    Done,
    /// Definitely not done.
    Refused {
        /// The same request may be sent again.
        retryable: bool,
    },
    /// It may have been done.
    Unknown,
    /// A web page of something in between came in place of the answer to an order, with this HTTP status: it may have
    /// been done.
    WebPage(u16),
}

impl Receipt {
    /// What a call without a usable answer means for its mark.
    #[must_use]
    pub fn of_failed_call(what: Marked, error: &CallError) -> Self {
        match (error.arrival, what, error.web_page) {
            (Arrival::NotSent, ..) => Self::Refused { retryable: true },
            // Only YubiEnterprise's own word refuses what was ordered; 401, 403, 429 and what a gateway refused in its place
            // may go again.
            (Arrival::Refused, ..) => {
                Self::Refused { retryable: error.failure.reason != Reason::OrderRefused }
            }
            // What came in place of an answer is told to whoever must look for the order.
            (Arrival::Unclear, Marked::Order, Some(status)) => Self::WebPage(status),
            (Arrival::Unclear, ..) => Self::Unknown,
        }
    }
}

/// Most mails Okta is asked for within a day, and how many times are kept.
pub const MAILS_A_DAY: usize = 3;

/// Tries of a call whose refusal may be a passing fault.
const AMBIGUOUS_TRIES: u32 = 4;

impl Journal {
    /// Okta words a passing fault and a bad request alike ("unexpected internal error, try again"): a few tries tell.
    #[must_use]
    pub fn tries_again(&self, reason: Reason) -> bool {
        let ambiguous =
            matches!(reason, Reason::EnrollRefused | Reason::ActivationRefused | Reason::PinRefused);
        let tries = self.last_failure.as_ref().filter(|t| t.reason == reason).map_or(0, |t| t.count);
        ambiguous && tries < AMBIGUOUS_TRIES
    }

    /// Nothing was ever sent for this shipment.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.enrollment == Enrollment::Never && self.order == Order::Never
    }

    /// Has an effect at the vendors that is not ended: it comes first among the shipments of one person.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let enrolled = matches!(self.enrollment, Enrollment::Open(..) | Enrollment::Made(_));
        let finished = self.times.pin_sent.is_some() || matches!(self.order, Order::Cancelled(..));
        enrolled && !finished
    }

    /// Was this enrolment there before ours, whose answer is not known, was asked for?
    #[must_use]
    pub fn was_shown(&self, id: &EnrollmentId) -> bool {
        matches!(&self.enrollment, Enrollment::Open(_, mark) if mark.shown.contains(id))
    }

    /// An enrolment may be begun for this shipment that nothing stands for yet: whoever does needs a place among the
    /// open orders.
    #[must_use]
    pub const fn may_begin(&self) -> bool {
        matches!(self.order, Order::Never | Order::Refused(_))
            && matches!(
                self.enrollment,
                Enrollment::Never | Enrollment::Refused(_) | Enrollment::Discarded(_)
            )
    }

    /// A key may be under way that counts among the open orders.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        let under_way = match &self.order {
            Order::Open(..) | Order::Unknown(..) => true,
            Order::Accepted(order) => !matches!(
                order.state.map(|(state, _)| state.class),
                Some(ParcelClass::Delivered | ParcelClass::Failed)
            ),
            Order::Never | Order::Refused(_) | Order::Cancelled(..) => false,
        };
        under_way && self.times.pin_sent.is_none()
    }

    /// Our enrolment, if it exists.
    #[must_use]
    pub const fn made(&self) -> Option<&Made> {
        match &self.enrollment {
            Enrollment::Made(made) => Some(made),
            _ => None,
        }
    }

    pub(super) fn made_mut(&mut self) -> Option<&mut Made> {
        match &mut self.enrollment {
            Enrollment::Made(made) => Some(made),
            _ => None,
        }
    }

    /// The accepted order, if there is one.
    #[must_use]
    pub const fn accepted(&self) -> Option<&Accepted> {
        match &self.order {
            Order::Accepted(accepted) => Some(accepted),
            _ => None,
        }
    }

    pub(super) fn accepted_mut(&mut self) -> Option<&mut Accepted> {
        match &mut self.order {
            Order::Accepted(accepted) => Some(accepted),
            _ => None,
        }
    }
}
