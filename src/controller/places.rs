//! Places among a namespace's open orders, and the one place among a person's shipments. Passes run side by side and the cache shows an order late: without places
//! that are held, all of them would see the last free one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::index::Term;

/// How long the cache may take to show what a pass wrote.
const LAG: Duration = Duration::from_secs(10);

type Taken = HashMap<Term, HashMap<String, Option<Instant>>>;

/// All places that passes hold.
#[derive(Debug, Clone, Default)]
pub struct Places {
    taken: Arc<Mutex<Taken>>,
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One place, held as long as the pass runs and a little longer if it was used.
#[derive(Debug)]
pub struct Place {
    taken: Arc<Mutex<Taken>>,
    among: Term,
    uid: String,
    /// The pass marked an effect: the order counts from now on.
    pub used: bool,
}

impl Places {
    /// Counts the other open orders and those that others are about to make, and takes a place if one is free.
    #[must_use]
    pub fn take(&self, among: &Term, uid: &str, open: &HashSet<String>, most: u32) -> (u32, Option<Place>) {
        let now = Instant::now();
        let mut all = lock(&self.taken);
        let taken = all.entry(among.clone()).or_default();
        taken.retain(|other, until| !open.contains(other) && until.is_none_or(|until| now < until));
        let others = open.iter().chain(taken.keys()).filter(|other| *other != uid).count();
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        if others >= most {
            if taken.is_empty() {
                all.remove(among);
            }
            return (others, None);
        }
        taken.insert(uid.to_owned(), None);
        let place =
            Place { taken: Arc::clone(&self.taken), among: among.clone(), uid: uid.to_owned(), used: false };
        (others, Some(place))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = lock(&self.taken);
        let Some(taken) = all.get_mut(&self.among) else { return };
        if self.used {
            taken.insert(self.uid.clone(), Some(Instant::now() + LAG));
        } else {
            taken.remove(&self.uid);
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

    fn among() -> Term {
        Term::Open { namespace: "onboarding".to_owned(), connection: "acme".to_owned() }
    }

    proptest! {
        /// However many ask at once, no more go on than there is room for, and each that goes on counts for the others
        /// before the cache shows it.
        #[test]
        fn no_more_go_on_than_there_is_room_for(
            most in 1u32..6, open in 0u32..6, asking in 1usize..12, used in proptest::collection::vec(any::<bool>(), 12),
        ) {
            let places = Places::default();
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
        let places = Places::default();
        let none = HashSet::new();
        let first = places.take(&among(), "a", &none, 1).1;
        assert!(first.is_some());
        let (others, again) = places.take(&among(), "a", &none, 1);
        assert!(others == 0 && again.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_of_an_order_that_the_cache_never_shows_ends() {
        let places = Places::default();
        let none = HashSet::new();
        let mut place = places.take(&among(), "a", &none, 1).1.expect("free");
        place.used = true;
        drop(place);
        assert!(places.take(&among(), "b", &none, 1).1.is_none());
        tokio::time::advance(LAG).await;
        assert!(places.take(&among(), "b", &none, 1).1.is_some());
    }
}
