//! How near the end of a credential is, and when that is to be said next. Advice: nothing ever stops because of it.

use jiff::{SignedDuration, Timestamp};

/// How near the end is. Ordered: later ones are more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// More than 30 days are left.
    Far,
    /// At most 30 days.
    Month,
    /// At most 7 days.
    Week,
    /// At most a day.
    Day,
    /// The end has come.
    Over,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// From how long before the end each stage holds.
const BEGINS: [(Stage, SignedDuration); 4] = [
    (Stage::Month, SignedDuration::from_hours(24 * 30)),
    (Stage::Week, SignedDuration::from_hours(24 * 7)),
    (Stage::Day, DAY),
    (Stage::Over, SignedDuration::ZERO),
];

/// The stage at `now` of what ends at `end`.
#[must_use]
pub fn stage(end: Timestamp, now: Timestamp) -> Stage {
    let left = end.duration_since(now);
    BEGINS.iter().rev().find(|(_, before)| left <= *before).map_or(Stage::Far, |(stage, _)| *stage)
}

/// The moment after `now` at which the stage changes next; `None` once the end has come.
#[must_use]
pub fn next_change(end: Timestamp, now: Timestamp) -> Option<Timestamp> {
    BEGINS
        .iter()
        .map(|(_, before)| end.checked_sub(*before).unwrap_or(Timestamp::MIN))
        .find(|begins| *begins > now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    #[test]
    fn thirty_seven_and_one_day_before_the_end_are_told_apart() {
        let days = |days: i64| at(-days * 86_400);
        for (now, expected) in [
            (days(31), Stage::Far),
            (days(30), Stage::Month),
            (days(8), Stage::Month),
            (days(7), Stage::Week),
            (days(2), Stage::Week),
            (days(1), Stage::Day),
            (at(-1), Stage::Day),
            (at(0), Stage::Over),
            (days(-400), Stage::Over),
        ] {
            assert_eq!(stage(at(0), now), expected, "{now}");
        }
        assert_eq!(next_change(at(0), at(0)), None);
        assert_eq!(next_change(Timestamp::MIN, at(0)), None, "out of range is over");
    }

    proptest! {
        /// Whoever sleeps until the next change misses none: the stage stands until then, and is a later one from then on.
        #[test]
        fn nothing_changes_before_the_next_change(
            end in -4_000_000i64..4_000_000, now in -4_000_000i64..4_000_000, share in 0.0f64..1.0,
        ) {
            let (end, now) = (at(end), at(now));
            match next_change(end, now) {
                None => prop_assert_eq!(stage(end, now), Stage::Over),
                Some(change) => {
                    prop_assert!(change > now);
                    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some moment between")]
                    let between = (change.duration_since(now).as_secs() as f64 * share) as i64;
                    let between = now + SignedDuration::from_secs(between);
                    if between < change {
                        prop_assert_eq!(stage(end, between), stage(end, now));
                    }
                    prop_assert!(stage(end, change) > stage(end, now));
                }
            }
        }

        /// From any moment at most four sleeps lead to the end, whatever came before.
        #[test]
        fn a_few_changes_lead_to_the_end(end in -9_000_000i64..9_000_000, now in -9_000_000i64..9_000_000) {
            let (end, mut now) = (at(end), at(now));
            let mut changes = 0;
            while let Some(next) = next_change(end, now) {
                now = next;
                changes += 1;
            }
            prop_assert!(changes <= 4);
            prop_assert_eq!(stage(end, now), Stage::Over);
        }
    }
}
