//! The one place that reads the wall clock.

use jiff::{Timestamp, Unit};

/// Now (UTC), in whole microseconds: what a status can hold, so that a time written and a time read are equal.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the home of the clock")]
pub fn now() -> Timestamp {
    whole(Timestamp::now())
}

/// The same time in whole microseconds. A vendor may tell more than a status can hold, and what the API server stores
/// would look like another status than was sent.
#[must_use]
pub fn whole(at: Timestamp) -> Timestamp {
    at.round(Unit::Microsecond).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_whole_microseconds_prints_back() {
        let told: Timestamp = "2026-11-26T20:59:34.160678981Z".parse().expect("a time");
        assert_eq!(whole(told).to_string(), "2026-11-26T20:59:34.160679Z");
        assert_eq!(whole(whole(told)), whole(told));
    }
}
