//! When an order is looked at. Times follow from the order's own time, the cadence and a hash of the uid, so
//! nothing needs to be written because time passed, and shipments ordered together are not read together.

use jiff::{SignedDuration, Timestamp};

use super::desired::Cadence;

/// The moments at which one order is read: a first one, then one every `interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    first: Timestamp,
    interval: SignedDuration,
}

/// Largest shift that the hash of the uid gives, as a share of the waiting time.
const SPREAD: i64 = 10;

impl Schedule {
    /// The schedule of an order accepted at `ordered_at`.
    #[must_use]
    pub fn new(ordered_at: Timestamp, cadence: Cadence) -> Self {
        let interval = cadence.interval.max(SignedDuration::from_secs(1));
        let spread = (cadence.first_after.as_millis() / i128::from(SPREAD)).max(1).unsigned_abs();
        let shift = i64::try_from(u128::from(cadence.phase) % spread).unwrap_or(0);
        let first = ordered_at
            .checked_add(cadence.first_after)
            .and_then(|t| t.checked_add(SignedDuration::from_millis(shift)))
            .unwrap_or(Timestamp::MAX);
        Self { first, interval }
    }

    /// The same first moment with another interval.
    #[must_use]
    pub const fn every(self, interval: SignedDuration) -> Self {
        Self { first: self.first, interval }
    }

    /// The last moment that has passed.
    #[must_use]
    pub fn last(self, now: Timestamp) -> Option<Timestamp> {
        if now < self.first {
            return None;
        }
        let passed = now.duration_since(self.first).as_millis() / self.interval.as_millis().max(1);
        self.moment(passed)
    }

    /// The next moment to come.
    #[must_use]
    pub fn next(self, now: Timestamp) -> Timestamp {
        if now < self.first {
            return self.first;
        }
        let passed = now.duration_since(self.first).as_millis() / self.interval.as_millis().max(1);
        self.moment(passed + 1).unwrap_or(Timestamp::MAX)
    }

    fn moment(self, number: i128) -> Option<Timestamp> {
        let millis = number.checked_mul(self.interval.as_millis()).and_then(|m| i64::try_from(m).ok())?;
        self.first.checked_add(SignedDuration::from_millis(millis)).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every order is read again within one interval, and never before the first moment.
        #[test]
        fn the_next_look_comes_within_one_interval(
            first in 1i64..100_000, interval in 1i64..100_000, phase: u64, later in 0i64..10_000_000,
        ) {
            let ordered = Timestamp::UNIX_EPOCH;
            let cadence = Cadence {
                first_after: SignedDuration::from_secs(first),
                interval: SignedDuration::from_secs(interval),
                phase,
            };
            let schedule = Schedule::new(ordered, cadence);
            let now = Timestamp::from_second(later).expect("in range");
            let next = schedule.next(now);
            prop_assert!(next > now);
            prop_assert!(next >= Timestamp::from_second(first).expect("in range"));
            match schedule.last(now) {
                None => prop_assert!(now < next && next == schedule.first),
                Some(last) => {
                    prop_assert!(last <= now);
                    prop_assert_eq!(next.duration_since(last), SignedDuration::from_secs(interval));
                }
            }
        }
    }
}
