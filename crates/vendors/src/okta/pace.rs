//! How fast Okta is called: gently while it names no limit, then as fast as our share of the limit it names, and never
//! many calls at once.
//!
//! Limits are Okta's own, a bucket each; what is left of a window is the matter of [`super::quota`].

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    Share,
    quota::{Bucket, Seen},
};

/// Calls under way at once. Okta allows 75 an org, 35 on its smallest plan, to all that call it together.
const AT_ONCE: usize = 16;

/// Okta's windows last about a minute.
const WINDOW: Duration = Duration::from_mins(1);

/// A place among the calls under way; kept until the answer is there.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "held, never read")] Option<OwnedSemaphorePermit>);

/// The pace of one bucket.
struct Lane {
    rate: NonZeroU32,
    limiter: DefaultDirectRateLimiter,
    /// First come, first served: the limiter alone lets any waiter go first.
    turn: tokio::sync::Mutex<()>,
}

/// A lane, and when Okta last named the limit it goes by; `None` while Okta has named none.
struct Known {
    lane: Arc<Lane>,
    named: Option<Instant>,
}

/// The pace of all buckets of one org.
pub(super) struct Pace {
    gentle: NonZeroU32,
    share: Share,
    lanes: Mutex<HashMap<Bucket, Known>>,
    places: Arc<Semaphore>,
}

impl Pace {
    /// `gentle`: calls a second while Okta has named no limit; no bucket is slower, its window tells when to stop.
    pub(super) fn new(gentle: NonZeroU32, share: Share) -> Self {
        Self { gentle, share, lanes: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Waits until one more call may go out.
    pub(super) async fn turn(&self, bucket: Bucket) -> Permit {
        let lane = self.lane(bucket);
        let first = lane.turn.lock().await;
        lane.limiter.until_ready().await;
        drop(first);
        // The semaphore is never closed.
        Permit(Arc::clone(&self.places).acquire_owned().await.ok())
    }

    /// Learns the limit of a bucket. The lowest that was named within a window counts: Okta's own buckets are finer
    /// than ours. A limit of 0 speaks of too many calls at once, not of a window.
    pub(super) fn learn(&self, bucket: Bucket, seen: Seen, now: Instant) {
        let Some(limit) = seen.limit.filter(|limit| *limit > 0) else { return };
        let rate = self.share.a_second(limit, WINDOW).max(self.gentle);
        let mut lanes = self.lanes();
        match lanes.get_mut(&bucket) {
            Some(known) if known.lane.rate == rate => known.named = Some(now),
            Some(known) if known.lane.rate < rate && known.named.is_some_and(|at| now < at + WINDOW) => {}
            _ => {
                lanes.insert(bucket, Known { lane: Arc::new(Lane::new(rate)), named: Some(now) });
            }
        }
    }

    fn lane(&self, bucket: Bucket) -> Arc<Lane> {
        let gentle = || Known { lane: Arc::new(Lane::new(self.gentle)), named: None };
        Arc::clone(&self.lanes().entry(bucket).or_insert_with(gentle).lane)
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Bucket, Known>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a second that the bucket is called at most.
    #[cfg(test)]
    pub(super) fn rate(&self, bucket: Bucket) -> u32 {
        self.lane(bucket).rate.get()
    }
}

impl Lane {
    fn new(rate: NonZeroU32) -> Self {
        let limiter = DefaultDirectRateLimiter::direct(Quota::per_second(rate));
        Self { rate, limiter, turn: tokio::sync::Mutex::default() }
    }
}
