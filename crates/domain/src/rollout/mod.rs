//! Rollouts: who gets a key next. Members of a source, the ledger of who was served, shipments seen, limits and a clock
//! go in; what to write and what to do come out. No client, no async, no clock of its own.
//!
//! What the ledger says is written before anything is done on its word, so a process that dies in between finds it and
//! does the same again: a shipment has one name for one person.

mod answer;
pub mod encoding;
mod facts;
mod fingerprint;
mod leave;
mod ledger;
mod limits;
pub mod pass;
mod people;
mod plan;
mod rollout_state;
pub mod table;
mod tally;
mod turn;

pub use self::{
    answer::{Proceed, Refusal, proceed},
    facts::{Blocked, Desired, Facts, ObservedShipment, Stage},
    leave::CancelGuard,
    ledger::{Entry, Ledger, State},
    limits::{Bound, Limits, Share, Used, Wave},
    people::{Key, Member, Roster, Skip},
    plan::{Plan, midnight, plan},
    rollout_state::{Hold, Question, RolloutState},
    tally::{Counts, Problem},
};

#[cfg(test)]
mod tests;
