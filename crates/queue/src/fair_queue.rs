//! Whose turn it is: passes of one connection run side by side, but only so many, and namespaces take turns. One with
//! a thousand shipments that wait does not keep the single one of another waiting behind them.
//!
//! Nobody waits in a running reconcile: who has no turn stands in line and is woken, because the controller polls all
//! that runs again and again.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The lines of all connections, in each of which namespaces take turns; a copy is the same lines.
pub struct FairQueue<T> {
    most: usize,
    state: Arc<Mutex<State<T>>>,
    wake: Arc<dyn Fn(&T) -> bool + Send + Sync>,
}

impl<T> Clone for FairQueue<T> {
    fn clone(&self) -> Self {
        Self { most: self.most, state: Arc::clone(&self.state), wake: Arc::clone(&self.wake) }
    }
}

impl<T> fmt::Debug for FairQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FairQueue").field("most", &self.most).finish_non_exhaustive()
    }
}

struct State<T> {
    queues: HashMap<String, Queue<T>>,
    /// Who stands in line, or has a turn that it has not begun, and at which connection.
    standing: HashMap<T, (String, QueueState)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QueueState {
    InLine,
    Called,
}

struct Queue<T> {
    /// Permits that run or were called.
    given: usize,
    /// Before all namespaces.
    first: VecDeque<T>,
    /// Namespaces with somebody in line, the next one first; each stands here once.
    order: VecDeque<String>,
    lines: HashMap<String, VecDeque<T>>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { given: 0, first: VecDeque::new(), order: VecDeque::new(), lines: HashMap::new() }
    }
}

/// The right to run; given on when it is dropped.
pub struct Permit<T: Clone + Eq + Hash> {
    turns: FairQueue<T>,
    connection: String,
}

impl<T: Clone + Eq + Hash> fmt::Debug for Permit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl<T: Clone + Eq + Hash> FairQueue<T> {
    /// So many at once for each connection; `wake` calls who stands in line, and tells whether there still is one.
    #[must_use]
    pub fn new(most: usize, wake: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        let state = State { queues: HashMap::new(), standing: HashMap::new() };
        Self { most: most.max(1), state: Arc::new(Mutex::new(state)), wake: Arc::new(wake) }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn, if there is one; else `who` stands in line and is woken when it is its turn. `first`: before all others,
    /// because something of it must not come late.
    #[must_use]
    pub fn take(&self, connection: &str, namespace: &str, who: &T, first: bool) -> Option<Permit<T>> {
        if self.state().standing.get(who).is_some_and(|(at, _)| at != connection) {
            // Another object under the same name.
            self.leave(who);
        }
        let mut state = self.state();
        let turn = || Some(Permit { turns: self.clone(), connection: connection.to_owned() });
        match state.standing.get(who).map(|(_, stand)| *stand) {
            Some(QueueState::Called) => {
                state.standing.remove(who);
                return turn();
            }
            Some(QueueState::InLine) => return None,
            None => {}
        }
        let queue = state.queues.entry(connection.to_owned()).or_default();
        if queue.given < self.most {
            queue.given += 1;
            return turn();
        }
        if first {
            queue.first.push_back(who.clone());
        } else {
            let line = queue.lines.entry(namespace.to_owned()).or_default();
            if line.is_empty() {
                queue.order.push_back(namespace.to_owned());
            }
            line.push_back(who.clone());
        }
        state.standing.insert(who.clone(), (connection.to_owned(), QueueState::InLine));
        None
    }

    /// `who` needs no turn any more.
    pub fn leave(&self, who: &T) {
        let left = self.state().standing.remove(who);
        if let Some((connection, QueueState::Called)) = left {
            self.pass_on(&connection);
        }
    }

    /// Calls the next in line, or takes the turn back.
    fn pass_on(&self, connection: &str) {
        loop {
            let next = self.state().next(connection);
            let Some(next) = next else { return };
            if (self.wake)(&next) {
                return;
            }
            // Deleted while it stood in line: nobody would ever begin this turn.
            self.state().standing.remove(&next);
        }
    }
}

impl<T: Clone + Eq + Hash> State<T> {
    fn next(&mut self, connection: &str) -> Option<T> {
        let queue = self.queues.get_mut(connection)?;
        while let Some(next) = queue.pop() {
            // Who left meanwhile is passed over.
            if let Some((at, stand @ QueueState::InLine)) = self.standing.get_mut(&next)
                && at == connection
            {
                *stand = QueueState::Called;
                return Some(next);
            }
        }
        queue.given -= 1;
        if queue.given == 0 {
            self.queues.remove(connection);
        }
        None
    }
}

impl<T> Queue<T> {
    fn pop(&mut self) -> Option<T> {
        if let Some(first) = self.first.pop_front() {
            return Some(first);
        }
        let namespace = self.order.pop_front()?;
        let line = self.lines.get_mut(&namespace)?;
        let next = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&namespace);
        } else {
            self.order.push_back(namespace);
        }
        next
    }
}

