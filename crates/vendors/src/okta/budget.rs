//! What is left of our share of Okta's windows, and for whom: calls under way, and calls that were reserved for what
//! has begun and must be able to finish.
//!
//! Okta may count two of our buckets together, or several paths of one bucket apart. Which it does it never says, but
//! each answer names limit and reset: windows with the same are taken for one, and a bucket that shows several has the
//! least of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::quota::{Bucket, Seen, Share};

/// Calls under way and reserved while no answer of a bucket has shown yet whether it has a limit.
const BLIND: u64 = 16;

/// Length of Okta's windows, as far as is known.
const WINDOW: Duration = Duration::from_mins(1);

/// Ends that lie closer together are of one window: the server's clock has full seconds.
const SAME: Duration = Duration::from_secs(3);

/// What was reserved or is under way is free again after about this long.
const SOON: Duration = Duration::from_secs(3);

/// Okta's calls that a pass reserves before its first one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Of the user API.
    pub users: u32,
    /// Of the pre-registration API.
    pub preregistration: u32,
}

impl Calls {
    /// Is there nothing to reserve?
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.users == 0 && self.preregistration == 0
    }

    /// Those of which some are wanted.
    pub(super) fn buckets(self) -> impl Iterator<Item = Bucket> {
        self.by_bucket().into_iter().filter(|(_, count)| *count > 0).map(|(bucket, _)| bucket)
    }

    const fn by_bucket(self) -> [(Bucket, u64); 2] {
        [(Bucket::Users, self.users as u64), (Bucket::Preregistration, self.preregistration as u64)]
    }

    fn of(&mut self, bucket: Bucket) -> Option<&mut u32> {
        match bucket {
            Bucket::Users => Some(&mut self.users),
            Bucket::Preregistration => Some(&mut self.preregistration),
            Bucket::Token | Bucket::Groups | Bucket::Logs | Bucket::Organization => None,
        }
    }
}

/// One of Okta's windows.
#[derive(Debug, Clone, Copy)]
struct Window {
    limit: u64,
    /// Calls that are ours and left, by the last answer.
    left: u64,
    ends: Instant,
    /// By an answer of this very bucket, not of one that shared its window so far.
    named: bool,
}

impl Window {
    fn left(&self, share: Share, now: Instant) -> u64 {
        if now < self.ends { self.left } else { share.of(self.limit) }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.limit == other.limit && apart(self.ends, other.ends) <= SAME
    }
}

fn apart(a: Instant, b: Instant) -> Duration {
    a.saturating_duration_since(b).max(b.saturating_duration_since(a))
}

#[derive(Debug, Default)]
struct State {
    windows: Vec<Window>,
    answered: bool,
    under_way: u64,
    reserved: u64,
}

impl State {
    const fn taken(&self) -> u64 {
        self.under_way + self.reserved
    }
}

/// The budget of one org.
#[derive(Debug)]
pub(super) struct Budget {
    share: Share,
    states: Mutex<HashMap<Bucket, State>>,
}

/// Calls that only their owner may make; what is left of them goes back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    left: Mutex<Calls>,
}

/// One call under way; ends when it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    budget: Arc<Budget>,
    bucket: Bucket,
}

impl Budget {
    pub(super) fn new(share: Share) -> Self {
        Self { share, states: Mutex::default() }
    }

    fn states(&self) -> MutexGuard<'_, HashMap<Bucket, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets so many calls of each bucket aside. What is more than a whole window holds is set aside when nothing else
    /// goes on, or it would never begin.
    ///
    /// # Errors
    /// When to ask again.
    pub(super) fn reserve(self: &Arc<Self>, calls: Calls, now: Instant) -> Result<Reservation, Duration> {
        let mut states = self.states();
        let desired = calls.by_bucket();
        for (bucket, count) in desired {
            states.entry(bucket).or_default().reserved += count;
        }
        let whole: u64 = desired.iter().map(|(_, count)| count).sum();
        let short = desired.into_iter().filter(|(_, count)| *count > 0);
        let wait = short.filter_map(|(bucket, _)| self.short(&states, bucket, whole, now)).max();
        if let Some(wait) = wait {
            for (bucket, count) in desired {
                states.entry(bucket).or_default().reserved -= count;
            }
            return Err(wait);
        }
        Ok(Reservation { budget: Arc::clone(self), left: Mutex::new(calls) })
    }

    /// One call now.
    ///
    /// # Errors
    /// When our share is used up, or reserved: when to ask again.
    pub(super) fn begin(self: &Arc<Self>, bucket: Bucket, now: Instant) -> Result<UnderWay, Duration> {
        let mut states = self.states();
        states.entry(bucket).or_default().under_way += 1;
        match self.short(&states, bucket, 1, now) {
            None => Ok(UnderWay { budget: Arc::clone(self), bucket }),
            Some(wait) => {
                states.entry(bucket).or_default().under_way -= 1;
                Err(wait)
            }
        }
    }

