//! The order of a queue: who is enrolled first, then namespaces in turn, and in each the oldest.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    hash::Hash,
};

use jiff::Timestamp;

/// What decides when it is somebody's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Before all others: it is enrolled, and its order must follow in time.
    pub enrolled: bool,
    /// Namespaces take turns.
    pub namespace: String,
    /// The oldest comes first (UTC): since its enrolment, else since it was declared.
    pub since: Timestamp,
    /// Of those of one moment the smaller uid.
    pub uid: String,
}

type Line<T> = BTreeMap<(Timestamp, String), T>;

/// Everybody who waits.
#[derive(Debug)]
pub(super) struct Order<T> {
    enrolled: Line<T>,
    namespaces: HashMap<String, Line<T>>,
    /// Namespaces in which somebody waits, the next one first; each stands here once.
    turns: VecDeque<String>,
    places: HashMap<T, Position>,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self {
            enrolled: BTreeMap::new(),
            namespaces: HashMap::new(),
            turns: VecDeque::new(),
            places: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Order<T> {
    /// Who stands there already keeps its turn.
    pub(super) fn put(&mut self, who: &T, place: Position) {
        if self.places.get(who) == Some(&place) {
            return;
        }
        self.remove(who);
        let rank = (place.since, place.uid.clone());
        if place.enrolled {
            self.enrolled.insert(rank, who.clone());
        } else {
            let line = self.namespaces.entry(place.namespace.clone()).or_default();
            if line.is_empty() {
                self.turns.push_back(place.namespace.clone());
            }
            line.insert(rank, who.clone());
        }
        self.places.insert(who.clone(), place);
    }

    pub(super) fn remove(&mut self, who: &T) {
        let Some(place) = self.places.remove(who) else { return };
        let rank = (place.since, place.uid);
        if place.enrolled {
            self.enrolled.remove(&rank);
            return;
        }
        let Some(line) = self.namespaces.get_mut(&place.namespace) else { return };
        line.remove(&rank);
        if line.is_empty() {
            self.namespaces.remove(&place.namespace);
            self.turns.retain(|namespace| *namespace != place.namespace);
        }
    }

    /// It has its turn: its namespace comes last now.
    pub(super) fn serve(&mut self, who: &T) {
        let namespace = self.places.get(who).filter(|place| !place.enrolled).map(|p| p.namespace.clone());
        self.remove(who);
        let at = namespace.and_then(|served| self.turns.iter().position(|namespace| *namespace == served));
        if let Some(namespace) = at.and_then(|at| self.turns.remove(at)) {
            self.turns.push_back(namespace);
        }
    }

    /// The first ones, in order.
    pub(super) fn next(&self, most: usize) -> Vec<T> {
        let mut next: Vec<T> = self.enrolled.values().take(most).cloned().collect();
        let lines = self.turns.iter().filter_map(|namespace| self.namespaces.get(namespace));
        let mut lines: Vec<_> = lines.map(BTreeMap::values).collect();
        while next.len() < most && !lines.is_empty() {
            lines.retain_mut(|line| match line.next() {
                Some(who) => {
                    next.push(who.clone());
                    true
                }
                None => false,
            });
        }
        next.truncate(most);
        next
    }

    /// How many come before it.
    pub(super) fn before(&self, who: &T) -> u64 {
        let Some(place) = self.places.get(who) else { return 0 };
        let rank = (place.since, place.uid.clone());
        let count = if place.enrolled {
            self.enrolled.range(..rank).count()
        } else {
            let line = self.namespaces.get(&place.namespace);
            let mine = line.map_or(0, |line| line.range(..rank).count());
            self.enrolled.len() + mine * self.turns.len()
        };
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(namespace: &str, second: i64, enrolled: bool) -> Position {
        let since = Timestamp::from_second(second).unwrap();
        Position { enrolled, namespace: namespace.to_owned(), since, uid: String::new() }
    }

    #[test]
    fn the_enrolled_come_first_then_namespaces_in_turn_and_in_each_the_oldest() {
        let mut order = Order::default();
        for (who, namespace, second, enrolled) in [
            ("a3", "a", 3, false),
            ("a1", "a", 1, false),
            ("a2", "a", 2, false),
            ("b9", "b", 9, false),
            ("late", "a", 8, true),
            ("early", "b", 7, true),
        ] {
            order.put(&who, place(namespace, second, enrolled));
        }
        assert_eq!(order.next(9), ["early", "late", "a1", "b9", "a2", "a3"]);
        assert_eq!(order.next(3), ["early", "late", "a1"]);
        order.serve(&"a1");
        // Somebody older who joins late still has to wait for the other namespace's turn, and then comes first.
        order.put(&"a0", place("a", 0, false));
        assert_eq!(order.next(9), ["early", "late", "b9", "a0", "a2", "a3"]);
        // The one that was let in and is enrolled now.
        order.put(&"a1", place("a", 6, true));
        assert_eq!(order.next(2), ["a1", "early"]);
        assert_eq!(order.before(&"early"), 1);
    }

    proptest! {
        /// Whatever comes and goes, everybody who stands there is in the order once, and nobody else.
        #[test]
        fn everybody_stands_in_the_order_once(
            acts in proptest::collection::vec((0usize..12, 0u8..3, 0i64..5, any::<bool>(), 0u8..3), 1..60),
        ) {
            let mut order = Order::default();
            let mut standing = std::collections::BTreeSet::new();
            for (who, namespace, second, enrolled, act) in acts {
                if act < 2 {
                    let place = Position { uid: who.to_string(), ..place(&namespace.to_string(), second, enrolled) };
                    order.put(&who, place);
                    standing.insert(who);
                } else {
                    order.serve(&who);
                    standing.remove(&who);
                }
                let mut next = order.next(100);
                prop_assert!(next.iter().all(|who| order.before(who) <= 100));
                next.sort_unstable();
                prop_assert_eq!(next, standing.iter().copied().collect::<Vec<_>>());
            }
        }
    }
}
