//! Drives one pass over one shipment: does what [`Pass`] asks for, and tells it what came of it.
//!
//! The driver holds the object as last read or written; every write is guarded by that object's resourceVersion.

mod effect;
mod facts;
mod first_use;
mod let_go;
mod limits;
mod receipt;
mod tries;
mod waiting;
mod write;

use std::sync::Arc;

use api::shipment::{YubiKeyShipment, YubiKeyShipmentStatus, journal_status};
use domain::{
    backoff,
    failure::{Failure, Reason},
    journal::Marked,
    pass::{Pass, Task, Written},
    plan::Fetch,
};
use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, runtime::reflector::ObjectRef};
use queue::budget_queue::BudgetPermit;
use system::{clock, random};
use tokio::time::Instant;

use self::tries::Tries;
use super::{claims, revision};
use crate::{
    connection::{
        allowed_namespaces, entries::ConnectionVersion, handle::ConnectionHandle, let_go as let_go_orders,
        state::ConnectionState,
    },
    context::Context,
    kubernetes::{
        events, finalizer,
        status_patch::{self, CommitError},
    },
    metrics::instrument,
    shipment::{
        conditions, connection_faults, decisions, effects::Prepared, fetch, release,
        reservations::Reservation,
    },
};

/// A shipment looks again after this while another one of the same person is being enrolled.
const BESIDE: SignedDuration = SignedDuration::from_secs(3);

/// A shipment that waits for a place among the open orders asks again after this.
const TURN: SignedDuration = SignedDuration::from_secs(30);

/// What the pass came to.
#[derive(Debug)]
pub enum Done {
    /// Come back then, or at a change.
    At(Option<Timestamp>),
    /// The resource is gone or let go.
    Gone,
}

/// One pass, with everything around it that is read, written and called.
pub struct Driver {
    ctx: Arc<Context>,
    api: Api<YubiKeyShipment>,
    object: Arc<YubiKeyShipment>,
    pass: Pass,
    open_orders: Option<u32>,
    /// The namespace admits no answers any more.
    namespace_ending: bool,
    /// Among the open orders of the namespace.
    place: Option<Reservation>,
    /// Among the shipments of the person.
    claim: Option<Reservation>,
    /// Among those that would take over the same order.
    adopting: Option<Reservation>,
    /// The shipment that stands in the way by the last plan.
    behind: Option<String>,
    /// The connection as this pass found it.
    stand: ConnectionVersion,
    /// The connection's client, once vendors may be called.
    link: Option<Arc<ConnectionHandle>>,
    /// The right to call, with what was reserved.
    admitted: Option<BudgetPermit<ObjectRef<YubiKeyShipment>, ConnectionHandle>>,
    /// It stands in the queue of those that want to call.
    waits: bool,
    namespace_allowed: bool,
    /// What was got before the mark.
    prepared: Option<Prepared>,
    /// When the mark was made.
    marked: Instant,
    tries: Tries,
    /// What the pass came to, once it is over.
    ended: Option<Result<Done, CommitError>>,
}

impl Driver {
    /// Starts from the object as watched; a status that cannot be read stops here, visibly.
    ///
    /// # Errors
    /// Conflict, or a failed write.
    pub async fn run(ctx: Arc<Context>, object: Arc<YubiKeyShipment>) -> Result<Done, CommitError> {
        let api = Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
        let nothing = YubiKeyShipmentStatus::default();
        let stored = match journal_status::read(object.status.as_ref().unwrap_or(&nothing)) {
            Ok(journal) => journal,
            Err(failure) => return unreadable(&ctx, &api, &object, &failure).await,
        };
        let mut journal = stored.clone();
        let generation = object.metadata.generation.unwrap_or_default();
        ctx.unsent.close(&object.uid().unwrap_or_default(), &mut journal, generation, clock::now());
        let mut driver = Self {
            ctx,
            api,
            object,
            pass: Pass::new(Arc::new(stored), journal),
            open_orders: None,
            namespace_ending: false,
            place: None,
            claim: None,
            adopting: None,
            behind: None,
            stand: ConnectionVersion::default(),
            link: None,
            admitted: None,
            waits: false,
            namespace_allowed: false,
            prepared: None,
            marked: Instant::now(),
            tries: Tries::default(),
            ended: None,
        };
        let ended = Box::pin(driver.go()).await;
        if !driver.waits {
            driver.ctx.budget_queue.leave(&driver.who());
        }
        driver.ctx.shipments.wake_those_behind(&driver.object);
        if !matches!(ended, Ok(Done::Gone)) {
            Box::pin(driver.keep_receipt()).await;
        }
        match ended {
            Err(CommitError::Failed(failure)) if failure.reason == Reason::CRDOutdated => {
                Box::pin(driver.say(&failure)).await;
                Err(CommitError::Failed(failure))
            }
            ended => ended,
        }
    }

