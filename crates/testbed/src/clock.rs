//! The time of this machine, as it stands in logs and journals.

use jiff::Timestamp;

/// The present time (UTC); of the storm, not the operator's clock.
#[expect(clippy::disallowed_methods, reason = "the clock of the storm; the operator's is its own")]
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}