impl<T: Clone + Eq + Hash> Drop for Permit<T> {
    fn drop(&mut self) {
        self.turns.pass_on(&self.connection);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Who = (u8, usize);
    type Called = Arc<Mutex<VecDeque<Who>>>;

    /// Permits, and who was called.
    fn turns(most: usize) -> (FairQueue<Who>, Called) {
        let called = Called::default();
        let noted = Arc::clone(&called);
        // Number 13 was deleted meanwhile.
        let wake = move |who: &Who| {
            let is_there = who.1 != 13;
            noted.lock().unwrap().extend(is_there.then_some(*who));
            is_there
        };
        (FairQueue::new(most, wake), called)
    }

    fn take(turns: &FairQueue<Who>, who: Who) -> Option<Permit<Who>> {
        turns.take("acme", &who.0.to_string(), &who, false)
    }

    #[test]
    fn a_crowded_namespace_does_not_starve_one_with_a_single_shipment() {
        let (turns, called) = turns(2);
        let (first, _second) = (take(&turns, (0, 0)).unwrap(), take(&turns, (0, 1)).unwrap());
        for number in 2..1002 {
            assert!(take(&turns, (0, number)).is_none());
        }
        let single = (1, 0);
        assert!(take(&turns, single).is_none());
        drop(first);
        // One of the crowd stood in line first; then it is the other's turn.
        let crowded = called.lock().unwrap().pop_front().unwrap();
        assert_eq!(crowded, (0, 2));
        drop(take(&turns, crowded).expect("it was called"));
        assert_eq!(called.lock().unwrap().pop_front(), Some(single));
        assert!(take(&turns, single).is_some());
    }

    #[test]
    fn a_turn_that_was_called_is_kept_for_whom_it_is() {
        let (turns, called) = turns(1);
        let held = take(&turns, (0, 0)).unwrap();
        assert!(take(&turns, (1, 0)).is_none());
        drop(held);
        assert!(take(&turns, (0, 1)).is_none(), "nobody pushes in");
        assert_eq!(called.lock().unwrap().pop_front(), Some((1, 0)));
        // It needs none any more: the turn goes on to the next.
        turns.leave(&(1, 0));
        assert_eq!(called.lock().unwrap().pop_front(), Some((0, 1)));
    }

    #[test]
    fn whose_order_must_follow_comes_before_all_namespaces() {
        let (turns, called) = turns(1);
        let held = take(&turns, (0, 0)).unwrap();
        for number in 1..100 {
            assert!(take(&turns, (0, number)).is_none());
        }
        assert!(turns.take("acme", "0", &(0, 100), true).is_none());
        drop(held);
        assert_eq!(called.lock().unwrap().pop_front(), Some((0, 100)));
        drop(turns.take("acme", "0", &(0, 100), true).expect("it was called"));
        assert_eq!(called.lock().unwrap().pop_front(), Some((0, 1)));
    }

    #[test]
    fn another_connection_waits_for_nobody_and_a_name_that_moved_there_leaves_its_place() {
        let (turns, called) = turns(1);
        let held = take(&turns, (0, 0)).unwrap();
        assert!(take(&turns, (0, 1)).is_none());
        let elsewhere = turns.take("other", "0", &(0, 1), false);
        assert!(elsewhere.is_some());
        drop(held);
        assert!(called.lock().unwrap().is_empty());
        drop(elsewhere);
        assert!(turns.state().queues.is_empty() && turns.state().standing.is_empty());
    }

    proptest! {
        /// However turns are taken, given back and left, no more run than may, none is lost, and nobody is overtaken by
        /// another namespace more often than once for each of its own before it, and once more.
        #[test]
        fn turns_are_neither_lost_nor_doubled_and_go_around(
            most in 1usize..4,
            asked in proptest::collection::vec((0u8..4, any::<bool>()), 1..40),
            ends in proptest::collection::vec(any::<u8>(), 200),
        ) {
            let (turns, called) = turns(most);
            let mut running: Vec<_> = (0..most).map(|n| take(&turns, (9, n)).unwrap()).collect();
            for (number, (namespace, _)) in asked.iter().enumerate() {
                prop_assert!(take(&turns, (*namespace, number)).is_none());
                prop_assert!(take(&turns, (*namespace, number)).is_none(), "asking again changes nothing");
            }
            let deleted = usize::from(asked.len() > 13 && !asked[13].1);
            let leaving: Vec<Who> = asked.iter().enumerate().filter(|(_, a)| a.1).map(|(n, a)| (a.0, n)).collect();
            for who in &leaving {
                turns.leave(who);
            }
            let mut served: Vec<Who> = Vec::new();
            for choice in ends {
                if running.is_empty() {
                    break;
                }
                drop(running.swap_remove(usize::from(choice) % running.len()));
                let next = called.lock().unwrap().pop_front();
                if let Some(who) = next {
                    running.push(take(&turns, who).expect("it was called"));
                    served.push(who);
                }
                prop_assert!(running.len() <= most);
            }
            prop_assert_eq!(served.len(), asked.len() - leaving.len() - deleted, "everybody else had a turn");
            for (at, (namespace, _)) in served.iter().enumerate() {
                let mine = served[..at].iter().filter(|(n, _)| n == namespace).count();
                for other in (0u8..4).filter(|other| other != namespace) {
                    let before = served[..at].iter().filter(|(n, _)| *n == other).count();
                    prop_assert!(before <= mine + 1 + leaving.len() + deleted, "{served:?}");
                }
            }
            prop_assert!(turns.state().queues.is_empty() && turns.state().standing.is_empty());
        }
    }
}
