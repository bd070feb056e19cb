//! The enrolment as the journal knows it.

use jiff::{SignedDuration, Timestamp};

use crate::ids::{EnrollmentId, KeyId, RpId, Sealed};

/// Number of an attempt; counts up within one resource.
pub type Attempt = u32;

/// For so long after the mark of an enrolment its absence from Okta's list proves nothing: the list may lag. A guess;
/// no document promises a bound, and the sealed requests live no longer.
const LIST_LAGS: SignedDuration = SignedDuration::from_mins(15);

/// Mark of an enrolment: written before the call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnrollMark {
    /// Our clock (UTC).
    pub at: Timestamp,
    /// Okta's clock at the look before (UTC).
    pub okta_time: Timestamp,
    /// What that look showed.
    pub shown: Vec<EnrollmentId>,
}

/// Okta's sealed requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requests {
    /// Okta's `pinRequestJwe`, at most [`Sealed::LIMIT`] bytes.
    pub pin: Sealed,
    /// Okta's `credRequestJwe`, at most [`Sealed::LIMIT`] bytes.
    pub credential: Sealed,
}

/// An enrolment that exists at Okta.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Made {
    /// Which attempt made it.
    pub attempt: Attempt,
    /// Written before its call; of an enrolment that was taken over, the time at which Okta made it.
    pub mark: EnrollMark,
    /// Id of the factor.
    pub id: EnrollmentId,
    /// Key that opens the answer; not known of an enrolment that was taken over.
    pub key_id: Option<KeyId>,
    /// For which host.
    pub rp_id: RpId,
    /// When the answer came, by our clock (UTC).
    pub created_at: Timestamp,
    /// Kept until the order is placed.
    pub requests: Option<Requests>,
    /// Okta was told that the order failed for good.
    pub marked_error: bool,
    /// Written before it is discarded.
    pub discard_mark: Option<Timestamp>,
}

impl Made {
    /// May Okta's list not show it yet, although it stands?
    #[must_use]
    pub fn may_be_unlisted(&self, now: Timestamp) -> bool {
        now.duration_since(self.mark.at) < LIST_LAGS
    }
}

/// The pre-registration at Okta.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Enrollment {
    /// No attempt yet.
    Never,
    /// Marked; no receipt.
    Open(Attempt, EnrollMark),
    /// Nothing was made.
    Refused(Attempt),
    /// It exists at Okta, whether it is still pending or not.
    Made(Made),
    /// We removed it.
    Discarded(Attempt),
}

impl Enrollment {
    /// Number of the last attempt.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        match self {
            Self::Never => 0,
            Self::Open(n, _) | Self::Refused(n) | Self::Discarded(n) => *n,
            Self::Made(m) => m.attempt,
        }
    }
}
