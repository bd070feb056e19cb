//! Header fields as RFC 9110 has them: names of types in any case, the three forms of a date, fields that a gateway
//! repeated or joined.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::HeaderMap;

/// A field's value, if it is text and the same wherever it is repeated.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter().map(|value| value.to_str().ok().map(str::trim));
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// Type and subtype in small letters, without parameters; empty if there is none.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split([';', ',']).next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The longest wait that `Retry-After` asks for, counted from `now`: seconds, or a date. Fractions count as whole seconds.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let values = headers.get_all("retry-after").iter().filter_map(|value| value.to_str().ok());
    values.filter_map(|value| wish(value, now)).max()
}

fn wish(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim().trim_matches('"');
    if let Some(at) = date(value) {
        return Duration::try_from(at.duration_since(now)).ok();
    }
    // Several that a gateway joined. A number beyond all measure is a long time, not none.
    value.split(',').filter_map(|part| seconds(part.trim().trim_matches('"'))).max()
}

fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let more = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    Some(Duration::from_secs(whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(more)))
}

/// Any of the three forms; with the offset of a mail's date as well.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok().or_else(|| {
        let at: SystemTime = httpdate::parse_http_date(text).ok()?;
        let seconds = at.duration_since(UNIX_EPOCH).ok()?.as_secs();
        Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_wish_to_wait_is_heard_however_it_is_written() {
        let now: Timestamp = "1994-11-06T08:48:37Z".parse().unwrap();
        let wait =
            |values: &[&str]| retry_after(&headers("retry-after", values), now).map(|wait| wait.as_secs());
        for (values, seconds) in [
            (&["60"][..], Some(60)),
            (&[" 60 "], Some(60)),
            (&["\"60\""], Some(60)),
            (&["59.5"], Some(60)),
            (&["60", "60"], Some(60)),
            (&["30", "60"], Some(60)),
            (&["30, 60"], Some(60)),
            (&["99999999999999999999999"], Some(u64::MAX)),
            (&["Sun, 06 Nov 1994 08:49:37 GMT"], Some(60)),
            (&["Sunday, 06-Nov-94 08:49:37 GMT"], Some(60)),
            (&["Sun Nov  6 08:49:37 1994"], Some(60)),
            (&["Sun, 06 Nov 1994 08:00:00 GMT"], None),
            (&["soon"], None),
            (&["-5"], None),
            (&[""], None),
            (&["soon", "60"], Some(60)),
        ] {
            assert_eq!(wait(values), seconds, "{values:?}");
        }
    }

    #[test]
    fn a_media_type_is_compared_in_small_letters_and_without_parameters() {
        let of = |value: &str| media_type(&headers("content-type", &[value]));
        for value in ["text/html", "Text/HTML; charset=utf-8", " text/html;charset=x", "text/html, text/html"]
        {
            assert_eq!(of(value), "text/html", "{value}");
        }
        assert_eq!(of("application/problem+JSON; x=\"text/html\""), "application/problem+json");
        assert_eq!(media_type(&HeaderMap::new()), "");
    }

    #[test]
    fn a_field_that_is_repeated_counts_if_all_say_the_same() {
        assert_eq!(one(&headers("date", &["a", "a "]), "date"), Some("a"));
        assert_eq!(one(&headers("date", &["a", "b"]), "date"), None);
        assert_eq!(one(&HeaderMap::new(), "date"), None);
    }
}
