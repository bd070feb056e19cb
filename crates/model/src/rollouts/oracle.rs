//! What no deed of a rollout may break. It knows the API server and the people, and nothing of the planner.

use std::collections::{BTreeMap, BTreeSet};

use domain::rollout::{Plan, Stage, State as Entry};

use super::{
    bounds::Bounds,
    state::{Rule, Shipment, State, id, person},
};

/// A shipment is made for a person who has none.
pub(super) fn makes(s: &State, one: u8) -> Option<Rule> {
    let before = s.made.get(&one).copied().unwrap_or(0);
    let allowed = 1 + s.granted.get(&one).copied().unwrap_or(0);
    if before >= allowed {
        return Some(Rule::Twice);
    }
    let entry = id(one).and_then(|id| s.stored.ledger.0.get(&id));
    entry.is_none_or(|entry| entry.times == 0).then_some(Rule::Unmarked)
}

/// What the pass was shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub named: &'a BTreeSet<u8>,
    pub shipments: &'a BTreeMap<u8, Shipment>,
    /// When it planned.
    pub day: u8,
}

/// A plan is written. Notes the keys that it begins. `leave`: a person let shipments be cancelled.
pub(super) fn writes(b: &Bounds, s: &mut State, shown: &Shown<'_>, plan: &Plan, leave: bool) -> Option<Rule> {
    let (old, new) = (&s.stored.ledger.0, &plan.rollout_state.ledger.0);
    if old.keys().any(|id| !new.contains_key(id)) {
        return Some(Rule::Forgotten);
    }
    let times = |id| old.get(id).map_or(0, |entry| entry.times);
    let fresh: Vec<_> =
        new.iter().filter(|(id, entry)| entry.state == Entry::Begun && entry.times > times(id)).collect();
    let newcomers = fresh.iter().any(|(id, _)| times(id) == 0);
    let cancelled = new
        .iter()
        .filter(|(id, entry)| {
            entry.state == Entry::Leaving && old.get(id).is_none_or(|entry| entry.state != Entry::Leaving)
        })
        .count();
    if cancelled > 0 && shown.named.is_empty() && !leave {
        return Some(Rule::Brake);
    }
    let shipped = |one: &u8| {
        shown.shipments.get(one).is_some_and(|seen| matches!(seen.stage, Stage::Shipped | Stage::Activated))
    };
    if plan.delete.iter().filter_map(person).any(|one| shipped(&one)) {
        return Some(Rule::ShippedTaken);
    }
    if fresh.is_empty() {
        return None;
    }
    // One that is there is found by its name: no other key.
    let is_there = |id| person(id).is_some_and(|one| s.shipments.contains_key(&one));
    let keys = fresh.iter().filter(|(id, _)| !is_there(id)).count();
    *s.begun.entry(shown.day).or_default() += u8::try_from(keys).unwrap_or(u8::MAX);
    let deletes_now = |one: &u8| shown.shipments.get(one).is_none_or(|seen| seen.deleting);
    if s.outside.iter().any(deletes_now) {
        return Some(Rule::Unasked);
    }
    over(b, s, plan, (shown.day, newcomers)).then_some(Rule::Ceiling)
}

/// Is a ceiling passed by what the plan begins?
fn over(b: &Bounds, s: &State, plan: &Plan, (day, newcomers): (u8, bool)) -> bool {
    let limits = &b.desired.limits;
    let (ledger, wave) = (&plan.rollout_state.ledger, plan.rollout_state.wave);
    let begun: u32 = s.begun.values().map(|keys| u32::from(*keys)).sum();
    let today = s.begun.get(&day).map_or(0, |keys| u32::from(*keys));
    let end = limits.wave_end(wave, plan.counts.eligible);
    begun > limits.budget
        || ledger.served() > limits.budget
        || limits.per_day.is_some_and(|most| today > most)
        || limits.in_flight.is_some_and(|most| under_way(s, plan) > most)
        || (newcomers && !limits.waves.is_empty() && end.is_some_and(|end| ledger.people() > end))
}

/// Shipments that are there or to be made, and have not come to an end.
fn under_way(s: &State, plan: &Plan) -> u32 {
    let ended = |seen: &Shipment| matches!(seen.stage, Stage::Activated | Stage::Over);
    let there = s.shipments.values().filter(|seen| !ended(seen)).count();
    let is_there = |id| person(id).is_some_and(|one| s.shipments.contains_key(&one));
    let begun =
        plan.rollout_state.ledger.0.iter().filter(|(id, entry)| entry.state == Entry::Begun && !is_there(id));
    u32::try_from(there + begun.count()).unwrap_or(u32::MAX)
}
