//! Orders whose shipments were let go: nobody follows them any more, so they count as open until they must have arrived.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

/// Days after which an order must have arrived: what a warehouse and a carrier take together, and the two weeks of
/// silence after which a shipment asks a person.
pub const DAYS: i64 = 30;

/// Orders of one namespace and day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetGo {
    /// The namespace; empty: of several, counted against each.
    pub namespace: String,
    /// When they were let go (UTC).
    pub day: Date,
    /// How many; each counts against `policy.maxOpenOrders` for [`DAYS`] days.
    pub orders: u32,
}

impl LetGo {
    fn counts(&self, today: Date) -> bool {
        self.day.checked_add(DAYS.days()).is_ok_and(|end| today <= end)
    }
}

/// Orders that count against a namespace.
#[must_use]
pub fn count(all: &[LetGo], namespace: &str, today: Date) -> u32 {
    let theirs = |one: &&LetGo| one.namespace == namespace || one.namespace.is_empty();
    all.iter()
        .filter(theirs)
        .filter(|one| one.counts(today))
        .fold(0, |sum, one| sum.saturating_add(one.orders))
}

/// Those that still count.
#[must_use]
pub fn current(mut all: Vec<LetGo>, today: Date) -> Vec<LetGo> {
    all.retain(|one| one.counts(today));
    all
}

/// One more order of this namespace, in at most `most` entries (one at least). What does not fit is folded together so
/// that it counts longer, or against more namespaces, and never less.
#[must_use]
pub fn add(all: Vec<LetGo>, namespace: &str, today: Date, most: usize) -> Vec<LetGo> {
    let mut all = current(all, today);
    match all.iter_mut().find(|one| one.namespace == namespace && one.day == today) {
        Some(one) => one.orders = one.orders.saturating_add(1),
        None => all.push(LetGo { namespace: namespace.to_owned(), day: today, orders: 1 }),
    }
    while all.len() > most.max(1) {
        fold(&mut all);
    }
    all.sort_by(|a, b| (&a.namespace, a.day).cmp(&(&b.namespace, b.day)));
    all
}

/// Two entries become one: the two oldest of the namespace that has most of them, else the two oldest of all.
fn fold(all: &mut Vec<LetGo>) {
    let mut entries: BTreeMap<&str, usize> = BTreeMap::new();
    for one in all.iter() {
        *entries.entry(&one.namespace).or_default() += 1;
    }
    let longest = entries.into_iter().max_by_key(|(_, count)| *count);
    let namespace = longest.filter(|(_, count)| *count > 1).map(|(namespace, _)| namespace.to_owned());
    all.sort_by(|a, b| (a.day, &a.namespace).cmp(&(b.day, &b.namespace)));
    let mut pair = [None, None];
    for slot in &mut pair {
        let fits = |one: &LetGo| namespace.as_ref().is_none_or(|namespace| one.namespace == *namespace);
        *slot = all.iter().position(fits).map(|at| all.remove(at));
    }
    if let [Some(first), Some(second)] = pair {
        all.push(LetGo {
            namespace: namespace.unwrap_or_default(),
            day: first.day.max(second.day),
            orders: first.orders.saturating_add(second.orders),
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: i64) -> Date {
        jiff::civil::date(2027, 1, 1).checked_add(number.days()).unwrap()
    }

    #[test]
    fn an_order_counts_against_its_namespace_until_it_must_have_arrived() {
        let all = add(add(Vec::new(), "a", day(0), 10), "a", day(0), 10);
        let all = add(all, "b", day(3), 10);
        assert_eq!(count(&all, "a", day(0)), 2);
        assert_eq!((count(&all, "a", day(DAYS)), count(&all, "a", day(DAYS + 1))), (2, 0));
        assert_eq!((count(&all, "b", day(DAYS + 3)), count(&all, "c", day(3))), (1, 0));
        assert_eq!(current(all, day(DAYS + 1)).len(), 1, "what is over is dropped");
    }

    #[test]
    fn orders_of_one_namespace_and_day_are_one_entry() {
        let all = (0..500).fold(Vec::new(), |all, _| add(all, "a", day(1), 3));
        assert_eq!(all, [LetGo { namespace: "a".into(), day: day(1), orders: 500 }]);
    }

    #[test]
    fn a_clock_that_goes_back_forgets_nothing() {
        let all = add(Vec::new(), "a", day(5), 10);
        assert_eq!(count(&all, "a", day(0)), 1);
        assert_eq!(current(all, day(0)).len(), 1);
    }

    proptest! {
        /// However little room there is, no order counts less or shorter than it would with room for all.
        #[test]
        fn a_full_record_counts_more_and_never_less(
            happened in proptest::collection::vec((0i64..40, 0usize..6), 1..60), most in 1usize..8, later in 0i64..40,
        ) {
            let mut happened = happened;
            happened.sort_unstable();
            let names = ["a", "b", "c", "d", "e", "f"];
            let (mut full, mut roomy) = (Vec::new(), Vec::new());
            for (at, name) in &happened {
                full = add(full, names[*name], day(*at), most);
                roomy = add(roomy, names[*name], day(*at), 10_000);
                prop_assert!(full.len() <= most);
                let sum = |all: &[LetGo]| current(all.to_vec(), day(*at)).iter().map(|one| one.orders).sum::<u32>();
                prop_assert!(sum(&full) >= sum(&roomy));
            }
            let last = happened.last().map_or(0, |(at, _)| *at);
            for name in names {
                for at in [last, last + later] {
                    prop_assert!(count(&full, name, day(at)) >= count(&roomy, name, day(at)), "{} {}", name, at);
                }
            }
        }
    }
}
