//! The vendors' journal: what was asked, what was done, and whether the answer can have arrived.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Okta makes an enrolment.
pub(crate) const ENROLL: &str = "enrollPreregistrationEnrollment";
/// Okta makes a credential able to sign in.
pub(crate) const ACTIVATE: &str = "activatePreregistrationEnrollment";
/// Okta mails a PIN.
pub(crate) const SEND_PIN: &str = "sendPin";
/// `YubiEnterprise` takes an order.
pub(crate) const ORDER: &str = "CreateFPRShipment";

/// Answers that say for certain that nothing was done.
const REFUSALS: [u16; 6] = [400, 401, 403, 404, 422, 429];

/// The operator's time-out: an answer that takes longer does not arrive.
const TIME_OUT: SignedDuration = SignedDuration::from_secs(2);

/// One call as the sandbox's journal has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call {
    pub seq: u64,
    pub at: Timestamp,
    pub operation: String,
    pub status: Option<u16>,
    pub committed: bool,
    pub faulted: bool,
    pub finished_at: Option<Timestamp>,
    pub user_id: Option<String>,
    pub enrollment_id: Option<String>,
    pub shipment_id: Option<String>,
}

impl Call {
    /// Nothing readable can have reached the caller: dropped, broken off, malformed, too late, or a server's error.
    pub(crate) fn is_unanswered(&self) -> bool {
        let Some(status) = self.status else { return true };
        let refused = REFUSALS.contains(&status);
        (!refused && (self.faulted || !(200..300).contains(&status))) || self.took() > TIME_OUT
    }

    fn took(&self) -> SignedDuration {
        self.finished_at.map_or(SignedDuration::MAX, |end| end.duration_since(self.at))
    }

    /// When the caller had its answer, or gave up.
    pub(crate) fn over(&self) -> Timestamp {
        self.at.checked_add(self.took().min(TIME_OUT)).unwrap_or(Timestamp::MAX)
    }
}

/// All calls, in the order of their arrival.
pub(crate) struct Journal(Vec<Call>);

impl Journal {
    pub(crate) fn new(calls: Vec<Call>) -> Self {
        Self(calls)
    }

    pub(crate) fn faults(&self) -> usize {
        self.0.iter().filter(|call| call.faulted).count()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Call> {
        self.0.iter()
    }

    pub(crate) fn of<'a>(&'a self, operation: &'a str) -> impl Iterator<Item = &'a Call> {
        self.0.iter().filter(move |call| call.operation == operation)
    }

    pub(crate) fn done<'a>(&'a self, operation: &'a str) -> impl Iterator<Item = &'a Call> {
        self.of(operation).filter(|call| call.committed)
    }

    /// Calls of one operation about one person.
    pub(crate) fn about<'a>(&'a self, operation: &'a str, user: &'a str) -> impl Iterator<Item = &'a Call> {
        self.of(operation).filter(move |call| call.user_id.as_deref() == Some(user))
    }
}
