//! Okta's rate limits: how many calls a window admits, of an app or token, of all paths together or of each bucket.

use crate::behaviour::Behaviour;
use crate::clock;
use crate::http::Reply;
use crate::okta::errors;
use crate::world::OktaOrg;

/// Buckets of paths, and what part of the whole limit each admits, in percent. That there are buckets is documented;
/// how large they are is a guess.
const BUCKETS: [(&str, u32); 5] = [
    ("/api/v1/users", 100),
    ("/api/v1/groups", 100),
    ("/api/v1/logs", 10),
    ("/webauthn-registration", 40),
    // Everything else.
    ("/", 100),
];

/// How many calls a window admits, and which it counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    bucket: &'static str,
    limit: u32,
    seconds: i64,
}

impl Rate {
    /// What counts a call of that path.
    pub(crate) fn of(settings: &Behaviour, path: &str) -> Self {
        let found = BUCKETS.iter().find(|(start, _)| path.starts_with(start));
        let (bucket, percent) = found.filter(|_| settings.okta_buckets).copied().unwrap_or(("", 100));
        let limit = u64::from(settings.okta_requests_a_minute) * u64::from(percent) / 100;
        Self {
            bucket,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            seconds: i64::from(settings.okta_window_seconds.max(1)),
        }
    }

    /// Number of the window that is now.
    fn now(self) -> i64 {
        clock::now().as_second() / self.seconds
    }
}

/// Counts the call against the caller's window.
pub(crate) fn count(org: &mut OktaOrg, caller: &str, rate: Rate) -> Result<(), Reply> {
    let now = rate.now();
    let window = org.rate.entry((caller.to_string(), rate.bucket)).or_insert((now, 0));
    if window.0 != now {
        *window = (now, 0);
    }
    window.1 += 1;
    if window.1 > rate.limit { Err(errors::too_many()) } else { Ok(()) }
}

/// The three rate-limit headers as they stand after a call.
pub(crate) fn headers(org: &OktaOrg, rate: Rate) -> [(String, String); 3] {
    let now = rate.now();
    let windows = org.rate.iter().filter(|((_, bucket), window)| *bucket == rate.bucket && window.0 == now);
    let used = windows.map(|(_, window)| window.1).max().unwrap_or(0);
    [
        ("x-rate-limit-limit".into(), rate.limit.to_string()),
        ("x-rate-limit-remaining".into(), rate.limit.saturating_sub(used).to_string()),
        ("x-rate-limit-reset".into(), ((now + 1) * rate.seconds).to_string()),
    ]
}
