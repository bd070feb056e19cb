//! Steps of the road that last one call, or little longer.

use crate::failure::Reason;

/// What follows such a step says more, so that it is told in the status and in no Event.
#[must_use]
pub const fn lasts_one_call(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Pending
            | Reason::Validating
            | Reason::Enrolling
            | Reason::Discarding
            | Reason::Ordering
            | Reason::Activating
            | Reason::SendingPin
            | Reason::Settling
            | Reason::EnrollmentNotListed
    )
}
