//! Where the list of orders of each connection stands, and what it means for one order.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    ids::ShipmentId,
    journal::Journal,
    order_list_poll::{Followed, OrderListPoll, PollRate},
};
use jiff::Timestamp;

use super::handle::ConnectionHandle;

/// Where the list of each connection stands.
#[derive(Debug, Default)]
pub struct PollStates {
    /// By uid of the connection: a name may be given again.
    by_connection: Mutex<HashMap<String, PollState>>,
}

/// Where the list of one connection stands.
#[derive(Debug, Default)]
pub struct PollState {
    /// What the list showed.
    pub order_list_poll: OrderListPoll,
    /// Orders that the list shows moved, until they are read.
    pub moved: HashSet<ShipmentId>,
    /// Orders that were seen to have moved elsewhere, until they are read.
    asked: HashSet<ShipmentId>,
}

/// What the list means for the next pass over one order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByList {
    /// It answers for the order: no single read is due.
    pub answered: bool,
    /// It, or a look of somebody else, shows the order moved: a single read is due now.
    pub moved: bool,
}

impl PollStates {
    fn states(&self) -> MutexGuard<'_, HashMap<String, PollState>> {
        self.by_connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the list means for this order.
    #[must_use]
    pub fn about(
        &self,
        link: &ConnectionHandle,
        journal: &Journal,
        deleting: bool,
        now: Timestamp,
    ) -> ByList {
        let first_after = link.facts.times.first_after;
        let Some(order) = Followed::of(journal, first_after, deleting) else { return ByList::default() };
        let states = self.states();
        let Some(state) = states.get(&link.uid) else { return ByList::default() };
        ByList {
            answered: state.order_list_poll.covers(&order, poll_rate(link), now),
            moved: state.moved.contains(&order.id) || state.asked.contains(&order.id),
        }
    }

    /// Somebody else saw the order moved: its own pass is to read it now, list or not.
    pub fn ask(&self, uid: &str, order: &ShipmentId) {
        self.with(uid, |state| state.asked.insert(order.clone()));
    }

    /// The order was read singly.
    pub fn note_look(&self, uid: &str, order: &ShipmentId) {
        if let Some(state) = self.states().get_mut(uid) {
            state.moved.remove(order);
            state.asked.remove(order);
        }
    }

    /// The connection is gone, or this process does not lead.
    pub fn forget_all_but(&self, kept: &HashSet<&str>) {
        self.states().retain(|uid, _| kept.contains(uid.as_str()));
    }

    /// Changes the state of one connection.
    pub fn with<T>(&self, uid: &str, change: impl FnOnce(&mut PollState) -> T) -> T {
        change(self.states().entry(uid.to_owned()).or_default())
    }
}

/// How often the list of a connection is read.
#[must_use]
pub fn poll_rate(link: &ConnectionHandle) -> PollRate {
    PollRate::new(link.spec.polling.list_from, link.facts.times.interval)
}
