//! The one place that reads the wall clock.

use jiff::{Timestamp, Unit};

/// Now (UTC), in whole microseconds: what a status can hold, so that a time written and a time read are equal.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the home of the clock")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Microsecond).unwrap_or(now)
}
