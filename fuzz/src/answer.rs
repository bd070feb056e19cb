//! An answer as text: `operation status`, header lines, an empty line, the body.
//!
//! ```text
//! enroll 200
//! date: Tue, 05 Jan 2027 20:43:19 GMT
//!
//! {"pinRequestJwe":"secret-pin"}
//! ```

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use vendors::http::{Answer, Api, BODY_LIMIT, Nature};

/// 2027-01-05T20:43:19Z, when every call is sent, and every conversation begins.
pub const SENT: i64 = 1_799_181_799;

/// How an operation counts.
pub type NatureOf = fn(&str) -> Nature;

/// Operation and answer, or nothing if the text is none.
#[must_use]
pub fn parse(input: &[u8], api: Api, nature: NatureOf) -> Option<(&str, Answer)> {
    let end = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
    let (head, body) = input.split_at(end);
    let mut lines = head.split(|byte| *byte == b'\n');
    let (operation, status) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let status = status.trim().parse().ok().filter(|status| (100..600).contains(status))?;
    let body = body.get(2..).unwrap_or_default();
    if body.len() > BODY_LIMIT {
        return None;
    }
    let sent = Timestamp::from_second(SENT).ok()?;
    let received = Timestamp::from_second(SENT + 1).ok()?;
    let place = "https://vendor.example".to_owned();
    let (headers, body) = (headers(lines), body.to_vec());
    Some((operation, Answer { api, nature: nature(operation), place, status, headers, body, sent, received }))
}

/// What no HTTP library would hand on is left out.
fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

/// The body as JSON; null if it is none.
#[must_use]
pub fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// The text of a member.
#[must_use]
pub fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}
