//! Durations as the resources write them (`336h`, `20m`, `1h30m`); the CRD admits no others.

use jiff::SignedDuration;

/// Reads a duration that the CRD has checked; one that slipped through counts as zero.
#[must_use]
pub fn parse(text: &str) -> SignedDuration {
    read(text).unwrap_or(SignedDuration::ZERO)
}

/// The sum of the parts, in whatever order and however often a unit stands there: so the CRD's pattern admits them and
/// its rules compare them.
fn read(text: &str) -> Option<SignedDuration> {
    let mut sum = SignedDuration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, tail) = tail.split_at(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()));
        let millis = number.parse::<i64>().ok()?.checked_mul(millis_of(unit)?)?;
        sum = sum.checked_add(SignedDuration::from_millis(millis))?;
        rest = tail;
    }
    Some(sum)
}

fn millis_of(unit: &str) -> Option<i64> {
    match unit {
        "h" => Some(3_600_000),
        "m" => Some(60_000),
        "s" => Some(1_000),
        "ms" => Some(1),
        _ => None,
    }
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

    #[test]
    fn parts_count_in_any_order_and_as_often_as_they_stand_there() {
        assert_eq!(parse("30s5m"), SignedDuration::from_secs(330), "the CRD and its rules take it so");
        assert_eq!(parse("5m5m"), SignedDuration::from_mins(10));
        assert_eq!(parse("99999h99999h99999h99999h"), SignedDuration::from_hours(399_996));
    }

    #[test]
    fn what_the_crd_refuses_counts_as_zero() {
        for text in
            ["", "5", "h", "-5m", "1.5h", "5 m", "5d", "99999999999999999999h", "9223372036854775807h"]
        {
            assert_eq!(parse(text), SignedDuration::ZERO, "{text}");
        }
    }
}
