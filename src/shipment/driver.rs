//! One pass over one shipment: the loop of look, plan, mark, send, record.
//!
//! The pass owns the object as last read or written; every write is guarded by that object's resourceVersion, and
//! every mark is sent only on the word of the write that stored it.

mod let_go;
mod receipt;
mod waiting;

use std::{sync::Arc, time::Duration};

use api::shipment::{YubiKeyShipment, YubiKeyShipmentStatus, journal_status};
use domain::{
    backoff,
    desired::Desired,
    failure::{Failure, Kind, Reason},
    journal::{Journal, Marked, Receipt, Unwanted},
    plan::{Fetch, Idempotent, Idle, Situation, Step, plan},
    summary::{self, End},
};
use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, runtime::reflector::ObjectRef};
use queue::budget_queue::BudgetPermit;
use system::{clock, random};
use tokio::time::Instant;

use super::{
    claims, open_orders, precedence, revision,
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
        conditions, connection_faults, decisions,
        effects::{self, Intent, Prepared},
        fetch,
        observations::Observations,
        permits, release,
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

    /// What an older definition would drop is not written; why nothing happens may well be.
    async fn say(&mut self, failure: &Failure) {
        self.journal = self.stored.clone();
        if let Err(error) = self.write_end(&End::Failed(failure.clone())).await {
            tracing::warn!(%error, "the status cannot say that the definitions are older");
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

    /// Before the first call: whose turn is it, and is there enough for all that this pass may begin? Nothing is read for
    /// whom there is not. Gives the connection with what was reserved.
    fn admit(
        &mut self,
        step: &Step,
        link: &Arc<ConnectionHandle>,
    ) -> Result<Option<Arc<ConnectionHandle>>, Duration> {
        let reserved = self.admitted.as_ref().and_then(BudgetPermit::reserved);
        let asked = match reserved {
            Some(reserved) => reserved.okta.is_none() && permits::calls_okta(step),
            None => {
                permits::calls_okta(step)
                    || (permits::calls(step) && self.ctx.budget_queue.stands(&self.who()))
            }
        };
        let Some(own) = self.link.as_ref().filter(|_| asked) else { return Ok(None) };
        self.admitted = None;
        let need = permits::need(step, &self.journal, self.is_deleting(), link);
        let place = permits::position(&self.object, &self.journal);
        let admitted = self.ctx.budget_queue.enter(&link.uid, own, &self.who(), place, need)?;
        let reserving = admitted.reserved().map(|reserved| own.with(reserved));
        self.admitted = Some(admitted);
        Ok(reserving)
    }

    fn who(&self) -> ObjectRef<YubiKeyShipment> {
        ObjectRef::from_obj(&*self.object)
    }

    /// It has no failure: its turn comes, at the latest after this. Said once, and nothing of it counts or grows.
    async fn queue(&mut self, wait: Duration) -> Result<Done, CommitError> {
        self.waits = true;
        let failure = Failure::new(
            Reason::RateLimited,
            "The vendors' rate limits admit no more calls now; it goes on by itself when its turn has come: first who is enrolled, then the oldest.",
        );
        self.write_end(&End::Failed(failure)).await?;
        let until = Some(after(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)));
        self.ctx.shipments.memory.note_rest(&self.object, until, self.stand, false);
        Ok(Done::At(until))
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
            look_now: self.look_requested() || by_list.moved,
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

    fn look_requested(&self) -> bool {
        let asked = self.object.annotations().get(api::REQUESTED_AT);
        let handled = self.object.status.as_ref().and_then(|s| s.last_handled_reconcile_at.as_ref());
        asked.is_some() && asked != handled
    }

    async fn look(&mut self, look: Fetch, link: &Arc<ConnectionHandle>) -> Option<Failure> {
        let read = fetch::look(look, &self.object, &self.ctx, link, &mut self.journal, &mut self.found).await;
        if look == Fetch::Parcel && read.is_ok() {
            self.ctx.shipments.memory.note_poll(&self.uid(), clock::now());
            if let Some(order) = self.journal.accepted() {
                self.ctx.order_lists.note_look(&link.uid, &order.id);
            }
        }
        read.err()
    }

    async fn run_free(
        &mut self,
        what: Idempotent,
        link: &ConnectionHandle,
    ) -> Result<Option<Failure>, CommitError> {
        if !self.is_on_course(link) {
            return Err(CommitError::Conflict);
        }
        let result = effects::run_free(what, link, &mut self.journal, &self.ctx.tasks).await;
        match (what, result) {
            // The list tells whether it worked all the same.
            (Idempotent::Activate, Err(failure)) => {
                self.found.observed.signing_key_gone = effects::signing_key_gone(link, &self.journal).await;
                self.found.observed.activation_failed = Some(failure);
            }
            (Idempotent::Cancel, Err(failure)) => self.found.observed.cancel_failed = Some(failure),
            (Idempotent::Cancel, Ok(())) => {
                self.found.observed.parcel = None;
                // The 2xx to our DELETE is what makes a later 404 certain: it must outlive this process.
                self.save(Reason::Deleting).await?;
            }
            (_, result) => return Ok(result.err()),
        }
        Ok(None)
    }

    /// Of the passes for one person only one may begin an enrolment: two that look at the same moment both see nobody,
    /// and each would make one of which the second look removes the other.
    fn may_begin(&mut self, what: Marked) -> bool {
        let Some(user) = self.journal.user.as_ref().filter(|_| what == Marked::Enroll) else { return true };
        if self.claim.is_none() {
            let org = self.journal.orgs.as_ref().and_then(|orgs| orgs.okta.as_ref());
            let org = org.map(ToString::to_string).unwrap_or_default();
            self.claim = open_orders::claim_person(&self.ctx, &org, user, &self.object);
        }
        self.claim.is_some()
    }

    /// Of two passes that would take over one order only one may look at it: both would see that nobody has it.
    fn may_adopt(&mut self) -> bool {
        let Some(adoption) = self.journal.adoption.as_ref() else { return true };
        if self.adopting.is_none() {
            self.adopting = open_orders::claim_order(&self.ctx, &adoption.shipment, &self.object);
        }
        if let Some(place) = &mut self.adopting {
            place.used = true;
        }
        self.adopting.is_some()
    }

    /// Mark, send, record. The mark is a write guarded by the object the decision was made on; a conflict ends the
    /// pass, and the same patch is never sent on a newer version.
    async fn mark_and_send(
        &mut self,
        what: Marked,
        link: &Arc<ConnectionHandle>,
    ) -> Result<Option<Failure>, CommitError> {
        let prepared = match self.prepare(what, link).await? {
            Some(Ok(prepared)) => prepared,
            Some(Err(failure)) => return Ok(Some(failure)),
            None => return Ok(None),
        };
        // Slot and token may have taken long: requests expire, people are suspended, others come first.
        if self.next_step(link).await != Step::Mark(what) {
            return Ok(None);
        }
        if !self.is_on_course(link) {
            // The connection or its credentials were replaced meanwhile: the pass starts anew with those.
            return Err(CommitError::Conflict);
        }
        for place in [&mut self.place, &mut self.claim].into_iter().flatten() {
            place.used = true;
        }
        let (now, instant) = (clock::now(), Instant::now());
        self.journal.mark(what, now, self.found.observed.list.as_ref());
        if let Err(error) = self.save(doing(what)).await {
            if matches!(error, CommitError::Unanswered(_) | CommitError::Failed(_)) {
                // It may stand there all the same, and nothing is sent on its word.
                self.ctx.unsent.note(&self.uid(), what, &self.journal);
            }
            return Err(error);
        }
        let intent = Intent::new(what, self.journal.attempt_of(what), now, instant, prepared);
        let (attempt, what) = (intent.attempt(), intent.what());
        let outcome = if self.is_on_course(link) {
            effects::run_marked(intent, &self.object, link, &self.journal, self.found.recipient.as_ref())
                .await
        } else {
            connection_faults::replaced()
        };
        self.found.observed.list = None;
        self.record(what, attempt, &outcome.receipt).await?;
        Ok(match outcome.receipt {
            Receipt::Enrolled(..) | Receipt::Ordered(_) | Receipt::Done => None,
            // The order's own holds tell what to do; the rest is tried again with backoff.
            Receipt::Unknown if what != Marked::Discard => None,
            Receipt::Refused { retryable: false } if what == Marked::Order => None,
            _ => outcome.failure,
        })
    }

    /// Where others stand before us, the turn to order may come late: what the enrolment gave is written before it is
    /// waited for. Else it is written with the order's mark, which saves a write.
    /// `None`: the process ends, and nothing is begun any more.
    async fn prepare(
        &mut self,
        what: Marked,
        link: &ConnectionHandle,
    ) -> Result<Option<Result<Prepared, Failure>>, CommitError> {
        if what == Marked::Order && self.unwritten.is_some() {
            match effects::prepare_at_once(link) {
                Ok(Some(prepared)) => return Ok(Some(Ok(prepared))),
                Ok(None) => self.save(doing(what)).await?,
                Err(failure) => return Ok(Some(Err(failure))),
            }
        }
        Ok(self.ctx.tasks.unless_closing(effects::prepare(what, link)).await)
    }

    /// After an order the next plan is a rest; its conditions go with the receipt in one write.
    async fn save_as_planned(&mut self) -> Result<(), CommitError> {
        let name = self.object.spec.connection_ref.name.clone();
        let Some(link) = self.ctx.connections.state(&name).1.usable() else {
            let ordered = self.journal.accepted().is_some();
            return self.save(if ordered { Reason::AwaitingShipment } else { Reason::Ordering }).await;
        };
        match self.next_step(&link).await {
            Step::Idle(rest) => self.write_end(&End::Idle(rest)).await,
            _ => self.save(Reason::Ordering).await,
        }
    }

    /// Writes the journal as it stands, and says what is being done. A failure of an earlier try stays noted: only
    /// its end shows that it has passed.
    async fn save(&mut self, doing: Reason) -> Result<(), CommitError> {
        let rest = Idle { reason: doing, message: doing.progress().to_owned(), until: None, pin: false };
        summary::note_progress(&mut self.journal, revision::of(&self.object));
        let status = conditions::end(&self.object, &self.journal, &End::Idle(rest), clock::now());
        self.write(&status).await
    }

    async fn write(&mut self, status: &YubiKeyShipmentStatus) -> Result<(), CommitError> {
        let old = self.object.status.clone().unwrap_or_default();
        let written =
            status_patch::commit(&self.api, &self.object, &old, status, |o| o.status.as_ref()).await?;
        if let Some(written) = written {
            self.ctx.unsent.forget(&self.uid());
            self.ctx.shipments.note_written(&written);
            self.note_activation(&old, status);
            events::transition(&self.ctx.outbox, &written, &old.conditions, &status.conditions);
            *self.object = written;
        }
        self.stored = self.journal.clone();
        self.unwritten = None;
        Ok(())
    }

    /// The write that first says "activated" is the one that counts it: a restart or a conflict counts nothing twice.
    fn note_activation(&self, old: &YubiKeyShipmentStatus, new: &YubiKeyShipmentStatus) {
        let before = old.times.as_ref().and_then(|times| times.activated.as_ref());
        let Some(times) = new.times.as_ref().filter(|_| before.is_none()) else { return };
        if let (Some(ordered), Some(activated)) = (&times.ordered, &times.activated) {
            let took = activated.0.duration_since(ordered.0).max(SignedDuration::ZERO).unsigned_abs();
            let uid = self.ctx.connections.uid_of(&self.object.spec.connection_ref.name);
            self.ctx.metrics.connections.observe_activation(&uid, took);
        }
    }

    async fn write_end(&mut self, end: &End) -> Result<(), CommitError> {
        let now = clock::now();
        let generation = revision::of(&self.object);
        summary::note_end(&mut self.journal, end, generation, &random::suffix(), now);
        let status = conditions::end(&self.object, &self.journal, end, now);
        self.write(&status).await
    }

    async fn finish(&mut self, end: End) -> Result<Done, CommitError> {
        self.write_end(&end).await?;
        let End::Idle(rest) = end else { return Ok(self.rested(None)) };
        if let (Reason::AnotherOrderForUser | Reason::ClaimedTwice, Some(other)) = (rest.reason, &self.behind)
        {
            self.ctx.shipments.wait_behind(other, &self.object);
        }
        if rest.reason == Reason::TooManyOpenOrders {
            // A place becomes free without any change of this shipment; asking costs no call.
            return Ok(self.rested(Some(after(random::jittered(TURN)))));
        }
        let slow = rest.until.is_none() && rest.reason.kind() == Kind::Stalled;
        Ok(self.rested(if slow { Some(after(random::jittered(backoff::STALLED))) } else { rest.until }))
    }

    fn rested(&self, until: Option<Timestamp>) -> Done {
        self.ctx.shipments.memory.note_rest(&self.object, until, self.stand, false);
        Done::At(until)
    }

    async fn fail(&mut self, failure: Failure) -> Result<Done, CommitError> {
        tracing::warn!(reason = %failure.reason, detail = failure.message, "the pass ended early");
        let reason = failure.reason;
        if reason.kind() == Kind::Stalled && !self.journal.tries_again(reason) {
            let rest = Idle { reason, message: failure.message, until: None, pin: false };
            let done = self.finish(End::Idle(rest)).await?;
            self.ctx.metrics.failed(instrument::SHIPMENT, reason);
            return Ok(done);
        }
        if failure.is_wait() {
            return self.limited(failure.retry_after.unwrap_or(backoff::UNNAMED.unsigned_abs())).await;
        }
        let (kind, wish) = (reason.kind(), failure.retry_after);
        let refused = kind == Kind::Auth;
        self.write_end(&End::Failed(failure)).await?;
        self.ctx.metrics.failed(instrument::SHIPMENT, reason);
        let count = self.journal.last_failure.as_ref().map_or(1, |t| t.count);
        let wait = match kind {
            Kind::Stalled | Kind::Auth => backoff::delay(count).max(SignedDuration::from_secs(30)),
            Kind::Transient | Kind::Waiting => backoff::delay(count),
        };
        let wish = wish.and_then(|w| SignedDuration::try_from(w).ok()).unwrap_or_default();
        let until = Some(after(random::jittered(wait.max(wish))));
        self.ctx.shipments.memory.note_rest(&self.object, until, self.stand, refused);
        Ok(Done::At(until))
    }

    /// A vendor asked for fewer calls in the middle of the pass: back into the queue, and not before it allows.
    async fn limited(&mut self, at_least: Duration) -> Result<Done, CommitError> {
        self.admitted = None;
        let Some(link) = self.link.clone() else { return self.queue(at_least).await };
        let need = permits::need(&Step::Fetch(Fetch::Parcel), &self.journal, self.is_deleting(), &link);
        let place = permits::position(&self.object, &self.journal);
        let wait = self.ctx.budget_queue.wait(&link.uid, &link, &self.who(), place, need, at_least);
        self.queue(wait).await
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
