//! What is written down of a rollout: whom it served, and what it asks people.

use jiff::Timestamp;

use super::{leave::CancelGuard, ledger::Ledger};

/// What a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// May the next wave begin?
    Wave,
    /// May the shipments of so many be cancelled?
    Cancel(CancelGuard),
    /// Shall shipments that were deleted be made again?
    Again,
    /// Somebody else deletes shipments: shall others be made?
    Deleted,
}

/// A question that is open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hold {
    /// A decision names it; its end cannot be known beforehand.
    pub id: String,
    /// What is asked.
    pub question: Question,
    /// Since when (UTC).
    pub since: Timestamp,
    /// Hash of the people it is about.
    pub people: Option<String>,
    /// How many they are.
    pub total: usize,
}

/// What is written down of a rollout.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RolloutState {
    /// Who was served.
    pub ledger: Ledger,
    /// The open wave, the first is 1.
    pub wave: u32,
    /// Questions that wait for a decision.
    pub holds: Vec<Hold>,
    /// A person's leave to cancel the shipments of exactly these people: good for the plan that follows.
    pub leave: Option<String>,
}
