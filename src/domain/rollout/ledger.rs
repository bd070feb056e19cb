//! Whom a rollout has served. It outlives the shipments and only grows.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::people::Key;
use crate::domain::ids::UserId;

/// What became of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Named by an event, and nothing begun.
    Waiting,
    /// To be made, or made and not seen yet.
    Begun,
    /// Seen.
    Made,
    /// The key is activated.
    Activated,
    /// To be deleted because the person left.
    Leaving,
    /// Deleted because the person left.
    Left,
    /// Deleted by somebody else.
    Deleted,
}

impl State {
    /// Is a shipment of it there, or about to be?
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Begun | Self::Made | Self::Leaving)
    }
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What became of it.
    pub state: State,
    /// Day (UTC) on which the last shipment was begun, or the event was seen.
    pub day: Date,
    /// Which key.
    pub key: Key,
    /// How many keys were begun for this person, at least 1.
    pub times: u32,
}

/// Everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger(pub BTreeMap<UserId, Entry>);

impl Ledger {
    /// Keys begun, whatever became of them: what counts against the budget.
    #[must_use]
    pub fn served(&self) -> u32 {
        self.0.values().filter(|e| e.state != State::Waiting).map(|e| e.times).sum()
    }

    /// People served.
    #[must_use]
    pub fn people(&self) -> u32 {
        count(self.0.values().filter(|e| e.state != State::Waiting))
    }

    /// Begun on this day (UTC).
    #[must_use]
    pub fn begun_on(&self, day: Date) -> u32 {
        count(self.0.values().filter(|e| e.state != State::Waiting && e.day == day))
    }
}

/// How many; no source is larger than a number of 32 bits.
pub(super) fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
