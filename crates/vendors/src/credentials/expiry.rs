//! When a token ends, if that can be known. Nothing here is verified: the date is advice, and the vendor decides.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;

use crate::pasted;

/// Longest payload of a token that is looked into, in characters.
const LONGEST: usize = 8 * 1024;

/// Dates outside of 2001 to 2286 are no dates of tokens.
const PLAUSIBLE: std::ops::Range<i64> = 1_000_000_000..10_000_000_000;

/// When the token of `YubiEnterprise` ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// At this time (UTC), by the token itself or by the file beside it.
    At(Timestamp),
    /// The token does not tell, and nobody else did.
    Unknown,
    /// A file is there to tell, and cannot be read; what is wrong with it, for people.
    Unreadable(String),
}

#[derive(Deserialize)]
struct Claims {
    exp: serde_json::Number,
}

/// The `exp` of a token that looks like a JWT; any other token is opaque and tells nothing. The signature is not
/// looked at.
#[must_use]
pub fn of_token(token: &str) -> Option<Timestamp> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    if payload.len() > LONGEST {
        return None;
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let seconds = claims.exp.as_i64().or_else(|| whole(claims.exp.as_f64()?))?;
    PLAUSIBLE.contains(&seconds).then(|| Timestamp::from_second(seconds).ok())?
}

/// RFC 7519 admits fractions of seconds.
fn whole(seconds: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked, and a fraction does not matter"
    )]
    (1e9..1e10).contains(&seconds).then_some(seconds as i64)
}

/// What a person wrote into the file beside the token: an RFC 3339 time, or a date, which begins at midnight UTC.
#[must_use]
pub fn of_text(text: &str) -> Option<Timestamp> {
    let text = pasted::bare(text);
    text.parse().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jwt(payload: &str) -> String {
        format!("eyJhbGciOiJIUzI1NiJ9.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_jwt_tells_its_end() {
        assert_eq!(of_token(&jwt(r#"{"org":"x","exp":1800000000}"#)), Some(at(1_800_000_000)));
        assert_eq!(of_token(&jwt(r#"{"exp":1.8e9}"#)), Some(at(1_800_000_000)));
        assert_eq!(of_token(&jwt(r#"{"exp":1800000000.75}"#)), Some(at(1_800_000_000)));
        let padded = jwt(r#"{"exp":1800000000 }"#).replacen(".c2ln", "==.c2ln", 1);
        assert_eq!(of_token(&padded), Some(at(1_800_000_000)), "padding is no reason not to know");
    }

    #[test]
    fn everything_else_is_opaque() {
        for token in [
            "",
            "opaque",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            "..",
            &jwt("{}"),
            &jwt("[1]"),
            &jwt("not json"),
            &jwt(r#"{"exp":"1800000000"}"#),
            &jwt(r#"{"exp":null}"#),
            &jwt(r#"{"exp":0}"#),
            &jwt(r#"{"exp":-1}"#),
            &jwt(r#"{"exp":1800000000000}"#),
            &jwt(r#"{"exp":1e300}"#),
            &jwt(r#"{"exp":99999999999999999999999}"#),
            &jwt(&format!(r#"{{"exp":1800000000,"x":"{}"}}"#, "a".repeat(LONGEST))),
            &jwt(&"[".repeat(5000)),
        ] {
            assert_eq!(of_token(token), None, "{token:.60}");
        }
    }

    #[test]
    fn a_person_may_write_a_time_or_a_date() {
        let midnight: Timestamp = "2027-03-01T00:00:00Z".parse().expect("a time");
        for text in [
            "2027-03-01T00:00:00Z",
            "2027-03-01",
            " 2027-03-01\n",
            "\u{feff}\"2027-03-01\"\r\n",
            "2027-03-01T01:00:00+01:00",
        ] {
            assert_eq!(of_text(text), Some(midnight), "{text}");
        }
        for text in ["", "next year", "1800000000", "2027-13-01", "03/01/2027"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_the_reader(token in ".{0,200}", payload: Vec<u8>) {
            let _ = of_token(&token);
            let _ = of_token(&format!("a.{}.b", BASE64_URL_SAFE_NO_PAD.encode(payload)));
            let _ = of_text(&token);
        }
    }
}
