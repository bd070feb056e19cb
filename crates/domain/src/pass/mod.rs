//! One pass over one shipment, as a state machine without client, clock and async: it says what to do next, its driver
//! does that and tells what came of it. The operator and the model checker drive the same machine.
//!
//! Here stand the rules of the loop: a mark is written before its call and sent only on the word of that write; the
//! plan is asked again after everything that takes time; a receipt goes with the next write, or alone until it stands;
//! nothing new is begun after the pass was stopped.

mod task;

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use jiff::Timestamp;

pub use task::{Carried, Ending, Facts, Live, Task, Written};

use crate::{
    failure::{Failure, Kind, Reason},
    fence,
    journal::{Journal, Marked, Receipt, Unwanted},
    plan::{Idempotent, Idle, Observed, Situation, Step, plan},
    summary::{self, End},
    unread,
};

/// No honest pass needs more plans; a planner that asks for the same thing for ever is stopped and said.
const MOST_PLANS: u32 = 40;

/// How often was planned. Passes that differ in nothing else stand at the same place.
#[derive(Debug, Clone, Copy, Default)]
struct Plans(u32);

impl PartialEq for Plans {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Plans {}

impl Hash for Plans {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// One pass. Journal and observations are open: whoever reads for it writes there what was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pass {
    /// What we did, with what this pass has added.
    pub journal: Journal,
    /// What was read in this pass.
    pub observed: Observed,
    stored: Arc<Journal>,
    task: Task,
    /// What can wait was got for this mark.
    prepared: Option<Marked>,
    /// A receipt that stands nowhere yet: it goes with the next write.
    unwritten: Option<Carried>,
    /// Why an order whose receipt is being written failed.
    failed: Option<Failure>,
    plans: Plans,
}

impl Pass {
    /// Begins with the journal as the store shows it, and as this process knows better: a mark of its own whose write
    /// stayed without an answer is closed there.
    #[must_use]
    pub fn new(stored: Arc<Journal>, journal: Journal) -> Self {
        Self {
            journal,
            observed: Observed::default(),
            stored,
            task: Task::Plan,
            prepared: None,
            unwritten: None,
            failed: None,
            plans: Plans::default(),
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.task
    }

    /// Is there a receipt that stands nowhere yet?
    #[must_use]
    pub const fn carries(&self) -> bool {
        self.unwritten.is_some()
    }

    /// Plans by these facts.
    pub fn plan(&mut self, facts: &Facts<'_>) {
        let prepared = self.prepared.take();
        if prepared.is_none() {
            self.plans.0 += 1;
        }
        if self.plans.0 > MOST_PLANS {
            return self.fail(Failure::new(
                Reason::StatusUnreadable,
                "The plan does not come to an end; please report this with the status.",
            ));
        }
        let step = self.step(facts);
        self.task = match step {
            Step::Mark(what) if prepared == Some(what) => return self.mark(what, facts),
            // To prepare may have taken long: requests expire, people are suspended, others come first.
            _ if prepared.is_some() => Task::Plan,
            Step::Fetch(fetch) => Task::Fetch(fetch),
            Step::Save => Task::Save(Reason::Activating),
            Step::MarkOrphaned(id) => {
                self.journal.unwanted = Some(Unwanted { id, mark: None });
                Task::Plan
            }
            Step::Pause(until) => Task::Pause(until),
            Step::Mark(what) => Task::Prepare(what),
            Step::Run(_) if !facts.same_connection => return self.refused(),
            Step::Run(what) => Task::Run(what),
            Step::Idle(idle) => Task::End(Ending::Idle(idle)),
            Step::Fail(failure) => return self.fail(failure),
            Step::Release => Task::Release,
        };
    }

    fn step(&self, facts: &Facts<'_>) -> Step {
        plan(&Situation {
            desired: facts.desired,
            journal: &self.journal,
            seen: &self.observed,
            saved: self.journal == *self.stored,
            last_look: facts.last_look,
            look_now: facts.look_now,
            use_look: facts.use_look,
            rival: facts.rival,
            claimed: facts.claimed,
            now: facts.now,
        })
    }

    /// The rest that follows an order's receipt: its conditions go with the receipt in one write.
    #[must_use]
    pub fn idle_after_receipt(&self, facts: &Facts<'_>) -> Option<Idle> {
        match self.step(facts) {
            Step::Idle(idle) => Some(idle),
            _ => None,
        }
    }

    /// A connection or credentials that were replaced meanwhile: the pass starts anew with those.
    fn mark(&mut self, what: Marked, facts: &Facts<'_>) {
        if !facts.same_connection {
            return self.refused();
        }
        self.journal.mark(what, facts.now, self.observed.list.as_ref());
        self.task = Task::Mark(what, facts.now);
    }

    /// What was to be read was read, or not: a failed read is never a state.
    pub fn fetched(&mut self, result: Result<(), Failure>) {
        self.plan_or_fail(result);
    }

    /// The time is over.
    pub fn paused(&mut self) {
        self.task = Task::Plan;
    }

    /// What can wait was got, or not.
    pub fn prepared(&mut self, result: Result<(), Failure>) {
        if let Task::Prepare(what) = self.task {
            self.prepared = result.is_ok().then_some(what);
        }
        self.plan_or_fail(result);
    }

    /// The turn to send comes later: what stands nowhere yet is written before it is waited for.
    pub fn save_first(&mut self, doing: Reason) {
        self.task = Task::Save(doing);
    }

    /// The store has the journal as it stands here; said before [`Pass::written`].
    pub fn note_stored(&mut self) {
        self.stored = Arc::new(self.journal.clone());
        self.unwritten = None;
    }

    /// What the store does not have is taken back.
    pub fn undo(&mut self) {
        self.journal = (*self.stored).clone();
    }

    /// What became of the write.
    pub fn written(&mut self, written: Written) {
        match (std::mem::replace(&mut self.task, Task::Over), written) {
            (Task::Save(_), Written::Stored) => self.task = Task::Plan,
            // Sent only on the word of this write. A mark is never tried again on a newer version.
            (Task::Mark(what, at), Written::Stored) => {
                self.task = Task::Send(what, self.journal.attempt_of(what), at);
            }
            (Task::Record(carried), Written::Refused) => self.task = Task::Reread(carried),
            (Task::Record(carried), Written::Stored) => self.received(&carried),
            (Task::Keep(carried), Written::Refused) => self.task = Task::Keep(carried),
            (Task::Keep(_), _) | (Task::End(_) | Task::Release, Written::Stored) => {}
            _ => self.refused(),
        }
    }

    /// What became of the call. False: its mark is no longer open, and takes no receipt.
    pub fn sent(
        &mut self,
        receipt: Receipt,
        failure: Option<Failure>,
        generation: i64,
        now: Timestamp,
    ) -> bool {
        let Task::Send(what, attempt, _) = self.task else { return false };
        self.observed.list = None;
        self.failed = failure;
        let taken = self.journal.record(what, attempt, &receipt, generation, now);
        let carried = Carried { what, attempt, receipt };
        if fence::is_written_until_it_stands(what) {
            self.task = Task::Record(carried);
            return taken;
        }
        self.unwritten = (taken && fence::must_stand(what, &carried.receipt)).then(|| carried.clone());
        self.received(&carried);
        taken
    }

    /// The order's own holds tell what to do; the rest is tried again with backoff.
    fn received(&mut self, carried: &Carried) {
        let failure = self.failed.take();
        let goes_on = match (&carried.receipt, carried.what) {
            (Receipt::Enrolled(..) | Receipt::Ordered(_) | Receipt::Done, _)
            | (Receipt::Refused { retryable: false }, Marked::Order) => true,
            (Receipt::Unknown | Receipt::WebPage(_), what) => what != Marked::Discard,
            (Receipt::Refused { .. }, _) => false,
        };
        match failure.filter(|_| !goes_on) {
            Some(failure) => self.fail(failure),
            None => self.task = Task::Plan,
        }
    }

    /// What became of an effect without a mark. `key_gone`: a signing key that was kept with the responses is published
    /// no longer.
    pub fn ran(&mut self, result: Result<(), Failure>, key_gone: bool) {
        let Task::Run(what) = self.task else { return };
        match (what, result) {
            // The list tells whether it worked all the same.
            (Idempotent::Activate, Err(failure)) => {
                self.observed.signing_key_gone = key_gone;
                self.observed.activation_failed = Some(failure);
                self.task = Task::Plan;
            }
            (Idempotent::Cancel, Err(failure)) => {
                self.observed.cancel_failed = Some(failure);
                self.task = Task::Plan;
            }
            // The 2xx to our DELETE is what makes a later 404 certain: it must outlive this process.
            (Idempotent::Cancel, Ok(())) => {
                self.observed.parcel = None;
                self.task = Task::Save(Reason::Deleting);
            }
            (_, result) => self.plan_or_fail(result),
        }
    }

    /// Puts the receipt, and nothing else, onto the object as it is now. True: it is to be written.
    pub fn onto_live(&mut self, live: Live, now: Timestamp) -> bool {
        let (carried, alone) = match &self.task {
            Task::Reread(carried) => (carried.clone(), false),
            Task::Keep(carried) => (carried.clone(), true),
            _ => return false,
        };
        let onto = |mut journal: Box<Journal>, generation| {
            let Carried { what, attempt, receipt } = &carried;
            fence::carry_over(&mut journal, *what, *attempt, receipt, generation, now).then_some(*journal)
        };
        match live {
            Live::Shown(journal, generation) => {
                let Some(journal) = onto(journal, generation) else {
                    // It stands there already, or its mark is gone: the next pass goes on from what is stored.
                    self.task = Task::Over;
                    return false;
                };
                self.journal = journal;
                if !alone {
                    self.task = Task::Record(carried);
                }
                true
            }
            // The only trace of a key that costs money is tried on with, until the status can be read or is replaced.
            Live::Unreadable if !alone => {
                self.task = Task::Record(carried);
                false
            }
            Live::Unreadable | Live::Another => {
                self.task = Task::Over;
                false
            }
        }
    }

    /// The pass ends by a failure.
    pub fn fail(&mut self, failure: Failure) {
        let stalled = failure.reason.kind() == Kind::Stalled && !self.journal.tries_again(failure.reason);
        self.task = Task::End(if stalled {
            Ending::Stalled(failure)
        } else if failure.is_wait() {
            Ending::Waits(failure)
        } else {
            Ending::Failed(failure)
        });
    }

    /// Lets go without any look: there is nothing at the vendors, or the policy says so.
    pub fn release(&mut self) {
        self.task = Task::Release;
    }

    /// Nothing new is begun: the lease is lost, the process ends, or the driver has ended the pass. What a receipt says
    /// is written all the same: the next leader would find a mark without it, and a person would have to say whose the
    /// enrolment is.
    pub fn stop(&mut self) {
        self.refused();
    }

    fn refused(&mut self) {
        self.task = match self.unwritten.take() {
            Some(carried) => Task::Keep(carried),
            None => Task::Over,
        };
    }

    fn plan_or_fail(&mut self, result: Result<(), Failure>) {
        match result {
            Ok(()) => self.task = Task::Plan,
            Err(failure) => self.fail(failure),
        }
    }

    /// Notes in the journal that something is being done; a failure of an earlier try stays noted.
    pub fn note_progress(&mut self, generation: i64) {
        summary::note_progress(&mut self.journal, generation);
    }

    /// Notes in the journal how the pass ended. `suffix`: what nobody can know beforehand, for the id of a new hold.
    pub fn note_end(&mut self, end: &End, generation: i64, suffix: &str, now: Timestamp) {
        self.journal = self.journal_at_end(end, generation, suffix, now);
    }

    /// The journal with which a pass that ends so is written; nothing is written where the store has it already.
    #[must_use]
    pub fn journal_at_end(&self, end: &End, generation: i64, suffix: &str, now: Timestamp) -> Journal {
        let mut journal = self.journal.clone();
        unread::end_by_reads(&mut journal, &self.observed, generation);
        summary::note_end(&mut journal, end, generation, suffix, now);
        if let End::Idle(idle) = end {
            unread::note_origin(&mut journal, idle, &self.observed);
        }
        journal
    }

    /// The journal that the store has, as far as this pass knows.
    #[must_use]
    pub const fn stored(&self) -> &Arc<Journal> {
        &self.stored
    }
}

#[cfg(test)]
mod tests;
