//! What all passes share: the API client, the caches, the connections, and a little memory that may be lost.

use api::shipment::journal_status;
use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api::{
    connection::{AllowedNamespaces, NamespacesFrom, YubiKeyConnection, YubiKeyConnectionSpec},
    decision::YubiKeyDecision,
    rollout::YubiKeyRollout,
    shipment::{EnrollmentOutcome, OrderOutcome, YubiKeyShipment, YubiKeyShipmentStatus},
};
use domain::{
    failure::Failure,
    ids::{ShipmentId, UserId},
    journal::{Journal, Order},
};
use futures::future::{BoxFuture, Shared};
use jiff::Timestamp;
use kube::{
    Api, Client, ResourceExt,
    core::{Selector, SelectorExt},
    runtime::reflector::{ObjectRef, Store},
};
use queue::{budget_queue::BudgetQueue, fair_queue::FairQueue};

use super::rollout;
use crate::{
    connection::{
        entries::{Registry, Stand},
        handle::Link,
        let_go,
        order_list_poller::Following,
        state::Way,
    },
    kubernetes::{
        decode::Decoded,
        events,
        index::Term,
        namespaces::Namespaces,
        retry::Failures,
        undecodable::{Undecodables, connection_fault},
        watches::View,
    },
    metrics::instrument,
    shipment::{
        reservations::{Reservation, Reservations},
        unsent::Unsent,
        waiting::Waiting,
        written::{Written, version},
    },
};
use crate::{kubernetes::leader_election::Leadership, metrics::Metrics, tasks::Tasks};

/// Passes of one connection that run side by side; each holds at most one call.
const SIDE_BY_SIDE: usize = 64;

/// Shared by all passes.
pub struct Context {
    /// Kubernetes.
    pub client: Client,
    /// Events.
    pub outbox: events::Outbox,
    /// All shipments, as watched.
    pub shipments: View<YubiKeyShipment>,
    /// All connections, as watched.
    pub connections: Store<YubiKeyConnection>,
    /// All decisions, as watched.
    pub decisions: View<YubiKeyDecision>,
    /// All rollouts, as watched.
    pub rollouts: View<YubiKeyRollout>,
    /// What this process remembers of rollouts.
    pub rollout_memory: rollout::memory::Memory,
    /// Namespaces and their labels.
    pub namespaces: Namespaces,
    /// What the watches show and this version cannot decode.
    pub undecodables: Undecodables,
    /// What is known of connections.
    pub registry: Arc<Registry>,
    /// Where credentials are mounted.
    pub credentials_dir: PathBuf,
    /// Certificates that all connections trust, if any.
    pub shared_ca: Option<PathBuf>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Uid of the `kube-system` namespace.
    pub cluster: Option<String>,
    /// May this process act?
    pub leadership: Leadership,
    /// Resolves once every watch of shipments and decisions has listed or failed: before that a rival may only not be
    /// read yet.
    pub answered: Shared<BoxFuture<'static, ()>>,
    /// What the lists of orders tell.
    pub following: Following,
    /// Orders that were let go.
    pub let_go: let_go::Record,
    reservations: Reservations,
    /// Who may call now, where the vendors' limits do not admit all.
    pub budget_queue: BudgetQueue<ObjectRef<YubiKeyShipment>, Link>,
    /// Who waits because of another shipment.
    pub waiting: Waiting,
    written: Written,
    /// Who may run a pass now.
    pub fair_queue: FairQueue<ObjectRef<YubiKeyShipment>>,
    /// Running passes; shutdown waits for them.
    pub tasks: Tasks,
    /// Marks that were written without an answer.
    pub unsent: Unsent,
    /// Passes that could not even say what went wrong.
    pub failures: Failures,
    /// When this process started (UTC).
    pub started: Timestamp,
    memory: Memory,
}

#[derive(Default)]
struct Memory {
    /// Parcels read by this process: a restart waits for the next moment of the schedule instead of reading all.
    looks: Mutex<HashMap<String, Timestamp>>,
    /// How the last pass over each shipment ended.
    rests: Mutex<HashMap<String, Rested>>,
}

