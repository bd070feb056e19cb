//! What others do to the source and to the shipments.

use domain::rollout::{RolloutState, Stage, State as Entry};

use super::state::{self, Shipment, State, id};

/// What others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The source names the person.
    Join(u8),
    /// It does not any more.
    Leave(u8),
    /// The parcel or the key goes on.
    Advance(u8),
    /// Somebody else deletes the shipment.
    Delete(u8),
    /// A shipment that is being deleted is gone.
    Gone(u8),
    /// The next day begins.
    Day,
    /// The cluster is rebuilt from Git and what the vendors know: the shipments are there, the ledger is not.
    Forget,
}

/// Does it change anything?
pub(super) fn possible(s: &State, event: Event) -> bool {
    let there = |person: u8| s.shipments.get(&person);
    match event {
        Event::Join(person) => !s.named.contains(&person),
        Event::Leave(person) => s.named.contains(&person),
        Event::Advance(person) => there(person).is_some_and(|seen| next(*seen) != seen.stage),
        Event::Delete(person) => there(person).is_some_and(|seen| !seen.deleting),
        Event::Gone(person) => there(person).is_some_and(|seen| seen.deleting) && is_known(s, person),
        Event::Day => true,
        Event::Forget => {
            let mut served = s.stored.ledger.0.keys().filter_map(state::person);
            s.stored != RolloutState::default() && served.all(|person| s.shipments.contains_key(&person))
        }
    }
}

/// What nobody has seen cannot be told from what was never made: a shipment is not gone before a pass saw it.
fn is_known(s: &State, person: u8) -> bool {
    let entry = id(person).and_then(|id| s.stored.ledger.0.get(&id).map(|entry| entry.state));
    !matches!(entry, None | Some(Entry::Begun))
}

const fn next(seen: Shipment) -> Stage {
    match seen.stage {
        Stage::Over => Stage::Over,
        _ if seen.deleting => Stage::Over,
        Stage::Before => Stage::Shipped,
        Stage::Shipped | Stage::Activated => Stage::Activated,
    }
}

/// It happens.
pub(super) fn happen(s: &mut State, event: Event) {
    match event {
        Event::Join(person) => drop(s.named.insert(person)),
        Event::Leave(person) => drop(s.named.remove(&person)),
        Event::Advance(person) => {
            if let Some(seen) = s.shipments.get_mut(&person) {
                seen.stage = next(*seen);
            }
        }
        Event::Delete(person) => delete(s, person),
        Event::Gone(person) => drop(s.shipments.remove(&person)),
        Event::Day => s.day += 1,
        Event::Forget => {
            s.stored = RolloutState::default();
            s.begun.clear();
            for seen in s.shipments.values() {
                *s.begun.entry(seen.day).or_default() += 1;
            }
        }
    }
}

/// A key that is activated is nobody's order any more: who deletes its shipment takes nothing back.
fn delete(s: &mut State, person: u8) {
    let entry = id(person).and_then(|id| s.stored.ledger.0.get(&id).map(|entry| entry.state));
    let Some(seen) = s.shipments.get_mut(&person) else { return };
    seen.deleting = true;
    if seen.stage != Stage::Activated && matches!(entry, None | Some(Entry::Begun | Entry::Made)) {
        s.outside.insert(person);
    }
}
