//! One pass over one rollout: read the source when it is due, plan, write the ledger, and only then act on it.

mod act;
mod facts;
mod list;
mod read;
mod remove;
mod steps;
mod write;

use std::{collections::BTreeSet, sync::Arc};

use api::{
    rollout::{Mode, YubiKeyRollout, YubiKeyRolloutStatus, ledger_status},
    shipment::YubiKeyShipment,
};
use domain::{
    backoff,
    binding::Binding,
    failure::{Failure, Reason},
    ids::UserId,
    rollout::{
        Blocked, Member, RolloutState,
        pass::{Pass, Task},
    },
};
use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt};
use system::clock;

use super::memory::Known;
use crate::{
    connection::{allowed_namespaces, handle::ConnectionHandle, state::ConnectionState},
    context::Context,
    kubernetes::{
        events, finalizer,
        status_patch::{self, CommitError},
    },
    metrics::instrument,
    rollout::{
        conditions::{self, ReadySummary},
        decisions::Reply,
        observed::View,
        sources,
        staged_users::Newcomer,
    },
};

/// Comes back so late if its connection is still not examined; usually that wakes it.
const UNEXAMINED: SignedDuration = SignedDuration::from_secs(30);

/// What the pass came to.
#[derive(Debug)]
pub enum Done {
    /// Come back then, or at a change.
    At(Option<Timestamp>),
    /// The resource is gone or let go.
    Gone,
}

/// One pass, with everything around it that is read, written and called.
struct Driver {
    ctx: Arc<Context>,
    api: Api<YubiKeyRollout>,
    shipments: Api<YubiKeyShipment>,
    object: YubiKeyRollout,
    /// Status that is written next, beside the book.
    basis: YubiKeyRolloutStatus,
    known: Known,
    link: Option<Arc<ConnectionHandle>>,
    blocked: Option<Blocked>,
    gone: BTreeSet<UserId>,
    /// Of a dry run: whom the console named.
    told: Vec<Member>,
    verdicts: Vec<Reply>,
    /// People who are marked to be created.
    marked: Vec<Newcomer>,
}

/// One pass, from the object as last read or written.
///
/// # Errors
/// Conflict, or a failed write.
pub async fn run(ctx: Arc<Context>, object: YubiKeyRollout) -> Result<Done, CommitError> {
    let namespace = object.namespace().unwrap_or_default();
    let uid = object.uid().unwrap_or_default();
    let rollout_state = match ledger_status::read(&object.status.clone().unwrap_or_default()) {
        Ok(rollout_state) => rollout_state,
        // Its end asks the API server what there is, and writes no ledger.
        Err(_) if object.metadata.deletion_timestamp.is_some() => RolloutState::default(),
        Err(failure) => return unreadable(&ctx, &namespace, &object, &failure).await,
    };
    let mut driver = Driver {
        api: Api::namespaced(ctx.client.clone(), &namespace),
        shipments: Api::namespaced(ctx.client.clone(), &namespace),
        basis: object.status.clone().unwrap_or_default(),
        known: ctx.rollout_memory.known(&uid),
        told: Vec::new(),
        link: None,
        blocked: None,
        gone: BTreeSet::new(),
        verdicts: Vec::new(),
        marked: Vec::new(),
        ctx,
        object,
    };
    let ended = Box::pin(driver.go(rollout_state)).await;
    if matches!(ended, Ok(Done::Gone)) {
        driver.ctx.rollout_memory.forget(&uid);
        return ended;
    }
    driver.known.ended = Some(clock::now());
    driver.ctx.rollout_memory.keep(&uid, driver.known);
    ended
}

/// Nothing is begun on the word of a ledger that cannot be read; it is left as it is.
async fn unreadable(
    ctx: &Context,
    namespace: &str,
    object: &YubiKeyRollout,
    failure: &Failure,
) -> Result<Done, CommitError> {
    tracing::error!(detail = failure.message, "the status of the rollout cannot be read");
    ctx.metrics.failed(instrument::ROLLOUT, failure.reason);
    let api = Api::namespaced(ctx.client.clone(), namespace);
    let old = object.status.clone().unwrap_or_default();
    let new = conditions::standing(object, &ReadySummary::failed(failure), clock::now());
    if status_patch::commit(&api, object, &old, &new).await?.is_some() {
        events::transition(&ctx.outbox, object, &old.conditions, &new.conditions);
    }
    Ok(Done::At(clock::now().checked_add(backoff::STALLED).ok()))
}

impl Driver {
    async fn go(&mut self, mut rollout_state: RolloutState) -> Result<Done, CommitError> {
        if self.object.metadata.deletion_timestamp.is_some() {
            return self.remove().await;
        }
        if !finalizer::present(&self.object) {
            let written = finalizer::add(&self.api, &self.object).await?;
            self.took(written);
        }
        if self.waits_for_examination() {
            return Ok(Done::At(clock::now().checked_add(UNEXAMINED).ok()));
        }
        self.connect().await;
        self.sync(&mut rollout_state).await;
        let again = self.drive(rollout_state).await?;
        Ok(Done::At(if again { Some(clock::now()) } else { self.next() }))
    }

