//! Whom a rollout has served. It outlives the shipments and only grows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::people::Key;
use crate::ids::UserId;

/// What became of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Named by an event, and nothing begun.
    Waiting,
    /// To be made, or made and not seen yet.
    Begun,
    /// The shipment was seen, and its key is not activated yet.
    Made,
    /// The key is activated.
    Activated,
    /// To be deleted because the person left.
    Leaving,
    /// Deleted because the person left.
    Left,
    /// Deleted by somebody else, or being deleted.
    Deleted,
}

impl State {
    /// Is a shipment of it there, or about to be?
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Begun | Self::Made | Self::Leaving)
    }
}

/// One person who was served, or whom an event named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What became of it.
    pub state: State,
    /// Day (UTC) on which the last shipment was begun, or the event was seen.
    pub day: Date,
    /// The key that the last shipment asks for.
    pub key: Key,
    /// How many keys were begun for this person; 0 of whom an event named and nothing is begun for yet.
    pub times: u32,
    /// Of a deleted shipment: a person answered, so the rollout goes on without it.
    pub answered: bool,
}

impl Entry {
    /// A person let the key be made again, and it is not begun yet.
    #[must_use]
    pub fn is_promised(&self) -> bool {
        self.state == State::Waiting && self.times > 0
    }
}

/// Everybody who was ever served, by Okta user id. It only grows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Ledger(pub BTreeMap<UserId, Entry>);

impl Ledger {
    /// Keys begun, whatever became of them: what counts against the budget. A key that is to be made again counts as
    /// before, or somebody else would take its place.
    #[must_use]
    pub fn served(&self) -> u32 {
        self.0.values().fold(0, |sum, entry| sum.saturating_add(entry.times))
    }

    /// People for whom at least one key was begun; a person with several counts once.
    #[must_use]
    pub fn people(&self) -> u32 {
        count(self.0.values().filter(|entry| entry.times > 0))
    }

    /// Keys begun on this day (UTC), at most: of who was begun more than once only the last day is known, so all count.
    #[must_use]
    pub fn begun_on(&self, day: Date) -> u32 {
        let then = self.0.values().filter(|entry| entry.day == day);
        then.fold(0, |sum, entry| sum.saturating_add(entry.times))
    }

    /// Keys that a person let be made again and that are not begun yet.
    #[must_use]
    pub fn promised(&self) -> u32 {
        count(self.0.values().filter(|entry| entry.is_promised()))
    }

    /// Whose shipments somebody else deleted, and nobody answered yet.
    #[must_use]
    pub fn deleted_from_outside(&self) -> BTreeSet<UserId> {
        let open = self.0.iter().filter(|(_, entry)| entry.state == State::Deleted && !entry.answered);
        open.map(|(id, _)| id.clone()).collect()
    }
}

/// How many; no source is larger than a number of 32 bits.
pub(super) fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
