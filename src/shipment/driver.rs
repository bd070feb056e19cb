//! One pass over one shipment: the loop of look, plan, mark, send, record.
//!
//! The pass owns the object as last read or written; every write is guarded by that object's resourceVersion, and
//! every mark is sent only on the word of the write that stored it.

mod effect;
mod first_use;
mod let_go;
mod limits;
mod receipt;
mod waiting;
mod write;

use std::sync::Arc;

use api::shipment::{YubiKeyShipment, journal_status};
use domain::{
    backoff,
    desired::Desired,
    failure::{Failure, Reason},
    journal::{Journal, Marked, Receipt, Unwanted},
    plan::{Fetch, Situation, Step, plan},
    summary::End,
};
use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, runtime::reflector::ObjectRef};
use queue::budget_queue::BudgetPermit;
use system::{clock, random};

use super::{
    claims, precedence, revision,
    validate::{self, Surroundings},
};
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
        conditions, connection_faults, decisions, fetch, observations::Observations, release,
        reservations::Reservation,
    },
};

/// No honest pass needs more steps; a planner that asks for the same thing for ever is stopped and said.
const MOST_STEPS: usize = 40;

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

/// One pass.
pub struct Pass {
    ctx: Arc<Context>,
    api: Api<YubiKeyShipment>,
    object: Box<YubiKeyShipment>,
    stored: Journal,
    journal: Journal,
    found: Observations,
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
    /// The connection's client, once the pass travels.
    link: Option<Arc<ConnectionHandle>>,
    /// The right to call, with what was reserved.
    admitted: Option<BudgetPermit<ObjectRef<YubiKeyShipment>, ConnectionHandle>>,
    /// It stands in the queue of those that want to call.
    waits: bool,
    namespace_allowed: bool,
    /// A receipt that stands nowhere yet: it is written together with what comes next.
    unwritten: Option<(Marked, u32, Receipt)>,
}

