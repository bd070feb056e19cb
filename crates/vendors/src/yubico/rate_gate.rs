//! The organization's gates: after a 429 no call goes out, for all shipments alike, and after a web page in the place of an
//! answer no order, until the wish of whoever refused has passed. Without one, each refusal in a row doubles the wait.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::failure::{CallError, Reason};
use tokio::time::Instant;

use crate::http::not_sent;

/// First wait where Yubico names none: its rate limits are not documented.
const FIRST: Duration = Duration::from_secs(15);

/// Doubled no more often than this: four minutes.
const DOUBLINGS: u32 = 4;

#[derive(Debug, Default)]
struct State {
    closed_until: Option<Instant>,
    refusals: u32,
    /// What the web page was that closed it.
    web_page: Option<String>,
}

/// Open, or closed for a while.
#[derive(Debug, Default)]
pub(super) struct RateGate(Mutex<State>);

impl RateGate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May a call go out now?
    pub(super) fn check(&self, now: Instant) -> Result<(), CallError> {
        let state = self.state();
        let left = state.closed_until.map(|until| until.saturating_duration_since(now));
        let Some(left) = left.filter(|left| !left.is_zero()) else { return Ok(()) };
        let asked = "YubiEnterprise asked for fewer calls, so none is sent; tried again when it allows";
        let mut error =
            not_sent(Reason::RateLimited, state.web_page.clone().unwrap_or_else(|| asked.to_owned()));
        error.failure.retry_after = Some(left);
        Err(error)
    }

    /// What the web page was that keeps it closed.
    pub(super) fn web_page(&self, now: Instant) -> Option<String> {
        let state = self.state();
        state.web_page.clone().filter(|_| state.closed_until.is_some_and(|until| until > now))
    }

    /// A call was refused, by the vendor's 429 or by a web page that says so. Gives the wait.
    pub(super) fn refused(&self, wish: Option<Duration>, web_page: Option<String>, now: Instant) -> Duration {
        let mut state = self.state();
        state.web_page = web_page;
        // Those that were under way together are one refusal.
        let first = state.closed_until.is_none_or(|until| until <= now);
        state.refusals = state.refusals.saturating_add(u32::from(first));
        let wait = wish.unwrap_or_else(|| FIRST * (1 << state.refusals.saturating_sub(1).min(DOUBLINGS)));
        // A call that was under way before the door closed must not open it sooner.
        state.closed_until = state.closed_until.max(Some(now + wait));
        wait
    }

    /// A call was answered with something else. While the door is closed that was one under way before: it says nothing
    /// of the refusals since.
    pub(super) fn passed(&self, now: Instant) {
        let mut state = self.state();
        if state.closed_until.is_none_or(|until| until <= now) {
            state.refusals = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_door_stays_closed_as_long_as_yubico_wishes_and_longer_each_time_without_a_wish() {
        let door = RateGate::default();
        assert!(door.check(Instant::now()).is_ok());
        let wish = Duration::from_secs(90);
        assert_eq!(door.refused(Some(wish), None, Instant::now()), wish);
        // One that was under way does not shorten it.
        door.refused(Some(Duration::from_secs(1)), None, Instant::now());
        tokio::time::advance(Duration::from_secs(89)).await;
        let error = door.check(Instant::now()).unwrap_err();
        assert_eq!(error.failure.retry_after, Some(Duration::from_secs(1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(door.check(Instant::now()).is_ok());
        door.passed(Instant::now());
        let mut waits = Vec::new();
        for _ in 0..6 {
            let wait = door.refused(None, None, Instant::now());
            assert_eq!(
                door.refused(None, None, Instant::now()),
                wait,
                "one that was under way beside it adds nothing"
            );
            tokio::time::advance(wait).await;
            waits.push(wait.as_secs());
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 240]);
        // The answer to a call that was under way before.
        let wait = door.refused(None, None, Instant::now());
        door.passed(Instant::now());
        tokio::time::advance(wait).await;
        assert_eq!(
            door.refused(None, None, Instant::now()).as_secs(),
            240,
            "a late answer forgot the refusals"
        );
    }
}