impl Memory {
    /// Shipments that something is remembered of, by uid.
    fn noted(&self) -> HashSet<String> {
        let mut all: HashSet<String> = lock(&self.looks).keys().cloned().collect();
        all.extend(lock(&self.rests).keys().cloned());
        all
    }
}

/// How a pass ended: until something changes, or the time has come, another one would find the same.
#[derive(Debug, Clone, Copy)]
struct Rested {
    version: u64,
    stand: Stand,
    until: Option<Timestamp>,
    refused: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a context is made of.
pub struct Parts {
    /// See [`Context::client`].
    pub client: Client,
    /// See [`Context::outbox`].
    pub outbox: events::Outbox,
    /// See [`Context::shipments`].
    pub shipments: View<YubiKeyShipment>,
    /// See [`Context::connections`].
    pub connections: Store<YubiKeyConnection>,
    /// See [`Context::registry`].
    pub registry: Arc<Registry>,
    /// See [`Context::decisions`].
    pub decisions: View<YubiKeyDecision>,
    /// See [`Context::rollouts`].
    pub rollouts: View<YubiKeyRollout>,
    /// See [`Context::namespaces`].
    pub namespaces: Namespaces,
    /// See [`Context::undecodables`].
    pub undecodables: Undecodables,
    /// See [`Context::credentials_dir`].
    pub credentials_dir: PathBuf,
    /// See [`Context::shared_ca`].
    pub shared_ca: Option<PathBuf>,
    /// See [`Context::metrics`].
    pub metrics: Arc<Metrics>,
    /// See [`Context::answered`].
    pub answered: Shared<BoxFuture<'static, ()>>,
    /// See [`Context::cluster`].
    pub cluster: Option<String>,
    /// See [`Context::leadership`].
    pub leadership: Leadership,
    /// See [`Context::started`].
    pub started: Timestamp,
}

impl Context {
    /// Puts a context together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let shipments = parts.shipments.clone();
        let called = parts.shipments.clone();
        let budget_queue = BudgetQueue::new(move |shipment| called.wake(shipment));
        let fair_queue = FairQueue::new(SIDE_BY_SIDE, move |shipment| shipments.wake(shipment));
        Self {
            client: parts.client,
            outbox: parts.outbox,
            shipments: parts.shipments,
            connections: parts.connections,
            decisions: parts.decisions,
            rollouts: parts.rollouts,
            rollout_memory: rollout::memory::Memory::default(),
            namespaces: parts.namespaces,
            undecodables: parts.undecodables,
            registry: parts.registry,
            credentials_dir: parts.credentials_dir,
            shared_ca: parts.shared_ca,
            metrics: parts.metrics,
            cluster: parts.cluster,
            leadership: parts.leadership,
            answered: parts.answered,
            following: Following::default(),
            let_go: let_go::Record::default(),
            reservations: Reservations::default(),
            budget_queue,
            waiting: Waiting::default(),
            written: Written::default(),
            fair_queue,
            tasks: Tasks::default(),
            unsent: Unsent::default(),
            failures: Failures::default(),
            started: parts.started,
            memory: Memory::default(),
        }
    }

    /// When this process last read the parcel, else when it started.
    #[must_use]
    pub fn last_look(&self, uid: &str) -> Timestamp {
        lock(&self.memory.looks).get(uid).copied().unwrap_or(self.started)
    }

    /// The parcel was read.
    pub fn note_look(&self, uid: &str, at: Timestamp) {
        lock(&self.memory.looks).insert(uid.to_owned(), at);
    }

    /// The shipment is gone.
    pub fn forget(&self, object: &YubiKeyShipment) {
        let uid = object.uid().unwrap_or_default();
        lock(&self.memory.looks).remove(&uid);
        lock(&self.memory.rests).remove(&uid);
        self.written.forget(object);
        self.waiting.note_gone(&uid);
    }

