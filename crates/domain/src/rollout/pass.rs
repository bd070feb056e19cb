//! One pass over one rollout, as a state machine without client, clock and async: it says what to do next, its driver
//! does that and tells what came of it. The operator and the properties of this module drive the same machine.
//!
//! Here stand the rules of the loop: the ledger is written before anything is done on its word; people's answers are
//! taken up only when they can be acted on; after a failure nothing more is changed; a person is marked before being
//! created; what failed is said once it has happened.

mod task;

use std::collections::VecDeque;

pub use task::{AfterWrite, Task};

use super::{Desired, Facts, Plan, Question, RolloutState, plan};
use crate::failure::{Failure, Reason};

/// Rounds of plan, write and act of one pass; the next pass goes on.
const MOST_ROUNDS: u32 = 6;

/// People created after one write.
const PEOPLE_AT_ONCE: usize = 20;

/// One pass over a rollout: it says what is to be done next, and is told what came of it.
#[derive(Debug, Clone)]
pub struct Pass {
    stored: RolloutState,
    task: Task,
    planned: Option<Plan>,
    /// What follows from the ledger that was written last.
    queue: VecDeque<Task>,
    failure: Option<Failure>,
    /// What the status says of an earlier pass.
    said: Option<Reason>,
    round: Round,
    rounds: u32,
    /// The pass is over but for saying what failed.
    ending: bool,
}

/// What has happened in this round.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    confirmed: bool,
    answered: bool,
    /// It changed or found something, so that another round may find more to do.
    moved: bool,
}

impl Pass {
    /// Begins with what is written. `said`: why an earlier pass failed, if the status says so.
    #[must_use]
    pub fn new(stored: RolloutState, said: Option<Reason>) -> Self {
        Self {
            stored,
            task: Task::Look,
            planned: None,
            queue: VecDeque::new(),
            failure: None,
            said,
            round: Round::default(),
            rounds: 1,
            ending: false,
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.task
    }

    /// What is written, with the answers that are to be written.
    #[must_use]
    pub const fn rollout_state(&self) -> &RolloutState {
        &self.stored
    }

    /// The plan that is to be written, or was written last.
    #[must_use]
    pub const fn planned(&self) -> Option<&Plan> {
        self.planned.as_ref()
    }

    /// What went wrong in this pass.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The shipments were looked at.
    pub fn looked(&mut self) {
        self.task = Task::Plan;
    }

    /// Plans by these facts.
    pub fn plan(&mut self, desired: &Desired, facts: &Facts<'_>) {
        let plan = plan(&self.stored, desired, facts);
        self.task = if self.ending || self.round.answered {
            Task::Write
        } else if plan.confirm && !self.round.confirmed {
            Task::Confirm
        } else if desired.orders && facts.blocked.is_none() && facts.roster.is_some() && !plan.confirm {
            // A leave to cancel is good for what was seen with it: an answer waits until it can be acted on.
            Task::Answer
        } else {
            Task::Write
        };
        // What this plan begins is begun by the next pass.
        self.planned =
            Some(if self.ending { Plan { rollout_state: self.stored.clone(), ..plan } } else { plan });
    }

    /// The API server was asked itself, or could not be.
    pub fn confirmed(&mut self, result: Result<(), Failure>) {
        self.round.confirmed = true;
        self.failure = self.failure.take().or(result.err());
        self.task = Task::Plan;
    }

    /// The open answers, if there are any, are in this state.
    pub fn answered(&mut self, rollout_state: RolloutState) {
        self.round.answered = true;
        self.stored = rollout_state;
        self.task = Task::Plan;
    }

    /// The ledger stands. A write that failed ends the pass: its driver drops it.
    pub fn written(&mut self, desired: &Desired, after: &AfterWrite) {
        if self.ending {
            self.task = Task::Over { again: self.rounds > MOST_ROUNDS };
            return;
        }
        if let Some(plan) = &self.planned {
            self.stored = plan.rollout_state.clone();
            self.queue = following(plan, desired, after).into();
        }
        self.next();
    }

    /// What became of a list of changes or looks: whether any of it was done, and what stopped it.
    pub fn carried_out(&mut self, any: bool, failure: Option<Failure>) {
        let counts = match self.task {
            Task::Begin(_) | Task::Check(_) => any,
            Task::CreatePeople => {
                // Whoever was created is kept, whatever became of the others.
                self.queue.push_front(Task::KeepPeople);
                true
            }
            _ => false,
        };
        self.round.moved |= counts;
        self.failure = self.failure.take().or(failure);
        self.next();
    }

    /// So many people are marked, and the marks stand.
    pub fn marked(&mut self, people: usize) {
        if people > 0 {
            self.queue.push_front(Task::CreatePeople);
        }
        self.next();
    }

    /// The people who were created are written down.
    pub fn kept(&mut self) {
        self.next();
    }

    /// After a failure nothing more is changed. Looks go on: they change nothing.
    fn next(&mut self) {
        while let Some(task) = self.queue.pop_front() {
            let goes_on = self.failure.is_none() || matches!(task, Task::Check(_) | Task::KeepPeople);
            if goes_on {
                self.task = task;
                return;
            }
        }
        self.end_round();
    }

    fn end_round(&mut self) {
        let more = self.round.moved && self.failure.is_none();
        self.rounds += u32::from(more);
        self.round = Round::default();
        self.task = if more && self.rounds <= MOST_ROUNDS { Task::Look } else { Task::Finish };
    }

    /// What failed is noted for the next pass. It is said at once, not only when it is tried again.
    pub fn finished(&mut self) {
        let again = self.rounds > MOST_ROUNDS;
        self.ending = self.said != self.failure.as_ref().map(|failure| failure.reason);
        self.task = if self.ending { Task::Look } else { Task::Over { again } };
    }
}

/// In this order: who was promised a key gets it before anybody's is taken back.
fn following(plan: &Plan, desired: &Desired, after: &AfterWrite) -> Vec<Task> {
    let mut tasks = Vec::new();
    if after.early {
        return tasks;
    }
    if desired.orders && !after.blocked && after.leads {
        tasks.push(Task::Begin(plan.begin.clone()));
        tasks.push(Task::Delete(plan.delete.clone()));
        tasks.push(Task::Activate(plan.activate.clone()));
        tasks.push(Task::MarkPeople(people_to_create(plan, desired, after)));
    }
    tasks.push(Task::Check(plan.check.clone()));
    tasks.retain(|task| !task.is_empty());
    tasks
}

/// Nobody is created for whom there is no key.
fn people_to_create(plan: &Plan, desired: &Desired, after: &AfterWrite) -> usize {
    if plan.rollout_state.holds.iter().any(|hold| hold.question == Question::Deleted) {
        return 0;
    }
    let size = |number: u32| usize::try_from(number).unwrap_or_default();
    let others = size(plan.counts.waiting).saturating_sub(after.newcomers);
    let by_budget = size(desired.limits.budget).saturating_sub(size(plan.counts.served) + others);
    let by_room = size(after.room).saturating_sub(others);
    after.newcomers.min(PEOPLE_AT_ONCE).min(by_budget).min(by_room)
}

#[cfg(test)]
mod tests;
