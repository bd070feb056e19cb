//! Headers that decide when the next call goes out, and where: rate limits, `Retry-After`, `Date`, `Link`.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vendors::{
    http::{Api, LONGEST_WISH, Nature},
    okta::decode::{self, LONGEST_WAIT, Limits},
};
use yubikey_shipment_fuzz::{answer, is_fair};

fuzz_target!(|input: &[u8]| {
    let Some((_, answer)) = answer::parse(input, Api::Okta, |_| Nature::Read) else { return };
    if let Some(date) = answer.date() {
        assert_eq!(date.subsec_nanosecond(), 0, "`Date` has whole seconds");
    }
    assert!(answer.retry_after().is_none_or(|wait| wait <= LONGEST_WISH));
    limits(Limits::of(&answer));
    match decode::next_page(&answer) {
        Ok(next) => {
            assert!(next.is_none_or(|url| url.to_string().parse() == Ok(url)), "printed and read again");
        }
        Err(error) => is_fair(&answer, &error),
    }
});

/// No wait is for ever, and none is skipped after a refusal.
fn limits(limits: Limits) {
    for refusals in [0, 1, 6, 7, u32::MAX] {
        let wait = limits.after_refusal(refusals);
        assert!(wait <= limits.retry_after.unwrap_or(LONGEST_WAIT));
        assert!(limits.retry_after.is_some() || wait >= Duration::from_secs(1), "called again at once");
    }
    if let Some(wait) = limits.when_used_up() {
        assert!(wait >= Duration::from_secs(1) && wait <= LONGEST_WAIT);
        assert_eq!(limits.remaining, Some(0), "stopped without need");
    }
}