    /// Forgets what is gone, however it went.
    pub fn prune(&self) {
        let (noted, written) = (self.memory.noted(), self.written.uids());
        let connections = self.connections.state();
        let uids = |all: Vec<Option<String>>| all.into_iter().flatten();
        let shipments = self.shipments.state().iter().map(|shipment| shipment.uid()).collect();
        let rollouts = self.rollouts.state().iter().map(|rollout| rollout.uid()).collect();
        let live: HashSet<String> = uids(shipments)
            .chain(uids(rollouts))
            .chain(connections.iter().filter_map(|connection| connection.uid()))
            .collect();
        // One that came since the names were noted stays, whatever the lists showed.
        for uid in written.into_iter().chain(noted).filter(|uid| !live.contains(uid)) {
            lock(&self.memory.looks).remove(&uid);
            lock(&self.memory.rests).remove(&uid);
            self.written.forget_uid(&uid);
            self.waiting.forget(&uid);
        }
        self.unsent.prune(&live);
        self.failures.prune(&live);
        self.rollout_memory.prune(&live);
    }

    /// Remembers what we wrote until the cache shows it.
    pub fn note_written(&self, object: &YubiKeyShipment) {
        self.written.note(object);
    }

    /// The newer of the object as watched and the object as we wrote it: planning on the older one would only cost
    /// a conflict.
    #[must_use]
    pub fn newest(&self, watched: &Arc<YubiKeyShipment>) -> Arc<YubiKeyShipment> {
        self.written.newest(watched)
    }

    /// Shipments under a term as they are now: what this process wrote counts before the watch shows it, and what it
    /// let go counts no more.
    #[must_use]
    pub fn shipments_under(&self, term: &Term) -> Vec<Arc<YubiKeyShipment>> {
        let mut all = self.shipments.under(term);
        let fresh = self.written.under(term).into_iter().filter_map(|name| self.shipments.get(&name));
        for watched in fresh {
            if !all.iter().any(|known| known.uid() == watched.uid()) {
                all.push(watched);
            }
        }
        let there =
            |object: &Arc<YubiKeyShipment>| object.uid().is_none_or(|uid| !self.waiting.is_gone(&uid));
        all.iter().filter(|object| there(object)).map(|object| self.newest(object)).collect()
    }

    /// Has the shipments look again that wait because of this one.
    pub fn wake_those_behind(&self, object: &YubiKeyShipment) {
        for who in self.waiting.take(&object.uid().unwrap_or_default()) {
            if let Some(waiting) = self.shipments.get(&who) {
                self.wake(&waiting);
            }
        }
    }

    /// Notes how a pass over this object ended, and which version of the connection it saw. `refused`: its credentials
    /// were, so that others end the rest.
    pub fn note_rest(&self, object: &YubiKeyShipment, until: Option<Timestamp>, stand: Stand, refused: bool) {
        let rested = Rested { version: version(object), stand, until, refused };
        lock(&self.memory.rests).insert(object.uid().unwrap_or_default(), rested);
    }

    /// The rest that still holds for this object: neither it nor its connection changed since, and its time has not
    /// come. The inner `None` waits for a change only.
    #[must_use]
    pub fn resting(&self, object: &YubiKeyShipment, now: Timestamp) -> Option<Option<Timestamp>> {
        let rested = *lock(&self.memory.rests).get(&object.uid()?)?;
        let stand = self.stand(&object.spec.connection_ref.name);
        let unchanged = version(object) <= rested.version
            && stand.epoch == rested.stand.epoch
            && (!rested.refused || stand.keys == rested.stand.keys);
        let early = rested.until.is_none_or(|until| now < until);
        (unchanged && early).then_some(rested.until)
    }

    /// Did this process ever end a pass over this object?
    #[must_use]
    pub fn knows(&self, object: &YubiKeyShipment) -> bool {
        lock(&self.memory.rests).contains_key(&object.uid().unwrap_or_default())
    }

    fn declared(&self, connection: &str) -> Option<Arc<YubiKeyConnection>> {
        self.connections.get(&ObjectRef::new(connection))
    }

    /// What stands under this name now, and which version of it.
    #[must_use]
    pub fn way(&self, connection: &str) -> (Stand, Way) {
        let Some(declared) = self.declared(connection) else {
            let undecodable = self.undecodable_connection(connection);
            return (Stand::default(), undecodable.map_or(Way::Absent, Way::Faulty));
        };
        let (stand, found) = self.registry.look(&declared.uid().unwrap_or_default());
        (stand, Way::of(&declared.spec, found))
    }

    /// A connection cannot be decoded, or can be again, or is gone: its shipments look anew.
    pub fn connection_undecodable(&self, connection: &str) {
        for shipment in self.shipments.under(&Term::Connection(connection.to_owned())) {
            self.wake(&shipment);
        }
    }

