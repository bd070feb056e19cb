//! Everything that says when Okta may be called: the pace, what is left of each window, and who has reserved it.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use domain::failure::CallError;
use tokio::time::Instant;

use super::{
    Permit,
    budget::{Budget, Calls, Reservation, UnderWay},
    pace::Pace,
    quota::{Bucket, Quota, Retry, Seen, Share, share_used_up},
};
use crate::http::Answer;

/// Can the call still wait?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Yes: it begins something.
    Planned,
    /// Nothing is sent yet: may it be, if it came now?
    Asking,
    /// No: what leads to it is done, and its mark is written.
    Prepared,
}

/// All limits of one org.
pub(super) struct Limits {
    pub(super) quota: Quota,
    pace: Pace,
    budget: Arc<Budget>,
}

impl Limits {
    /// `gentle`: calls a second while Okta has named no limit.
    pub(super) fn new(gentle: NonZeroU32, share: Share) -> Self {
        Self { quota: Quota::default(), pace: Pace::new(gentle, share), budget: Arc::new(Budget::new(share)) }
    }

    /// Waits until one more call may go out.
    pub(super) async fn turn(&self, bucket: Bucket) -> Permit {
        self.pace.turn(bucket).await
    }

    /// May a call go out now? What was reserved for its caller may.
    ///
    /// # Errors
    /// `RateLimited` with the time to wait.
    pub(super) fn begin(
        &self,
        bucket: Bucket,
        urgency: Urgency,
        reservation: Option<&Reservation>,
        now: Instant,
    ) -> Result<(Retry, UnderWay), CallError> {
        let retry = self.quota.check(bucket, now)?;
        let reserved = reservation.filter(|reservation| reservation.holds(bucket));
        let under_way = match (urgency, reserved) {
            (Urgency::Planned | Urgency::Asking, None) => {
                self.budget.begin(bucket, now).map_err(share_used_up)?
            }
            (Urgency::Asking, Some(_)) => self.budget.begin_anyway(bucket, None),
            (Urgency::Planned | Urgency::Prepared, reserved) => self.budget.begin_anyway(bucket, reserved),
        };
        Ok((retry, under_way))
    }

    /// Sets calls aside for what is about to begin.
    ///
    /// # Errors
    /// `RateLimited` with the time to wait.
    pub(super) fn reserve(&self, calls: Calls, now: Instant) -> Result<Reservation, CallError> {
        for bucket in calls.buckets() {
            self.quota.check(bucket, now)?;
        }
        self.budget.reserve(calls, now).map_err(share_used_up)
    }

    /// Calls of a window that are ours, where Okta named its limit.
    pub(super) fn a_window(&self, calls: Calls, now: Instant) -> Option<u64> {
        self.budget.a_window(calls, now)
    }

    /// Learns from an answer. Gives the wait after a refusal.
    pub(super) fn learn(&self, bucket: Bucket, answer: &Answer, now: Instant) -> Option<Duration> {
        let seen = Seen::of(answer);
        self.pace.learn(bucket, seen, now);
        self.budget.note(bucket, seen, now);
        self.quota.note(bucket, answer, now)
    }
}