impl Pass {
    /// Starts from the object as watched; a status that cannot be read stops here, visibly.
    ///
    /// # Errors
    /// Conflict, or a failed write.
    pub async fn run(ctx: Arc<Context>, object: Box<YubiKeyShipment>) -> Result<Done, CommitError> {
        let api = Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
        let stored = match journal_status::read(&object.status.clone().unwrap_or_default()) {
            Ok(journal) => journal,
            Err(failure) => return unreadable(&ctx, &api, &object, &failure).await,
        };
        let mut journal = stored.clone();
        let generation = object.metadata.generation.unwrap_or_default();
        ctx.unsent.close(&object.uid().unwrap_or_default(), &mut journal, generation, clock::now());
        let mut pass = Self {
            ctx,
            api,
            object,
            stored,
            journal,
            found: Observations::default(),
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
            unwritten: None,
        };
        let ended = Box::pin(pass.go()).await;
        if !pass.waits {
            pass.ctx.budget_queue.leave(&pass.who());
        }
        pass.ctx.shipments.wake_those_behind(&pass.object);
        // Nothing carries it any more, whether the pass failed or its lease is lost: the next leader would find a mark
        // without its receipt, and a person would have to say whose the enrolment is.
        let lives_on = !matches!(ended, Ok(Done::Gone));
        if let Some((what, attempt, receipt)) = pass.unwritten.take().filter(|_| lives_on) {
            Box::pin(pass.keep(what, attempt, &receipt)).await;
        }
        match ended {
            Err(CommitError::Failed(failure)) if failure.reason == Reason::CRDOutdated => {
                Box::pin(pass.say(&failure)).await;
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
            if self.journal.is_untouched() || self.lets_go() {
                return self.release().await;
            }
        } else if !finalizer::present(&*self.object) {
            *self.object = finalizer::add(&self.api, &self.object).await?;
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
            ConnectionState::Usable(link) => self.travel(&link).await,
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
        let verdicts = decisions::apply(pending, &mut status, &mut self.journal, generation, &claimed);
        journal_status::write(&self.journal, &mut status);
        self.write(&status).await?;
        decisions::publish(&self.ctx, &self.object, verdicts).await;
        Ok(())
    }

    fn is_deleting(&self) -> bool {
        self.object.metadata.deletion_timestamp.is_some()
    }

    async fn travel(&mut self, link: &Arc<ConnectionHandle>) -> Result<Done, CommitError> {
        self.namespace_allowed = match allowed_namespaces::admits(
            &self.ctx.namespaces,
            &self.object.namespace().unwrap_or_default(),
            &link.spec,
        )
        .await
        {
            Ok(allowed) => allowed,
            Err(failure) => return self.fail(failure).await,
        };
        let mut link = Arc::clone(link);
        self.link = Some(Arc::clone(&link));
        for _ in 0..MOST_STEPS {
            if !self.ctx.leadership.is_held() || self.ctx.tasks.is_closing() {
                // The next leader goes on from what is written; a mark tells it what may be under way.
                return Ok(Done::At(None));
            }
            self.take_place(&link);
            let step = self.next_step(&link).await;
            tracing::debug!(?step, "planned");
            match self.admit(&step, &link) {
                Ok(None) => {}
                Ok(Some(reserving)) => link = reserving,
                Err(wait) => return self.queue(wait).await,
            }
            let failed = match step {
                Step::Fetch(Fetch::Adoption) if !self.may_adopt() => {
                    return Ok(self.rested(Some(after(random::jittered(BESIDE)))));
                }
                // Reads and waits may be dropped at the end of the process, effects and writes not.
                Step::Fetch(look) => {
                    let tasks = self.ctx.tasks.clone();
                    let Some(failed) = tasks.unless_closing(self.look(look, &link)).await else { continue };
                    failed
                }
                Step::Save => self.save(Reason::Activating).await.map(|()| None)?,
                Step::MarkOrphaned(id) => {
                    self.journal.unwanted = Some(Unwanted { id, mark: None });
                    None
                }
                Step::Pause(until) => {
                    let _ = self.ctx.tasks.unless_closing(pause(until)).await;
                    None
                }
                Step::Mark(what) if !self.may_begin(what) => {
                    return Ok(self.rested(Some(after(random::jittered(BESIDE)))));
                }
                Step::Mark(what) => self.mark_and_send(what, &link).await?,
                Step::Run(what) => self.run_free(what, &link).await?,
                Step::Idle(rest) => return self.finish(End::Idle(rest)).await,
                Step::Fail(failure) => Some(failure),
                Step::Release => return self.release().await,
            };
            if let Some(failure) = failed {
                self.report(&failure, &link);
                return self.fail(failure).await;
            }
        }
        self.fail(Failure::new(
            Reason::StatusUnreadable,
            "The plan does not come to an end; please report this with the status.",
        ))
        .await
    }

    async fn next_step(&mut self, link: &ConnectionHandle) -> Step {
        self.keep_what_others_have();
        let desired = self.desired(link);
        let existing = desired.existing_key;
        let rival =
            precedence::rival(&self.ctx, &self.object, &self.found.observed, &self.journal, existing).await;
        let claim = claims::of(&self.ctx, &self.object, &self.journal);
        let way = claim.as_ref().map(|claim| &claim.uid).or(rival.as_ref().map(|rival| &rival.uid));
        self.behind = way.cloned();
        let now = clock::now();
        let by_list = self.ctx.order_lists.about(link, &self.journal, self.is_deleting(), now);
        plan(&Situation {
            desired: &desired,
            journal: &self.journal,
            seen: &self.found.observed,
            saved: self.journal == self.stored,
            last_look: if by_list.answered {
                now
            } else {
                self.ctx.shipments.memory.last_poll(&self.uid()).unwrap_or(self.ctx.started)
            },
            look_now: fetch::look_requested(&self.object) || by_list.moved,
            use_look: self.last_use_look(),
            rival: rival.as_ref().map(precedence::Rival::as_planned),
            claimed: claim.as_ref().map(claims::Claim::as_claimed),
            now,
        })
    }

    /// An enrolment that a person wanted removed is another shipment's by now: the answer cannot be carried out.
    fn keep_what_others_have(&mut self) {
        let Some(unwanted) = &self.journal.unwanted else { return };
        if self.journal.made().is_some_and(|made| made.id == unwanted.id) {
            return;
        }
        if let Some(claim) = claims::of_enrollment(&self.ctx, &unwanted.id, &self.object) {
            tracing::warn!(enrollment = %unwanted.id, other = claim.name, "not removed: another shipment has it");
            self.journal.unwanted = None;
        }
    }

    fn desired(&self, link: &ConnectionHandle) -> Desired {
        let around = Surroundings {
            namespace_allowed: self.namespace_allowed,
            namespace_ending: self.namespace_ending,
            open_orders: self.open_orders.unwrap_or(0),
            let_go: let_go_orders::count(&self.ctx, &self.object),
            cluster: self.ctx.cluster.as_deref(),
            connection_leaves: !self.journal.is_open() && self.ctx.connections.is_leaving(&link.name),
        };
        validate::desired(&self.object, &link.spec, &link.facts, around)
    }

    fn uid(&self) -> String {
        self.object.uid().unwrap_or_default()
    }

    async fn look(&mut self, look: Fetch, link: &Arc<ConnectionHandle>) -> Option<Failure> {
        if look == Fetch::FirstUse {
            self.look_for_use(link).await;
            return None;
        }
        let read = fetch::look(look, &self.object, &self.ctx, link, &mut self.journal, &mut self.found).await;
        if look == Fetch::Parcel && read.is_ok() {
            self.ctx.shipments.memory.note_poll(&self.uid(), clock::now());
            if let Some(order) = self.journal.accepted() {
                self.ctx.order_lists.note_look(&link.uid, &order.id);
            }
        }
        read.err()
    }

    /// Lets go: the vendors are in order, or the policy is Orphan, whose ids go to an event on the connection.
    async fn release(&self) -> Result<Done, CommitError> {
        if self.journal.is_under_way() {
            let_go_orders::note(&self.ctx, &self.object).await?;
        }
        if !self.journal.is_untouched() {
            release::say_released(&self.ctx, &self.object, &self.journal).await;
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
    if status_patch::commit(api, object, &old, &new, |o| o.status.as_ref()).await?.is_some() {
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
