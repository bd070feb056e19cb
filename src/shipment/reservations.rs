//! Places among a namespace's open orders, and the one place among a person's shipments. Passes run side by side and the cache shows an order late: without places
//! that are held, all of them would see the last free one.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::kubernetes::index::IndexKey;

/// How long the cache may take to show what a pass wrote.
const LAG: Duration = Duration::from_secs(10);

/// Whoever waits for a place asks again sooner than this; who did not does not wait any more.
const ASKS_WITHIN: Duration = Duration::from_secs(90);

type Taken = HashMap<IndexKey, HashMap<String, Option<Instant>>>;

/// Who waits for a place, the oldest first, and when it asked last.
type Waiting = HashMap<IndexKey, BTreeMap<(Timestamp, String), Instant>>;

/// Orders that are open, as far as the cache shows them.
pub trait Open {
    /// How many are open, as far as the cache shows them.
    fn count(&self) -> usize;

    /// Is this one's among them?
    fn has(&self, id: &str) -> bool;
}

impl<S: BuildHasher> Open for HashSet<String, S> {
    fn count(&self) -> usize {
        self.len()
    }

    fn has(&self, id: &str) -> bool {
        self.contains(id)
    }
}

/// All places that passes hold.
#[derive(Debug, Clone, Default)]
pub struct Reservations {
    taken: Arc<Mutex<Taken>>,
    waiting: Arc<Mutex<Waiting>>,
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One place, held as long as the pass runs and a little longer if it was used.
#[derive(Debug)]
pub struct Reservation {
    taken: Arc<Mutex<Taken>>,
    among: IndexKey,
    id: String,
    /// The pass marked an effect: the order counts from now on.
    pub used: bool,
}

impl Reservations {
    /// As [`Reservations::take`], for those who wait: a free place goes to the oldest, not to whoever asks first.
    #[must_use]
    pub fn take_in_order(
        &self,
        among: &IndexKey,
        (since, id): (Timestamp, &str),
        open: &impl Open,
        most: u32,
    ) -> (u32, Option<Reservation>) {
        let now = Instant::now();
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = all.entry(among.clone()).or_default();
        waiting.retain(|(_, other), asked| !open.has(other) && now < *asked + ASKS_WITHIN);
        let mine = (since, id.to_owned());
        let older = u32::try_from(waiting.range(..&mine).count()).unwrap_or(u32::MAX);
        let (others, place) = self.take(among, id, open, most.saturating_sub(older));
        if place.is_some() {
            waiting.remove(&mine);
        } else {
            waiting.insert(mine, now);
        }
        if waiting.is_empty() {
            all.remove(among);
        }
        // Who has to wait for an older one meets no free place.
        (if place.is_some() { others } else { others.max(most) }, place)
    }

    /// Counts the other open orders and those that others are about to make, and takes a place if one is free.
    #[must_use]
    pub fn take(
        &self,
        among: &IndexKey,
        id: &str,
        open: &impl Open,
        most: u32,
    ) -> (u32, Option<Reservation>) {
        let now = Instant::now();
        let mut all = lock(&self.taken);
        let taken = all.entry(among.clone()).or_default();
        taken.retain(|other, until| !open.has(other) && until.is_none_or(|until| now < until));
        // What is open is not among those taken any more.
        let others = open.count() + taken.len() - usize::from(open.has(id) || taken.contains_key(id));
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        if others >= most {
            if taken.is_empty() {
                all.remove(among);
            }
            return (others, None);
        }
        taken.insert(id.to_owned(), None);
        let place = Reservation {
            taken: Arc::clone(&self.taken),
            among: among.clone(),
            id: id.to_owned(),
            used: false,
        };
        (others, Some(place))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut all = lock(&self.taken);
        let Some(taken) = all.get_mut(&self.among) else { return };
        if self.used {
            taken.insert(self.id.clone(), Some(Instant::now() + LAG));
        } else {
            taken.remove(&self.id);
        }
        if taken.is_empty() {
            all.remove(&self.among);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn among() -> IndexKey {
        IndexKey::Open { namespace: "onboarding".to_owned(), connection: "acme".to_owned() }
    }

    proptest! {
        /// However many ask at once, no more go on than there is room for, and each that goes on counts for the others
        /// before the cache shows it.
        #[test]
        fn no_more_go_on_than_there_is_room_for(
            most in 1u32..6, open in 0u32..6, asking in 1usize..12, used in proptest::collection::vec(any::<bool>(), 12),
        ) {
            let places = Reservations::default();
            let open: HashSet<String> = (0..open).map(|n| format!("open-{n}")).collect();
            let mut held = Vec::new();
            for number in 0..asking {
                held.extend(places.take(&among(), &format!("new-{number}"), &open, most).1);
            }
            let free = (most as usize).saturating_sub(open.len());
            prop_assert_eq!(held.len(), asking.min(free));
            let mut kept = 0;
            for (place, used) in held.iter_mut().zip(used) {
                place.used = used;
                kept += usize::from(used);
            }
            drop(held);
            let late = places.take(&among(), "late", &open, most).0;
            prop_assert_eq!(late as usize, open.len() + kept);
        }
    }

    #[test]
    fn who_asks_again_is_not_in_its_own_way() {
        let places = Reservations::default();
        let none = HashSet::new();
        let first = places.take(&among(), "a", &none, 1).1;
        assert!(first.is_some());
        let (others, again) = places.take(&among(), "a", &none, 1);
        assert!(others == 0 && again.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_becomes_free_goes_to_the_oldest_that_still_waits() {
        let places = Reservations::default();
        let ask = |who: i64, open: &HashSet<String>| {
            let since = Timestamp::from_second(who).expect("in range");
            places.take_in_order(&among(), (since, &who.to_string()), open, 1)
        };
        let full = HashSet::from(["9".to_owned()]);
        for who in [3, 1, 2] {
            assert_eq!(ask(who, &full).0, 1);
        }
        let free = HashSet::new();
        let (others, place) = ask(3, &free);
        assert!(others == 1 && place.is_none(), "two older ones wait");
        let mut first = ask(1, &free).1.expect("the oldest");
        first.used = true;
        drop(first);
        let open = HashSet::from(["1".to_owned()]);
        assert!(ask(2, &open).1.is_none());
        // It was suspended meanwhile, and asks no more.
        tokio::time::advance(Duration::from_secs(89)).await;
        assert!(ask(3, &free).1.is_none(), "it may still ask");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(ask(3, &free).1.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_of_an_order_that_the_cache_never_shows_ends() {
        let places = Reservations::default();
        let none = HashSet::new();
        let mut place = places.take(&among(), "a", &none, 1).1.expect("free");
        place.used = true;
        drop(place);
        assert!(places.take(&among(), "b", &none, 1).1.is_none());
        tokio::time::advance(LAG).await;
        assert!(places.take(&among(), "b", &none, 1).1.is_some());
    }
}
