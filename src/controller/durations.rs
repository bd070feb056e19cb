//! Durations as the resources write them (`336h`, `20m`); the CRD admits no others.

use jiff::SignedDuration;

/// Reads a duration that the CRD has checked; one that slipped through counts as zero.
#[must_use]
pub fn parse(text: &str) -> SignedDuration {
    text.parse().unwrap_or(SignedDuration::ZERO)
}

/// The same as a standard duration.
#[must_use]
pub fn std(text: &str) -> std::time::Duration {
    parse(text).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateway_api_durations_are_read() {
        assert_eq!(parse("336h"), SignedDuration::from_hours(336));
        assert_eq!(parse("1h30m"), SignedDuration::from_mins(90));
        assert_eq!(parse("20m"), SignedDuration::from_mins(20));
        assert_eq!(parse("1500ms"), SignedDuration::from_millis(1500));
        assert_eq!(parse("2s"), SignedDuration::from_secs(2));
        assert_eq!(parse("1h2m3s4ms"), SignedDuration::from_millis(3_723_004));
        assert_eq!(parse("99999h"), SignedDuration::from_hours(99_999));
    }
}
