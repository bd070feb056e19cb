//! Times as people say them.

use jiff::{SignedDuration, Timestamp};

/// How long ago, as kubectl writes ages: the two largest units at most.
#[must_use]
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    span(now.duration_since(then))
}

/// How long until then; `now` once it has passed.
#[must_use]
pub fn ends_in(then: Timestamp, now: Timestamp) -> String {
    if then <= now { "now".to_owned() } else { format!("in {}", span(then.duration_since(now))) }
}

/// The day and minute (UTC).
#[must_use]
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn span(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (8.., ..) => format!("{days}d"),
        (1.., ..) if hours % 24 > 0 => format!("{days}d{}h", hours % 24),
        (1.., ..) => format!("{days}d"),
        (_, 8.., _) => format!("{hours}h"),
        (_, 1.., _) if minutes % 60 > 0 => format!("{hours}h{}m", minutes % 60),
        (_, 1.., _) => format!("{hours}h"),
        (_, _, 1..) => format!("{minutes}m"),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectl_writes_them() {
        let now: Timestamp = "2027-01-31T12:00:00Z".parse().unwrap();
        let cases = [
            (5, "5s"),
            (60, "1m"),
            (3_600, "1h"),
            (5_400, "1h30m"),
            (36_000, "10h"),
            (90_000, "1d1h"),
            (864_000, "10d"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(ago(now - SignedDuration::from_secs(seconds), now), expected);
        }
        assert_eq!(ago(now + SignedDuration::from_secs(9), now), "0s", "clocks differ a little");
        assert_eq!(ends_in(now, now), "now");
        assert_eq!(ends_in(now + SignedDuration::from_hours(6), now), "in 6h");
        assert_eq!(day(now), "2027-01-31 12:00 UTC");
    }
}
