//! How long something may take.

use std::{
    panic::Location,
    time::{Duration, Instant},
};

use crate::{Result, Timeout};

/// Between two looks at whatever is awaited.
const INTERVAL: Duration = Duration::from_millis(150);

/// A moment until which something is waited for.
///
/// The default is three minutes from now. That is generous on purpose: it is used up only when a test fails, and a busy
/// machine is no fault of the operator.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    start: Instant,
    end: Instant,
}

impl Default for Deadline {
    fn default() -> Self {
        Self::after(Self::DEFAULT)
    }
}

impl Deadline {
    /// What is waited for when nobody says otherwise.
    pub const DEFAULT: Duration = Duration::from_mins(3);

    /// So long from now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        let start = Instant::now();
        Self { start, end: start + duration }
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// How long it has been waited.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Asks every 150 ms until there is an answer. An answer that does not come is not waited for longer than the
    /// deadline.
    ///
    /// # Errors
    /// [`Error::Timeout`](crate::Error::Timeout), which names `what`.
    #[track_caller]
    pub fn poll<T>(self, what: &str, ask: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = Result<T>> {
        let at = Location::caller();
        async move {
            let answer = self.ask(ask).await;
            answer.ok_or_else(|| Box::new(Timeout::of(what, self.elapsed(), at)).into())
        }
    }

    /// The answer, or nothing once the deadline has passed.
    pub(crate) async fn ask<T>(self, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
        loop {
            match tokio::time::timeout(self.remaining(), ask()).await {
                Ok(Some(answer)) => return Some(answer),
                Err(_) => return None,
                Ok(None) if self.has_passed() => return None,
                Ok(None) => tokio::time::sleep(INTERVAL).await,
            }
        }
    }
}