    async fn go(&mut self) -> Result<Done, CommitError> {
        if self.is_deleting() {
            if !finalizer::present(&*self.object) {
                return Ok(Done::Gone);
            }
            self.note_ending().await?;
            if self.pass.journal.is_untouched() || self.lets_go() {
                return self.release().await;
            }
        } else if !finalizer::present(&*self.object) {
            self.object = Arc::new(finalizer::add(&self.api, &self.object).await?);
            self.ctx.shipments.note_written(&self.object);
        }
        self.decide().await?;
        let name = self.object.spec.connection_ref.name.clone();
        let (stand, way) = self.ctx.connections.state(&name);
        self.stand = stand;
        match way {
            ConnectionState::Absent => {
                self.wait_for_connection(connection_faults::no_connection(&name)).await
            }
            ConnectionState::Usable(link) => self.drive(link).await,
            ConnectionState::Faulty(failure) => self.wait_for_connection(failure).await,
            // Its shipments are woken when it was examined; if that finds no news for them, they look themselves.
            ConnectionState::Unexamined => Ok(self.rested(Some(after(random::jittered(TURN))))),
        }
    }

    /// Answers to what people decided, before anything else: their word may be what the plan waits for.
    async fn decide(&mut self) -> Result<(), CommitError> {
        let pending = decisions::pending(&self.ctx, &self.object);
        if pending.is_empty() {
            return Ok(());
        }
        let mut status = self.object.status.clone().unwrap_or_default();
        let generation = revision::of(&self.object);
        let claimed = |id: &_| claims::of_enrollment(&self.ctx, id, &self.object).map(|claim| claim.name);
        let verdicts = decisions::apply(pending, &mut status, &mut self.pass.journal, generation, &claimed);
        journal_status::write(&self.pass.journal, &mut status);
        self.write(&status).await?;
        decisions::publish(&self.ctx, &self.object, verdicts).await;
        Ok(())
    }

    fn is_deleting(&self) -> bool {
        self.object.metadata.deletion_timestamp.is_some()
    }

    /// Does one task after another, until the pass is over but for a receipt.
    async fn drive(&mut self, mut link: Arc<ConnectionHandle>) -> Result<Done, CommitError> {
        self.link = Some(Arc::clone(&link));
        let namespace = self.object.namespace().unwrap_or_default();
        match allowed_namespaces::admits(&self.ctx.namespaces, &namespace, &link.spec).await {
            Ok(allowed) => self.namespace_allowed = allowed,
            Err(failure) => self.pass.fail(failure),
        }
        loop {
            let task = self.pass.task().clone();
            if matches!(task, Task::Keep(_) | Task::Over) {
                return self.ended.take().unwrap_or(Ok(Done::At(None)));
            }
            if let Some(done) = self.perform(task, &mut link).await? {
                return Ok(done);
            }
        }
    }

    /// Does it. What it gives ends the pass before its plan does: others come first.
    async fn perform(
        &mut self,
        task: Task,
        link: &mut Arc<ConnectionHandle>,
    ) -> Result<Option<Done>, CommitError> {
        match task {
            Task::Plan => return self.plan(link).await,
            Task::Fetch(Fetch::Adoption) if !self.may_adopt() => return Ok(Some(self.beside())),
            Task::Fetch(what) => self.fetch(what, link).await,
            Task::Pause(until) => {
                let _ = self.ctx.tasks.unless_closing(pause(until)).await;
                self.pass.paused();
            }
            Task::Save(doing) => {
                let saved = self.save(doing).await;
                self.written(saved);
            }
            Task::Prepare(what) if !self.may_begin(what) => return Ok(Some(self.beside())),
            Task::Prepare(what) => self.prepare(what, link).await,
            Task::Mark(what, _) => self.write_mark(what).await,
            Task::Send(what, attempt, marked_at) => self.send(what, attempt, marked_at, link).await,
            Task::Run(what) => self.run_idempotent(what, link).await,
            Task::Record(_) => self.record().await,
            Task::Reread(_) => self.reread().await,
            Task::End(ending) => {
                let ended = self.end(ending, link).await;
                self.over(ended);
            }
            Task::Release => {
                let ended = self.release().await;
                self.over(ended);
            }
            Task::Keep(_) | Task::Over => {}
        }
        Ok(None)
    }

