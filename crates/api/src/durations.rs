//! Durations as the resources write them (`336h`, `20m`, `1h30m`); the CRD admits no others.

use domain::failure::{Failure, Reason};
use jiff::SignedDuration;

/// Reads a duration. The sum of the parts, in whatever order and however often a unit stands there: so the CRD's
/// pattern admits them and its rules compare them. `None`: it is none, and must not be taken for no time at all.
#[must_use]
pub fn read(text: &str) -> Option<SignedDuration> {
    let mut sum = SignedDuration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
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

/// Reads the duration of a field, named as in `calls.settle`.
///
/// # Errors
/// With this reason, naming the field.
pub fn of(field: &str, text: &str, reason: Reason) -> Result<SignedDuration, Failure> {
    read(text).ok_or_else(|| {
        Failure::new(
            reason,
            format!("spec.{field} is a duration that cannot be read, so nothing is begun; write it as in 1h30m or 90s."),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> SignedDuration {
        read(text).unwrap()
    }

    #[test]
    fn gateway_api_durations_are_read() {
        assert_eq!(parse("336h"), SignedDuration::from_hours(336));
        assert_eq!(parse("1h30m"), SignedDuration::from_mins(90));
        assert_eq!(parse("20m"), SignedDuration::from_mins(20));
        assert_eq!(parse("1500ms"), SignedDuration::from_millis(1500));
        assert_eq!(parse("2s"), SignedDuration::from_secs(2));
        assert_eq!(parse("1h2m3s4ms"), SignedDuration::from_millis(3_723_004));
        assert_eq!(parse("99999h"), SignedDuration::from_hours(99_999));
        assert_eq!(parse("0s"), SignedDuration::ZERO);
    }

    #[test]
    fn parts_count_in_any_order_and_as_often_as_they_stand_there() {
        assert_eq!(parse("30s5m"), SignedDuration::from_secs(330), "the CRD and its rules take it so");
        assert_eq!(parse("5m5m"), SignedDuration::from_mins(10));
        assert_eq!(parse("99999h99999h99999h99999h"), SignedDuration::from_hours(399_996));
    }

    /// Zero would judge a call that is under way, or time a parcel out at once.
    #[test]
    fn what_cannot_be_read_is_no_duration_and_never_zero() {
        for text in [
            "",
            "5",
            "h",
            "-5m",
            "1.5h",
            "5 m",
            "5d",
            "99999999999999999999h",
            "9223372036854775807h",
            "P14D",
            "PT1H",
            "1H",
            "1h ",
            "+1h",
            "1_000s",
            "1h-30m",
            "1h30",
            "\u{661}h",
            "\u{ff11}h",
            "0x10s",
            "5us",
            "5min",
            "1:30h",
        ] {
            assert_eq!(read(text), None, "{text}");
            let failure = of("calls.settle", text, Reason::ConnectionInvalid).unwrap_err();
            assert_eq!(failure.reason, Reason::ConnectionInvalid);
            assert!(failure.message.contains("spec.calls.settle"), "{}", failure.message);
        }
    }
}
