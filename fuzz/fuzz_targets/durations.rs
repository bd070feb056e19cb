//! Durations and times of a spec: what the definitions admit is read as it stands there.
#![no_main]

use api::{durations, moment::Moment};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

/// `maxLength` and repetitions of the pattern in the definitions.
const LONGEST: usize = 32;
const PARTS: usize = 4;
const DIGITS: usize = 5;

fuzz_target!(|text: &str| {
    let read = durations::read(text);
    assert!(read.is_none_or(|read| !read.is_negative()));
    if let Some(millis) = admitted(text) {
        assert_eq!(read.map(|read| read.as_millis()), Some(i128::from(millis)), "{text} is another time");
    }
    if let Some(at) = Moment(text.to_owned()).read() {
        assert_eq!(at.to_string().parse::<Timestamp>().ok(), Some(at));
    }
});

/// Milliseconds of a text that `^([0-9]{1,5}(h|m|s|ms)){1,4}$` matches.
fn admitted(text: &str) -> Option<i64> {
    let (mut sum, mut parts, mut rest) = (0, 0, text.as_bytes());
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > DIGITS || parts == PARTS {
            return None;
        }
        let number: i64 = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        let (unit, length) = match &rest[digits..] {
            [b'm', b's', ..] => (1, 2),
            [b'h', ..] => (3_600_000, 1),
            [b'm', ..] => (60_000, 1),
            [b's', ..] => (1_000, 1),
            _ => return None,
        };
        sum += number * unit;
        parts += 1;
        rest = &rest[digits + length..];
    }
    (parts > 0 && text.len() <= LONGEST).then_some(sum)
}