    /// Does what the pass says until it is over. True if another pass finds more to do at once.
    async fn drive(&mut self, rollout_state: RolloutState) -> Result<bool, CommitError> {
        let ctx = Arc::clone(&self.ctx);
        let said = self.known.last_failure.as_ref().map(|failure| failure.reason);
        let mut pass = Pass::new(rollout_state, said);
        let mut view = View::default();
        // From the look at everybody until our ledger stands.
        let mut claim = None;
        loop {
            match pass.task().clone() {
                Task::Look => {
                    if claim.is_none() && !self.dry() {
                        claim = Some(ctx.rollout_memory.claims.lock().await);
                    }
                    view = View::of(&self.object, &ctx, &mut self.known).await;
                    self.forget_those_of_others(&view);
                    pass.looked();
                }
                Task::Plan => self.plan(&view, &mut pass),
                Task::Confirm => {
                    let confirmed = self.confirm(&mut view, &pass.rollout_state().ledger).await;
                    pass.confirmed(self.noted(confirmed));
                }
                Task::Answer => pass.answered(self.answer(pass.rollout_state().clone())),
                Task::Write => {
                    self.write(&mut pass).await?;
                    claim = None;
                }
                Task::Over { again } => return Ok(again),
                task => self.perform(task, &view, &mut pass).await?,
            }
        }
    }

    /// At the start no connection is examined yet: a moment later it is, and what is at rest is left as it is until then.
    fn waits_for_examination(&self) -> bool {
        let name = &self.object.spec.connection_ref.name;
        let says_something = !self.basis.conditions.is_empty();
        says_something && matches!(self.ctx.connections.state(name).1, ConnectionState::Unexamined)
    }

    /// The object as it was just written.
    fn took(&mut self, written: YubiKeyRollout) {
        self.ctx.rollout_memory.note_written(&written);
        self.object = written;
    }

    /// What stops every effect, and the way to the vendors.
    async fn connect(&mut self) {
        self.link = None;
        self.blocked = match self.usable().await {
            Ok(link) => {
                self.known.come_from(&link);
                let (policy, keys) = (link.spec.policy.clone(), link.spec.keys.clone());
                self.known.check_by((self.object.spec.skip.clone(), policy, keys));
                self.link = Some(link);
                self.object.spec.paused.then_some(Blocked::Paused)
            }
            Err(failure) => Some(Blocked::Connection(failure)),
        };
    }

    async fn usable(&self) -> Result<Arc<ConnectionHandle>, Failure> {
        let name = &self.object.spec.connection_ref.name;
        let link = match self.ctx.connections.state(name).1 {
            ConnectionState::Usable(link) => link,
            ConnectionState::Faulty(failure) => return Err(failure),
            ConnectionState::Unexamined => {
                let said = "The connection has not been examined yet.";
                return Err(Failure::new(Reason::ConnectionNotReady, said));
            }
            ConnectionState::Absent => {
                return Err(Failure::new(
                    Reason::ConnectionNotFound,
                    format!(
                        "There is no YubiKeyConnection {name}; create it, or declare a rollout that names another."
                    ),
                ));
            }
        };
        let namespace = self.object.namespace().unwrap_or_default();
        if !allowed_namespaces::admits(&self.ctx.namespaces, &namespace, &link.spec).await? {
            return Err(Failure::new(
                Reason::ForbiddenByConnection,
                "The connection's allowedNamespaces does not admit this namespace; ask its owner to add the namespace.",
            ));
        }
        if let Some(refusal) = sources::policy::refusal(&self.object.spec.source, &link.spec.policy.sources) {
            return Err(refusal);
        }
        let bound = link.spec.ordering_cluster.as_deref();
        if Binding::read(bound, self.ctx.cluster.as_deref()) == Binding::Elsewhere {
            return Err(Failure::new(
                Reason::NotOrderingCluster,
                "The connection's orderingCluster names another cluster (or none), so nothing is ordered here; bind it to this cluster to go on here.",
            ));
        }
        Ok(link)
    }

    /// The connection is the one this pass began with, as it was then: nothing more is done through one that was
    /// replaced or leads elsewhere by now.
    fn is_current(&self, link: &ConnectionHandle) -> bool {
        self.ctx
            .connections
            .state(&link.name)
            .1
            .usable()
            .is_some_and(|now| now.uid == link.uid && now.spec == link.spec)
    }

    fn dry(&self) -> bool {
        self.object.spec.mode == Mode::DryRun
    }

    /// When the next pass is due by itself.
    fn next(&self) -> Option<Timestamp> {
        let now = clock::now();
        let read = self.reads().then(|| self.read_from());
        let log = self.known.log_at.filter(|_| self.link.is_some() && !self.known.groups.is_empty());
        let failed = self.known.retry_at;
        let unsure = self.link.is_none().then(|| now.checked_add(backoff::STALLED).ok()).flatten();
        [read, log, failed, unsure, self.day()].into_iter().flatten().min()
    }

    /// The next day may bring places.
    fn day(&self) -> Option<Timestamp> {
        let limits = self.object.spec.max_per_day.is_some() && self.object.spec.mode == Mode::Order;
        let waiting = self.basis.counts.as_ref().is_some_and(|counts| counts.waiting > 0);
        (limits && waiting).then(|| domain::rollout::midnight(clock::now())).flatten()
    }
}
