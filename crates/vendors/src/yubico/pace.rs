//! How fast orders go: one at a time, each as long as the last ones took. Who is enrolled before its order can follow in
//! time has spent an enrolment for nothing, so that many and no more stand before the next one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// An order follows its enrolment within this time at the present pace: a third of what the sealed requests live.
const FOLLOWS_WITHIN: Duration = Duration::from_mins(5);

/// So many of the last orders tell the pace.
const REMEMBERED: usize = 8;

#[derive(Debug, Default)]
struct State {
    ahead: u32,
    took: VecDeque<Duration>,
}

/// The pace of one organization's orders.
#[derive(Debug, Default)]
pub(super) struct OrderPace(Mutex<State>);

/// A place among those whose order is to follow; free again when it is dropped.
#[derive(Debug)]
pub struct OrderPlace(Arc<OrderPace>);

impl OrderPace {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if the order can follow in time.
    ///
    /// # Errors
    /// How long one order takes at present: then there may be one.
    pub(super) fn place(self: &Arc<Self>) -> Result<OrderPlace, Duration> {
        let mut state = self.state();
        let one = state.took.iter().max().copied().unwrap_or_default();
        if state.ahead > 0 && one.saturating_mul(state.ahead + 1) > FOLLOWS_WITHIN {
            return Err(one);
        }
        state.ahead += 1;
        Ok(OrderPlace(Arc::clone(self)))
    }

    /// An order took so long, whatever came of it.
    pub(super) fn note(&self, took: Duration) {
        let mut state = self.state();
        state.took.push_back(took);
        if state.took.len() > REMEMBERED {
            state.took.pop_front();
        }
    }
}

impl Drop for OrderPlace {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ahead = state.ahead.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_stand_before_an_order_than_can_be_placed_in_time() {
        let pace = Arc::new(OrderPace::default());
        let crowd: Vec<_> = (0..1000).map(|_| pace.place().unwrap()).collect();
        assert_eq!(crowd.len(), 1000, "nothing is known to be slow");
        drop(crowd);
        pace.note(Duration::from_secs(1));
        pace.note(Duration::from_secs(30));
        let mut places: Vec<_> = std::iter::from_fn(|| pace.place().ok()).collect();
        assert_eq!(places.len(), 10);
        assert_eq!(pace.place().unwrap_err(), Duration::from_secs(30));
        places.pop();
        assert!(pace.place().is_ok());
        drop(places);
        // What once was slow is forgotten, and a single one always goes.
        pace.note(Duration::from_hours(1));
        assert!(pace.place().is_ok());
        (0..REMEMBERED).for_each(|_| pace.note(Duration::from_millis(200)));
        assert_eq!((0..1000).map_while(|_| pace.place().ok()).collect::<Vec<_>>().len(), 1000);
    }
}
