//! Which of the shipments of one person comes first. Pure: who can order now the caller finds out.
//!
//! First comes who has something at the vendors already, then the oldest of those that could order now. Who may not
//! order bars nobody: anybody may declare a shipment for a colleague in a namespace that no connection admits.

use jiff::Timestamp;

/// What decides whether a shipment counts beside another one of its person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// It has an open mark or an enrolment.
    pub begun: bool,
    /// It has come to its end (nothing of it can become a key any more, or the key is the person's), or the other's
    /// `existingKeyBefore` overlooks its enrolment.
    pub aside: bool,
    /// Nothing bars it from enrolling and ordering at this moment, and it waits for nobody's answer.
    pub can_order: bool,
}

/// Why a shipment counts; the first one comes before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Something of it stands at the vendors, or may.
    Begun,
    /// It could order now.
    Able,
}

impl Facts {
    /// How the shipment counts; `None`: it bars nobody.
    #[must_use]
    pub const fn standing(self) -> Option<Standing> {
        if self.aside {
            None
        } else if self.begun {
            Some(Standing::Begun)
        } else if self.can_order {
            Some(Standing::Able)
        } else {
            None
        }
    }
}

/// By this the shipments of a person are sorted; the smallest comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// Counts before the age: who has begun at the vendors comes first.
    pub standing: Standing,
    /// `metadata.creationTimestamp` (UTC, whole seconds).
    pub created: Option<Timestamp>,
    /// `metadata.uid`, for those declared in the same second.
    pub uid: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts() -> impl Strategy<Value = Facts> {
        any::<(bool, bool, bool)>().prop_map(|(begun, aside, can_order)| Facts { begun, aside, can_order })
    }

    fn rank(standing: Standing, second: i64, uid: &str) -> Rank {
        Rank { standing, created: Timestamp::from_second(second).ok(), uid: uid.to_owned() }
    }

    #[test]
    fn who_may_never_order_bars_nobody() {
        assert_eq!(Facts::default().standing(), None);
        assert_eq!(Facts { can_order: true, ..Facts::default() }.standing(), Some(Standing::Able));
    }

    #[test]
    fn what_stands_at_the_vendors_counts_whether_it_could_order_or_not() {
        let barred = Facts { begun: true, ..Facts::default() };
        assert_eq!(barred.standing(), Some(Standing::Begun));
        assert_eq!(Facts { aside: true, ..barred }.standing(), None);
    }

    #[test]
    fn begun_comes_first_then_the_older_then_the_smaller_uid() {
        let sorted = [
            rank(Standing::Begun, 9, "z"),
            rank(Standing::Able, 1, "b"),
            rank(Standing::Able, 2, "a"),
            rank(Standing::Able, 2, "b"),
        ];
        assert!(sorted.is_sorted());
    }

    proptest! {
        /// Of any shipments of a person that could order, exactly one is barred by none of the others.
        #[test]
        fn exactly_one_comes_first(all in proptest::collection::vec((facts(), 0_i64..3), 1..8)) {
            let ranks: Vec<_> = all
                .iter()
                .enumerate()
                .filter_map(|(n, (facts, second))| Some(rank(facts.standing()?, *second, &format!("u{n}"))))
                .collect();
            let unbarred = ranks.iter().filter(|mine| !ranks.iter().any(|other| other < *mine)).count();
            prop_assert_eq!(unbarred, usize::from(!ranks.is_empty()));
        }
    }
}