    async fn plan(&mut self, link: &mut Arc<ConnectionHandle>) -> Result<Option<Done>, CommitError> {
        if !self.ctx.leadership.is_held() || self.ctx.tasks.is_closing() {
            // The next leader goes on from what is written; a mark tells it what may be under way.
            self.pass.stop();
            return Ok(None);
        }
        self.take_place(link);
        let same_connection = self.with_facts(link, |pass, facts| {
            pass.plan(facts);
            facts.same_connection
        });
        let same_connection = same_connection.await;
        tracing::debug!(task = ?self.pass.task(), "planned");
        match self.pass.task() {
            Task::Mark(..) => return Ok(None),
            Task::Keep(_) | Task::Over if !same_connection => self.ended = Some(Err(CommitError::Conflict)),
            _ => {}
        }
        // What was got for a mark that is not to be made is given back.
        self.prepared = None;
        match self.admit(link) {
            Ok(None) => Ok(None),
            Ok(Some(reserving)) => {
                *link = reserving;
                Ok(None)
            }
            Err(wait) => self.queue(wait).await.map(Some),
        }
    }

    /// Another pass of the same person, or for the same order, goes first.
    fn beside(&self) -> Done {
        self.rested(Some(after(random::jittered(BESIDE))))
    }

    /// Tells the pass what became of a write.
    fn written(&mut self, result: Result<(), CommitError>) {
        self.pass.written(match &result {
            Ok(()) => Written::Stored,
            Err(CommitError::Gone) => Written::Gone,
            Err(_) => Written::Refused,
        });
        if let (Err(error), Task::Keep(_) | Task::Over) = (result, self.pass.task()) {
            self.ended = Some(Err(error));
        }
    }

    /// The last write of the pass was made, or refused.
    fn over(&mut self, ended: Result<Done, CommitError>) {
        self.pass.written(match &ended {
            Ok(_) => Written::Stored,
            Err(CommitError::Gone) => Written::Gone,
            Err(_) => Written::Refused,
        });
        self.ended = Some(ended);
    }

    fn uid(&self) -> String {
        self.object.uid().unwrap_or_default()
    }

    /// Reads may be dropped at the end of the process, effects and writes not.
    async fn fetch(&mut self, what: Fetch, link: &Arc<ConnectionHandle>) {
        if what == Fetch::FirstUse {
            return self.look_for_use(link).await;
        }
        let pass = &mut self.pass;
        let read = fetch::look(what, &self.object, &self.ctx, link, &mut pass.journal, &mut pass.observed);
        let Some(read) = self.ctx.tasks.unless_closing(read).await else { return self.pass.stop() };
        if what == Fetch::Parcel && read.is_ok() {
            self.ctx.shipments.memory.note_poll(&self.uid(), clock::now());
            if let Some(order) = self.pass.journal.accepted() {
                self.ctx.order_lists.note_look(&link.uid, &order.id);
            }
        }
        self.pass.fetched(read);
    }

    /// Lets go: the vendors are in order, or the policy is Orphan, whose ids go to an event on the connection.
    async fn release(&self) -> Result<Done, CommitError> {
        if self.pass.journal.is_under_way() {
            let_go_orders::note(&self.ctx, &self.object).await?;
        }
        if !self.pass.journal.is_untouched() {
            release::say_released(&self.ctx, &self.object, &self.pass.journal).await;
        }
        match finalizer::remove(&self.api, &self.object).await {
            Ok(_) | Err(CommitError::Gone) => {
                self.ctx.shipments.forget(&self.object);
                Ok(Done::Gone)
            }
            Err(error) => Err(error),
        }
    }
}

const fn doing(what: Marked) -> Reason {
    match what {
        Marked::Enroll => Reason::Enrolling,
        Marked::Order => Reason::Ordering,
        Marked::Discard => Reason::Discarding,
        Marked::SendPin => Reason::SendingPin,
    }
}

async fn unreadable(
    ctx: &Context,
    api: &Api<YubiKeyShipment>,
    object: &YubiKeyShipment,
    failure: &Failure,
) -> Result<Done, CommitError> {
    if release::unreadable(ctx, object).await? {
        finalizer::remove(api, object).await?;
        return Ok(Done::Gone);
    }
    let old = object.status.clone().unwrap_or_default();
    let new = conditions::unreadable(object, failure, clock::now());
    if status_patch::commit(api, object, &old, &new).await?.is_some() {
        events::transition(&ctx.outbox, object, &old.conditions, &new.conditions);
    }
    ctx.metrics.failed(instrument::SHIPMENT, failure.reason);
    Ok(Done::At(Some(after(backoff::STALLED))))
}

fn after(wait: SignedDuration) -> Timestamp {
    clock::now().checked_add(wait).unwrap_or(Timestamp::MAX)
}

async fn pause(until: Timestamp) {
    let wait = until.duration_since(clock::now());
    if wait.is_positive() {
        tokio::time::sleep(wait.unsigned_abs()).await;
    }
}
