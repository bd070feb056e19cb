//! What a pass over a rollout asks its driver to do, and what the driver tells it of the world.

use crate::ids::UserId;

/// The next thing to do. Beside each stands what the driver calls afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Look at the shipments of the rollout and of others. From here until [`Task::Write`] is done no other rollout
    /// begins for the same people: [`super::Pass::looked`].
    Look,
    /// Gather the facts: [`super::Pass::plan`].
    Plan,
    /// Ask the API server itself which shipments are there: [`super::Pass::confirmed`].
    Confirm,
    /// Put what people answered into the state: [`super::Pass::answered`].
    Answer,
    /// Write [`super::Pass::planned`]: [`super::Pass::written`].
    Write,
    /// Make the shipments of these people: [`super::Pass::carried_out`].
    Begin(Vec<UserId>),
    /// Delete theirs: [`super::Pass::carried_out`].
    Delete(Vec<UserId>),
    /// Activate these staged users: [`super::Pass::carried_out`].
    Activate(Vec<UserId>),
    /// Mark so many of those who are to be created, and write it: [`super::Pass::marked`].
    MarkPeople(usize),
    /// Create who was marked: [`super::Pass::carried_out`].
    CreatePeople,
    /// Write who was created: [`super::Pass::kept`].
    KeepPeople,
    /// Look at these people one by one: [`super::Pass::carried_out`].
    Check(Vec<UserId>),
    /// Note what failed, for the next pass: [`super::Pass::finished`].
    Finish,
    /// Nothing: the pass is over. `again`: another one finds more to do at once.
    Over {
        /// There was no end of it yet.
        again: bool,
    },
}

impl Task {
    /// Nobody is meant.
    pub(super) const fn is_empty(&self) -> bool {
        match self {
            Self::Begin(people) | Self::Delete(people) | Self::Activate(people) | Self::Check(people) => {
                people.is_empty()
            }
            Self::MarkPeople(count) => *count == 0,
            _ => false,
        }
    }
}

/// What holds once the ledger stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterWrite {
    /// This process may change something.
    pub leads: bool,
    /// The rollout is paused, or its connection does not admit it.
    pub blocked: bool,
    /// The last failure was a moment ago: it is not tried again yet.
    pub early: bool,
    /// People whom the source names and Okta does not know.
    pub newcomers: usize,
    /// For how many more people the object that holds the ledger has room.
    pub room: u32,
}