    /// Why this connection cannot be used although it is there: this version cannot decode it.
    #[must_use]
    pub fn undecodable_connection(&self, connection: &str) -> Option<Failure> {
        let object = self.undecodables.get(instrument::CONNECTION, "", connection)?;
        Some(connection_fault(connection, &object))
    }

    /// Which version of the connection of this name stands.
    #[must_use]
    pub fn stand(&self, connection: &str) -> Stand {
        let declared = self.declared(connection).and_then(|declared| declared.uid());
        declared.map(|uid| self.registry.stand(&uid)).unwrap_or_default()
    }

    /// Uid of the connection of this name; empty if there is none.
    #[must_use]
    pub fn uid_of(&self, connection: &str) -> String {
        self.declared(connection).and_then(|declared| declared.uid()).unwrap_or_default()
    }

    /// Is the connection of this name being deleted?
    #[must_use]
    pub fn is_leaving(&self, connection: &str) -> bool {
        self.declared(connection).is_some_and(|declared| declared.metadata.deletion_timestamp.is_some())
    }

    /// Shipments with an open effect that name this connection, sorted.
    #[must_use]
    pub fn keepers(&self, connection: &str) -> Vec<String> {
        let term = Term::Connection(connection.to_owned());
        let theirs = self.shipments.under(&term);
        let open = theirs.iter().filter(|s| s.status.as_ref().is_some_and(is_marked));
        let mut names: Vec<_> = open.map(|s| whole_name(s.as_ref())).collect();
        let undecodable = self.undecodables.under(&term);
        let open = undecodable.iter().filter(|s| s.traces.open);
        names.extend(open.map(|s| format!("{}/{}", s.namespace(), s.name())));
        names.sort_unstable();
        names
    }

    /// Does the connection admit the shipment's namespace?
    ///
    /// # Errors
    /// If the labels decide and the API server does not show them.
    pub async fn namespace_allowed(
        &self,
        object: &YubiKeyShipment,
        connection: &YubiKeyConnectionSpec,
    ) -> Result<bool, Failure> {
        self.admits(&object.namespace().unwrap_or_default(), connection).await
    }

    /// Does the connection admit this namespace?
    ///
    /// # Errors
    /// If the labels decide and the API server does not show them.
    pub async fn admits(&self, name: &str, connection: &YubiKeyConnectionSpec) -> Result<bool, Failure> {
        let allowed: &AllowedNamespaces = &connection.allowed_namespaces;
        Ok(match allowed.from {
            NamespacesFrom::All => true,
            NamespacesFrom::Names => {
                allowed.names.as_ref().is_some_and(|names| names.iter().any(|admitted| admitted == name))
            }
            NamespacesFrom::Selector => {
                let Some(selector) = allowed.selector.clone() else { return Ok(false) };
                let Ok(selector) = Selector::try_from(selector) else { return Ok(false) };
                self.namespaces.labels(name).await?.is_some_and(|labels| selector.matches(&labels))
            }
        })
    }

    /// Open orders of the namespace with the same connection, those that were let go among them and this shipment's not
    /// counted, and a place among them if there are less than `most`.
    #[must_use]
    pub fn open_orders(&self, object: &YubiKeyShipment, most: u32) -> (u32, Option<Reservation>) {
        let among = Term::open_beside(object);
        let undecodable = self.undecodables.under(&among);
        let undecodable = undecodable.iter().filter_map(|other| other.metadata.uid.clone());
        let open =
            self.shipments.under(&among).iter().filter_map(|other| other.uid()).chain(undecodable).collect();
        let since = object.creation_timestamp().map_or(Timestamp::UNIX_EPOCH, |created| created.0);
        let uid = object.uid().unwrap_or_default();
        let let_go = self.let_go(object);
        let left = most.saturating_sub(let_go);
        let (others, place) = self.reservations.take_in_order(&among, (since, &uid), &open, left);
        (others.saturating_add(let_go), place)
    }