    /// One call that goes out whatever is left: it is reserved, or its mark is written.
    pub(super) fn begin_anyway(self: &Arc<Self>, bucket: Bucket, reserved: Option<&Reservation>) -> UnderWay {
        let mut states = self.states();
        let state = states.entry(bucket).or_default();
        if reserved.is_some_and(|reservation| reservation.use_one(bucket)) {
            state.reserved = state.reserved.saturating_sub(1);
        }
        state.under_way += 1;
        UnderWay { budget: Arc::clone(self), bucket }
    }

    /// Learns from an answer; the order in which they arrive is not that in which Okta gave them.
    pub(super) fn note(&self, bucket: Bucket, seen: Seen, now: Instant) {
        let mut states = self.states();
        let state = states.entry(bucket).or_default();
        state.answered = true;
        let (Some(limit), Some(remaining)) = (seen.limit.filter(|limit| *limit > 0), seen.remaining) else {
            return;
        };
        let Some(rest) = seen.window() else { return };
        let left = remaining.saturating_sub(self.share.spared(limit));
        let new = Window { limit, left, ends: now + rest, named: true };
        state.windows.retain(|window| now < window.ends + WINDOW);
        let old = match state.windows.iter_mut().find(|window| window.limit == limit) {
            None => {
                state.windows.push(new);
                return;
            }
            Some(known) if known.is_same(&new) => {
                *known = Window { left: known.left.min(new.left), named: true, ..*known };
                return;
            }
            Some(known) if new.ends > known.ends || !known.named => std::mem::replace(known, new),
            Some(_) => return,
        };
        if old.named && new.ends > old.ends {
            // Whoever shared the old window shares the new one, until an answer of its own says otherwise.
            let all = states.values_mut().flat_map(|state| &mut state.windows);
            all.filter(|window| window.is_same(&old)).for_each(|w| *w = Window { named: false, ..new });
        }
    }

    /// Is more taken than there is? Then how long to wait.
    fn short(
        &self,
        states: &HashMap<Bucket, State>,
        bucket: Bucket,
        desired: u64,
        now: Instant,
    ) -> Option<Duration> {
        let state = states.get(&bucket)?;
        let known: Vec<_> = state.windows.iter().filter(|window| now < window.ends + WINDOW).collect();
        if known.is_empty() {
            return (!state.answered && state.taken() > BLIND.max(desired)).then_some(SOON);
        }
        known.into_iter().filter_map(|window| self.short_of(states, window, desired, now)).max()
    }

    fn short_of(
        &self,
        states: &HashMap<Bucket, State>,
        window: &Window,
        desired: u64,
        now: Instant,
    ) -> Option<Duration> {
        let (mut left, mut taken) = (window.left(self.share, now), 0);
        for state in states.values() {
            let Some(same) = state.windows.iter().find(|other| other.is_same(window)) else { continue };
            left = left.min(same.left(self.share, now));
            taken += state.taken();
        }
        let alone = taken == desired && left >= self.share.of(window.limit);
        if taken <= left || alone {
            return None;
        }
        Some(window.ends.saturating_duration_since(now).max(SOON))
    }

    /// Calls of a window that are ours, where one is known: the least of the buckets that count.
    pub(super) fn a_window(&self, calls: Calls, now: Instant) -> Option<u64> {
        let states = self.states();
        let counted = calls.by_bucket().into_iter().filter(|(_, count)| *count > 0);
        let windows = counted.filter_map(|(bucket, _)| states.get(&bucket)).flat_map(|state| &state.windows);
        windows.filter(|window| now < window.ends + WINDOW).map(|window| self.share.of(window.limit)).min()
    }
}

impl Reservation {
    fn left(&self) -> MutexGuard<'_, Calls> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is one of them for this bucket?
    pub(super) fn holds(&self, bucket: Bucket) -> bool {
        self.left().of(bucket).is_some_and(|left| *left > 0)
    }

    fn use_one(&self, bucket: Bucket) -> bool {
        let mut calls = self.left();
        let Some(left) = calls.of(bucket).filter(|left| **left > 0) else { return false };
        *left -= 1;
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let calls = *self.left();
        let mut states = self.budget.states();
        for (bucket, count) in calls.by_bucket() {
            if let Some(state) = states.get_mut(&bucket) {
                state.reserved = state.reserved.saturating_sub(count);
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(state) = self.budget.states().get_mut(&self.bucket) {
            state.under_way = state.under_way.saturating_sub(1);
        }
    }
}
