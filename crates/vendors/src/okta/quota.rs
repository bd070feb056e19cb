//! Okta's rate limits: calls that Okta would refuse are not sent.
//!
//! Okta counts per bucket of paths and answers with `X-Rate-Limit-Limit`, `-Remaining` and `-Reset` (UTC,
//! epoch seconds). A refusal for too many calls at once shows a limit of 0; its reset is only a hint.
//!
//! The operator is a guest in the org: of each window it uses its share, and others find the rest. Who may use it
//! says [`super::budget`].

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::failure::{CallError, Failure, Reason};
use system::random;
use tokio::time::Instant;

use crate::http::{Answer, not_sent};

/// No window is waited for longer, whatever the headers say.
pub const LONGEST: Duration = Duration::from_mins(2);

/// Calls that Okta counts together, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    Token,
    Users,
    Groups,
    Logs,
    Preregistration,
    Organization,
}

/// How much of each limit is ours, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u64);

impl Share {
    /// From 1 to 100; what lies outside counts as the nearer end.
    #[must_use]
    pub fn of_percent(percent: u32) -> Self {
        Self(u64::from(percent.clamp(1, 100)))
    }

    /// Calls a second that use up our share of a window and no more; one at least.
    pub(super) fn a_second(self, limit: u64, window: Duration) -> NonZeroU32 {
        let ours = limit.saturating_mul(self.0) / 100 / window.as_secs().max(1);
        u32::try_from(ours)
            .ok()
            .map_or(NonZeroU32::MAX, |ours| NonZeroU32::new(ours).unwrap_or(NonZeroU32::MIN))
    }

    /// Calls of a window that are ours; one at least, or nothing would ever go out.
    pub(super) fn of(self, limit: u64) -> u64 {
        (limit.saturating_mul(self.0) / 100).max(1)
    }

    /// Calls of a window that are left to others.
    pub(super) fn spared(self, limit: u64) -> u64 {
        limit.saturating_sub(self.of(limit))
    }
}

#[derive(Debug, Default)]
struct Gate {
    closed_until: Option<Instant>,
    refusals: u32,
    request_id: Option<String>,
    /// What the web page was that closed it.
    web_page: Option<String>,
}

/// What a call after a refusal tells Okta.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Retry {
    pub(super) request_id: Option<String>,
    pub(super) count: u32,
}

/// Where we stand in each bucket.
#[derive(Debug, Default)]
pub(super) struct Quota {
    gates: Mutex<HashMap<Bucket, Gate>>,
}

impl Quota {
    fn gates(&self) -> MutexGuard<'_, HashMap<Bucket, Gate>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May a call go out now?
    pub(super) fn check(&self, bucket: Bucket, now: Instant) -> Result<Retry, CallError> {
        let gates = self.gates();
        let Some(gate) = gates.get(&bucket) else { return Ok(Retry::default()) };
        match left(gate.closed_until, now) {
            Some(left) => {
                let used_up = "Okta's rate limit is used up; tried again when it allows";
                Err(wait(gate.web_page.as_deref().unwrap_or(used_up), left))
            }
            None => Ok(Retry { request_id: gate.request_id.clone(), count: gate.refusals }),
        }
    }

    /// What the web page was that keeps calls back at present.
    pub(super) fn web_page(&self, now: Instant) -> Option<String> {
        let gates = self.gates();
        let mut closed = gates.values().filter(|gate| left(gate.closed_until, now).is_some());
        closed.find_map(|gate| gate.web_page.clone())
    }

    /// Learns from an answer. Gives the wait after a refusal.
    pub(super) fn note(&self, bucket: Bucket, answer: &Answer, now: Instant) -> Option<Duration> {
        let seen = Seen::of(answer);
        let mut gates = self.gates();
        let gate = gates.entry(bucket).or_default();
        if answer.status == 429 {
            // Those that were under way together are one refusal: sixteen at once must not close it for a minute.
            let first = left(gate.closed_until, now).is_none();
            gate.refusals = gate.refusals.saturating_add(u32::from(first));
            let wait = seen.after_refusal(gate.refusals.saturating_sub(1)) + jitter();
            gate.web_page = answer.web_page().map(|error| error.failure.message);
            gate.request_id = answer.header("x-okta-request-id").map(str::to_owned);
            // A call that was under way when the gate closed must not open it sooner.
            gate.closed_until = gate.closed_until.max(Some(now + wait));
            return Some(wait);
        }
        let closed_until = seen.when_used_up().map(|wait| now + wait + jitter());
        // An answer that was overtaken by a later one must not open again what that one closed.
        let still = |until: Option<Instant>| until.filter(|until| *until > now);
        let overtaken = still(gate.closed_until).is_some() && gate.refusals > 0;
        gate.closed_until = closed_until.max(still(gate.closed_until));
        if !overtaken {
            (gate.refusals, gate.request_id, gate.web_page) = (0, None, None);
        }
        None
    }
}

/// What is left of a wait, if anything is.
fn left(until: Option<Instant>, now: Instant) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
}

/// Nothing of our share is left for whoever has reserved nothing.
pub(super) fn share_used_up(left: Duration) -> CallError {
    wait(
        "The operator's share of Okta's rate limit (okta.rateLimitShare) is used up; tried again in the next window",
        left + jitter(),
    )
}

fn wait(why: &str, left: Duration) -> CallError {
    let mut error = not_sent(Reason::RateLimited, why);
    error.failure = Failure { retry_after: Some(left), ..error.failure };
    error
}

/// The headers of one answer; what is missing, doubled or no number is absent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Calls that the window allows.
    pub limit: Option<u64>,
    /// Calls that are left in it.
    pub remaining: Option<u64>,
    /// Seconds from the server's `Date` to the reset.
    pub reset_in: Option<i64>,
    /// The server's own wish.
    pub retry_after: Option<Duration>,
}

impl Seen {
    /// Reads `x-rate-limit-*`, `Date` and `Retry-After`.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        let number = |name| answer.header(name).and_then(|text| text.trim().parse::<u64>().ok());
        let reset = number("x-rate-limit-reset").and_then(|at| i64::try_from(at).ok());
        Self {
            limit: number("x-rate-limit-limit"),
            remaining: number("x-rate-limit-remaining"),
            reset_in: reset.zip(answer.date()).map(|(at, date)| at.saturating_sub(date.as_second())),
            retry_after: answer.retry_after(),
        }
    }

    /// Until the window ends, by the server's clock, and a second more.
    pub(super) fn window(self) -> Option<Duration> {
        let seconds = u64::try_from(self.reset_in?.saturating_add(1).max(1)).ok()?;
        Some(Duration::from_secs(seconds).min(LONGEST))
    }

    /// The wait after a 429 that followed `refusals` others.
    #[must_use]
    pub fn after_refusal(self, refusals: u32) -> Duration {
        if let Some(wish) = self.retry_after {
            // Heard up to `LONGEST_WISH`, as YubiEnterprise's is.
            return wish;
        }
        let window = if self.limit == Some(0) { None } else { self.window() };
        window.unwrap_or_else(|| Duration::from_secs(1 << refusals.min(6)))
    }

    /// The wait when the last call of the window was just allowed.
    #[must_use]
    pub fn when_used_up(self) -> Option<Duration> {
        if self.remaining == Some(0) && self.limit != Some(0) { self.window() } else { None }
    }
}

/// Up to a second, so that not all calls come back at once.
fn jitter() -> Duration {
    Duration::from_millis(u64::from(random::byte()) * 4)
}