    /// The right of one pass to begin an enrolment for this person. None: another pass is just doing it, and soon the
    /// cache shows whose.
    #[must_use]
    pub fn claim_person(&self, org: &str, user: &UserId, object: &YubiKeyShipment) -> Option<Reservation> {
        self.claim(&Term::Person(format!("{org}/{user}")), object)
    }

    /// The right of one pass to take over this order. None: another pass is just doing it.
    #[must_use]
    pub fn claim_order(&self, order: &ShipmentId, object: &YubiKeyShipment) -> Option<Reservation> {
        self.claim(&Term::Order(order.to_string()), object)
    }

    fn claim(&self, among: &Term, object: &YubiKeyShipment) -> Option<Reservation> {
        self.reservations.take(among, &object.uid().unwrap_or_default(), &HashSet::new(), 1).1
    }

    /// Has a pass over this shipment run now, though it rests.
    pub fn wake(&self, shipment: &YubiKeyShipment) {
        if let Some(rested) = lock(&self.memory.rests).get_mut(&shipment.uid().unwrap_or_default()) {
            rested.until = Some(Timestamp::MIN);
        }
        // One that is gone needs no look.
        let _ = self.shipments.wake(&ObjectRef::from_obj(shipment));
    }

    /// The Okta org that the shipment is ordered under, or would be.
    #[must_use]
    pub fn okta_org(&self, object: &YubiKeyShipment) -> Option<String> {
        let written = object.status.as_ref().and_then(|s| s.org.as_ref()).and_then(|org| org.okta.clone());
        written.or_else(|| self.org_behind(&object.spec.connection_ref.name))
    }

    /// The Okta org behind a connection, where it is known.
    #[must_use]
    pub fn org_behind(&self, connection: &str) -> Option<String> {
        let link = self.way(connection).1.usable()?;
        link.facts.orgs.okta.as_ref().map(ToString::to_string)
    }

    /// Writes the ids of a released shipment to an event on its connection, where they outlive it.
    pub async fn say_released(&self, object: &YubiKeyShipment, journal: &Journal) {
        let order = match &journal.order {
            Order::Accepted(order) => order.id.to_string(),
            Order::Open(..) | Order::Unknown(..) => {
                "unknown, look for it in the YubiEnterprise Console".to_owned()
            }
            Order::Never | Order::Refused(_) | Order::Cancelled(..) => "none".to_owned(),
        };
        let enrollment = journal.made().map_or_else(|| "none".to_owned(), |m| m.id.to_string());
        let note = format!(
            "Shipment {}/{} was let go: order {order}, enrolment {enrollment}.",
            object.namespace().unwrap_or_default(),
            object.name_any()
        );
        tracing::info!(order, enrollment, "the shipment is let go");
        let api: Api<Decoded<YubiKeyConnection>> = Api::all(self.client.clone());
        if let Ok(Some(connection)) = api.get_opt(&object.spec.connection_ref.name).await {
            events::publish_last(self, &connection, object, "ShipmentReleased", &note).await;
        }
    }
}

/// As people write it: `onboarding/ann-lee`.
pub(super) fn whole_name(object: &impl ResourceExt) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

fn is_marked(status: &YubiKeyShipmentStatus) -> bool {
    journal_status::read(status).map_or(true, |journal| journal.is_open())
}

/// Has it an order whose parcel may still bring news? Wider than what is read: this runs at each change.
pub(super) fn is_followed(status: &YubiKeyShipmentStatus) -> bool {
    let accepted = status.order.as_ref().filter(|order| order.outcome == OrderOutcome::Accepted);
    let mailed = status.times.as_ref().is_some_and(|times| times.pin_sent.is_some());
    let delivered = status.times.as_ref().is_some_and(|times| times.delivered.is_some());
    accepted.is_some_and(|order| order.shipment_id.is_some()) && !(mailed && delivered)
}

/// As [`Journal::is_open`], without building the journal: this runs over all shipments.
pub(super) fn is_open(status: &YubiKeyShipmentStatus) -> bool {
    let enrolled = status
        .enrollment
        .as_ref()
        .is_some_and(|e| matches!(e.outcome, EnrollmentOutcome::Open | EnrollmentOutcome::Made));
    enrolled && !is_finished(status)
}

