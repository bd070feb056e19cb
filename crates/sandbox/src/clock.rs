//! The sandbox's time.

use jiff::Timestamp;

/// Now, to the microsecond.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
