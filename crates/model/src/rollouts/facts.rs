//! What a plan goes by: the same for a pass and for the question whether one is at rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ids::UserId, rollout::Facts};

use super::state::{Shipment, instant_on, observed, roster};

/// Plans by whom the source names, what is seen of the shipments and who is known to have none, on a day.
pub(super) fn with_facts<T>(
    named: &BTreeSet<u8>,
    seen: &BTreeMap<u8, Shipment>,
    gone: &BTreeSet<UserId>,
    day: u8,
    plan: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    plan(&Facts {
        roster: Some(&roster(named)),
        seen: &observed(seen),
        gone,
        checked: &BTreeMap::new(),
        elsewhere: &BTreeMap::new(),
        foreign: &BTreeSet::new(),
        blocked: None,
        room: None,
        suffix: "x",
        now: instant_on(day),
    })
}