pub(super) fn is_finished(status: &YubiKeyShipmentStatus) -> bool {
    // An order whose enrolment a person had removed can never become a second key.
    let discarded = status.enrollment.as_ref().is_some_and(|e| e.outcome == EnrollmentOutcome::Discarded);
    let over = |outcome| match outcome {
        OrderOutcome::Cancelled => true,
        OrderOutcome::Accepted => discarded,
        OrderOutcome::Open | OrderOutcome::Unknown | OrderOutcome::Refused => false,
    };
    status.times.as_ref().is_some_and(|t| t.pin_sent.is_some())
        || status.order.as_ref().is_some_and(|o| over(o.outcome))
}

#[cfg(test)]
mod tests {
    use api::shipment::YubiKeyShipmentSpec;
    use futures::FutureExt;
    use kube::{
        client::Body,
        core::ObjectMeta,
        runtime::{
            events::{Recorder, Reporter},
            reflector, watcher,
        },
    };

    use super::*;
    use crate::{
        kubernetes::watches::{Opening, Scope},
        readiness::Readiness,
    };

    /// A cluster of one connection, whose API server never answers.
    fn context(connection: &YubiKeyConnection) -> Context {
        type Answer = Result<axum::http::Response<Body>, std::io::Error>;
        let client = Client::new(tower::service_fn(|_| std::future::pending::<Answer>()), "default");
        let (connections, mut writer) = reflector::store();
        writer.apply_watcher_event(&watcher::Event::Apply(connection.clone()));
        let reporter = Reporter { controller: "test".to_owned(), instance: None };
        let (undecodables, _) = Undecodables::new();
        let readiness = Readiness::default();
        let opening = Opening { client: &client, readiness: &readiness, undecodables: &undecodables };
        Context::new(Parts {
            outbox: events::Outbox::new(Recorder::new(client.clone(), reporter)),
            shipments: std::iter::empty().collect(),
            connections,
            registry: Arc::default(),
            decisions: std::iter::empty().collect(),
            rollouts: std::iter::empty().collect(),
            namespaces: Namespaces::of(opening, &Scope::Cluster).0,
            undecodables: undecodables.clone(),
            credentials_dir: PathBuf::new(),
            shared_ca: None,
            metrics: Arc::default(),
            answered: std::future::ready(()).boxed().shared(),
            cluster: None,
            leadership: Leadership::always(),
            started: Timestamp::UNIX_EPOCH,
            client: client.clone(),
        })
    }

    fn named(uid: &str) -> ObjectMeta {
        ObjectMeta { name: Some("x".to_owned()), uid: Some(uid.to_owned()), ..ObjectMeta::default() }
    }

    /// Its finalizer was torn away, or its namespace: nobody released it.
    #[tokio::test]
    async fn what_is_remembered_of_an_object_goes_however_it_went() {
        let mut connection = YubiKeyConnection::new(
            "acme",
            serde_json::from_value(serde_json::json!({
                "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
                "allowedNamespaces": {"from": "All"},
            }))
            .unwrap(),
        );
        connection.metadata.uid = Some("there".to_owned());
        let ctx = context(&connection);
        let spec: YubiKeyShipmentSpec =
            serde_json::from_value(serde_json::json!({"userRef": {"id": "00u1"}, "key": {"model": "m"}}))
                .unwrap();
        let gone = YubiKeyShipment { metadata: named("gone"), spec, status: None };
        ctx.note_look("gone", Timestamp::MAX);
        ctx.note_written(&gone);
        ctx.note_rest(&gone, None, Stand::default(), false);
        for uid in ["gone", "there"] {
            let _ = ctx.failures.wait(uid, None);
        }
        ctx.rollout_memory.keep(
            "gone",
            rollout::memory::Known { ended: Some(Timestamp::MAX), ..rollout::memory::Known::default() },
        );
        assert!(ctx.knows(&gone) && ctx.memory.noted().len() == 1);
        ctx.prune();
        assert!(!ctx.knows(&gone) && ctx.memory.noted().is_empty());
        assert_eq!(ctx.last_look("gone"), Timestamp::UNIX_EPOCH);
        assert_eq!(ctx.rollout_memory.ended("gone"), None);
        let wait = |uid| ctx.failures.wait(uid, None).as_secs();
        assert!(wait("gone") < 4 && wait("there") >= 4, "who is there is still known");
    }
}
