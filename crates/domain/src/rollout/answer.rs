//! A person's answer to a question of a rollout.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{
    ledger::State,
    rollout_state::{Question, RolloutState},
};
use crate::ids::UserId;

/// A decision with the action `Proceed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proceed {
    /// Id of the question: its `spec.holdID`.
    pub hold: String,
    /// Whose shipments are made again.
    pub people: Vec<UserId>,
}

/// Why an answer changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No question of that id is open.
    #[error("no hold {0} is open; read status.holds and decide again")]
    NoSuchHold(String),
    /// The question is not about people.
    #[error("hold {0} is not about deleted shipments; decide again without spec.userIDs")]
    NotAboutPeople(String),
    /// The question is about people, and none is named.
    #[error("hold {0} needs spec.userIDs, the Okta user ids of those who shall get a shipment again")]
    NobodyNamed(String),
    /// A person who was named has a shipment, or never had one.
    #[error("the shipment of {0} was not deleted; decide again without that id")]
    NotDeleted(UserId),
    /// The budget does not cover them.
    #[error("spec.budget does not cover so many more keys; raise it and decide again")]
    OverBudget,
}

/// Puts the answer into the book; those to be made again wait for their turn like everybody else.
///
/// # Errors
/// [`Refusal`]; the book is as it was.
pub fn proceed(rollout_state: &mut RolloutState, answer: &Proceed, budget: u32) -> Result<(), Refusal> {
    let open = rollout_state.holds.iter().position(|hold| hold.id == answer.hold);
    let index = open.ok_or_else(|| Refusal::NoSuchHold(answer.hold.clone()))?;
    let hold =
        rollout_state.holds.get(index).cloned().ok_or_else(|| Refusal::NoSuchHold(answer.hold.clone()))?;
    match hold.question {
        Question::Again if answer.people.is_empty() => {
            return Err(Refusal::NobodyNamed(answer.hold.clone()));
        }
        Question::Again => again(rollout_state, answer, budget)?,
        Question::Deleted => {
            again(rollout_state, answer, budget)?;
            go_on(rollout_state);
        }
        _ if !answer.people.is_empty() => return Err(Refusal::NotAboutPeople(answer.hold.clone())),
        Question::Wave => rollout_state.wave = rollout_state.wave.saturating_add(1),
        Question::Cancel(_) => rollout_state.leave = hold.people,
    }
    rollout_state.holds.remove(index);
    Ok(())
}

fn again(rollout_state: &mut RolloutState, answer: &Proceed, budget: u32) -> Result<(), Refusal> {
    let people: BTreeSet<&UserId> = answer.people.iter().collect();
    let deleted = |id: &UserId| {
        rollout_state
            .ledger
            .0
            .get(id)
            .is_some_and(|entry| matches!(entry.state, State::Deleted | State::Left))
    };
    if let Some(other) = people.iter().find(|id| !deleted(id)) {
        return Err(Refusal::NotDeleted((*other).clone()));
    }
    let more = u32::try_from(people.len()).unwrap_or(u32::MAX);
    let granted = rollout_state.ledger.served().saturating_add(rollout_state.ledger.promised());
    if more > 0 && granted.saturating_add(more) > budget {
        return Err(Refusal::OverBudget);
    }
    for id in people {
        if let Some(entry) = rollout_state.ledger.0.get_mut(id) {
            entry.state = State::Waiting;
        }
    }
    Ok(())
}

/// The others are ordered for again, and those who are not named get no shipment.
fn go_on(rollout_state: &mut RolloutState) {
    for entry in rollout_state.ledger.0.values_mut() {
        entry.answered |= entry.state == State::Deleted;
    }
}
