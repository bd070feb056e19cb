//! What a pass asks its driver to do, and what the driver tells it of the world.

use jiff::Timestamp;

use crate::{
    desired::Desired,
    failure::{Failure, Reason},
    first_use::LastUseLook,
    journal::{Attempt, Journal, Marked, Receipt},
    plan::{Claimed, Fetch, Idempotent, Idle, Rival},
    summary::End,
};

/// The next thing to do: one read, write or call that others can come before. Beside each stands what the driver calls
/// afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Task {
    /// Gather the facts: [`super::Pass::plan`].
    Plan,
    /// Read this into journal and observations: [`super::Pass::fetched`].
    Fetch(Fetch),
    /// Wait until then (UTC): [`super::Pass::paused`].
    Pause(Timestamp),
    /// Write the journal, and say that this is being done: [`super::Pass::written`].
    Save(Reason),
    /// Get what can wait, so that nothing slow stands between mark and call: [`super::Pass::prepared`].
    Prepare(Marked),
    /// Write the journal with this mark, made then (UTC): [`super::Pass::written`].
    Mark(Marked, Timestamp),
    /// Send what was marked then (UTC): [`super::Pass::sent`].
    Send(Marked, Attempt, Timestamp),
    /// Send what needs no mark: [`super::Pass::ran`].
    Run(Idempotent),
    /// Write the journal with an order's receipt: [`super::Pass::written`].
    Record(Carried),
    /// That write was refused, so read the object live: [`super::Pass::onto_live`].
    Reread(Carried),
    /// The pass is over but for this receipt. Read the object live, [`super::Pass::onto_live`], then write it alone:
    /// [`super::Pass::written`].
    Keep(Carried),
    /// Write how the pass ended: [`super::Pass::written`].
    End(Ending),
    /// Remove the finalizer: [`super::Pass::written`].
    Release,
    /// Nothing: the pass is over.
    Over,
}

/// A receipt on its way into the mark of its attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Carried {
    /// What was sent.
    pub what: Marked,
    /// The attempt whose mark takes it.
    pub attempt: Attempt,
    /// What became of it.
    pub receipt: Receipt,
}

/// How a pass ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ending {
    /// By plan: nothing to do now.
    Idle(Idle),
    /// By a failure that a person must mend, and that is not tried again before.
    Stalled(Failure),
    /// By a failure that may pass.
    Failed(Failure),
    /// By a vendor that admits no more calls now; it is no failure.
    Waits(Failure),
}

impl Ending {
    /// What the status says of it.
    #[must_use]
    pub fn end(&self) -> End {
        match self {
            Self::Idle(idle) => End::Idle(idle.clone()),
            Self::Stalled(failure) => End::Idle(Idle {
                reason: failure.reason,
                message: failure.message.clone(),
                until: None,
                pin: false,
            }),
            Self::Failed(failure) | Self::Waits(failure) => End::Failed(failure.clone()),
        }
    }
}

/// What became of a write that is guarded by the version the pass was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The API server showed it as it was sent.
    Stored,
    /// Anything else: nothing may be done on its word.
    Refused,
    /// There is no such object any more.
    Gone,
}

/// The object as it is now, read live.
#[derive(Debug, Clone)]
pub enum Live {
    /// The same object: its journal and its generation.
    Shown(Box<Journal>, i64),
    /// The same object, with a status that cannot be read.
    Unreadable,
    /// It is gone, or another one stands under its name.
    Another,
}

/// Everything a plan needs that the pass does not hold itself.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What is wanted.
    pub desired: &'a Desired,
    /// When this process last read the parcel, else when it started (UTC).
    pub last_look: Timestamp,
    /// A person asked for a look now.
    pub look_now: bool,
    /// The last look for the first use of the key.
    pub use_look: LastUseLook,
    /// A resource that comes first for the same person.
    pub rival: Option<Rival<'a>>,
    /// A resource that has the same order or enrolment.
    pub claimed: Option<Claimed<'a>>,
    /// The connection is still the one this pass began with, and as it was then.
    pub same_connection: bool,
    /// When this task is planned (UTC).
    pub now: Timestamp,
}
