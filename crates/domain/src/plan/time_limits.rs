//! How long what belongs to an enrolment is good for, and how long a parcel may travel.

use jiff::{SignedDuration, Timestamp};

use super::situation::{Situation, after};
use crate::{fence, journal::EnrollMark};

/// Sealed requests leave within this time of their enrolment (Okta's challenge has an unknown lifetime).
pub const REQUESTS_LIVE: SignedDuration = SignedDuration::from_mins(15);

/// A call starts at most this long after its mark.
const LATEST_START: SignedDuration = SignedDuration::from_secs(fence::LATEST_START.as_secs().cast_signed());

/// Okta made the enrolment of this mark by then, or not at all.
pub(super) fn latest_creation(s: &Situation<'_>, mark: &EnrollMark) -> Timestamp {
    after(mark.at.max(mark.okta_time), s.desired.calls.timeout + LATEST_START)
}

/// When a parcel that was seen shipped has travelled for longer than `activation.deliveryTimeout`.
pub(super) fn delivery_deadline(s: &Situation<'_>) -> Option<Timestamp> {
    s.journal.times.shipped.map(|first| after(first, s.desired.delivery_timeout))
}

/// The first of two moments of which either may not come.
pub(super) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
