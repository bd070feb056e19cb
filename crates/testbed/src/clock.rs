//! The time of this machine, as it stands in logs and journals.

use jiff::Timestamp;

/// Now (UTC).
#[expect(clippy::disallowed_methods, reason = "the clock of the storm; the operator's is its own")]
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}
