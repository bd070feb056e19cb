//! What all passes share, and nothing else: each part has its own place, and what can be asked of it stands there.

use std::{path::PathBuf, sync::Arc};

use api::{
    connection::YubiKeyConnection, decision::YubiKeyDecision, rollout::YubiKeyRollout,
    shipment::YubiKeyShipment,
};
use futures::future::{BoxFuture, Shared};
use jiff::Timestamp;
use kube::{Client, runtime::reflector::ObjectRef};
use queue::{budget_queue::BudgetQueue, fair_queue::FairQueue};
use vendors::http::Proxies;

use crate::{
    connection::{
        handle::ConnectionHandle, let_go_record::LetGoRecord, lister::ConnectionLister,
        poll_states::PollStates,
    },
    kubernetes::{
        decode::Watched, events::Outbox, leader_election::Leadership, lister::Lister, namespaces::Namespaces,
        retry::Failures, uid::Uids, undecodable::Undecodables,
    },
    metrics::Metrics,
    rollout::memory::Memory,
    shipment::{
        lister::ShipmentLister, person_lists::PersonLists, reservations::Reservations, unsent::Unsent,
    },
    tasks::Tasks,
};

/// Shared by all passes.
pub struct Context {
    /// Speaks to the API server as the operator's service account.
    pub client: Client,
    /// Where Kubernetes Events are handed over; nobody waits for them.
    pub outbox: Outbox,
    /// All shipments, as watched and as written here last.
    pub shipments: ShipmentLister,
    /// All connections, as watched, and what is known of each.
    pub connections: ConnectionLister,
    /// All decisions, as watched.
    pub decisions: Lister<YubiKeyDecision>,
    /// All rollouts, as watched.
    pub rollouts: Lister<YubiKeyRollout>,
    /// What this process remembers of rollouts.
    pub rollout_memory: Memory,
    /// Namespaces and their labels.
    pub namespaces: Namespaces,
    /// What the watches show and this version cannot decode.
    pub undecodables: Undecodables,
    /// Where credentials are mounted.
    pub credentials_dir: PathBuf,
    /// Certificates that all connections trust, if any.
    pub shared_ca: Option<PathBuf>,
    /// Which way the vendors are called.
    pub proxies: Proxies,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// Uid of the `kube-system` namespace.
    pub cluster: Option<String>,
    /// May this process act?
    pub leadership: Leadership,
    /// Resolves once every watch of shipments and decisions has listed or failed: before that a rival may only not be
    /// read yet.
    pub answered: Shared<BoxFuture<'static, ()>>,
    /// What the lists of orders tell.
    pub order_lists: PollStates,
    /// Orders that were let go.
    pub let_go: LetGoRecord,
    /// Okta's lists of people whose keys are looked after.
    pub person_lists: PersonLists,
    /// Places among open orders, and the one of a person or an order.
    pub reservations: Reservations,
    /// Who may call now, where the vendors' limits do not admit all.
    pub budget_queue: BudgetQueue<ObjectRef<YubiKeyShipment>, ConnectionHandle>,
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
}

impl Context {
    /// Forgets what is gone, however it went.
    pub fn prune(&self) {
        let noted = self.shipments.remembered();
        let (shipments, rollouts) = (self.shipments.watched.uids(), self.rollouts.uids());
        let connections =
            self.connections.declared.state().into_iter().filter_map(|one| YubiKeyConnection::uid_of(&one));
        let live: Uids = shipments.chain(rollouts).chain(connections).collect();
        self.shipments.prune(noted, &live);
        self.unsent.prune(&live);
        self.failures.prune(&live);
        self.rollout_memory.prune(&live);
    }
}

#[cfg(test)]
mod tests {
    use api::{connection::YubiKeyConnection, shipment::YubiKeyShipmentSpec};
    use futures::FutureExt;
    use kube::{
        client::Body,
        core::ObjectMeta,
        runtime::{events::Reporter, reflector, watcher},
    };

    use super::*;
    use crate::{
        connection::entries::ConnectionVersion,
        kubernetes::{
            events::Recorder,
            watches::{Opening, Scope},
        },
        readiness::Readiness,
        rollout::memory::Known,
    };

    /// A cluster of one connection, whose API server never answers.
    fn context(connection: &YubiKeyConnection) -> Context {
        type Answer = Result<axum::http::Response<Body>, std::io::Error>;
        let client = Client::new(tower::service_fn(|_| std::future::pending::<Answer>()), "default");
        let (declared, mut writer) = reflector::store();
        writer.apply_watcher_event(&watcher::Event::Apply(connection.clone()));
        let reporter = Reporter { controller: "test".to_owned(), instance: None };
        let (undecodables, _) = Undecodables::new();
        let readiness = Readiness::default();
        let opening = Opening { client: &client, readiness: &readiness, undecodables: &undecodables };
        Context {
            outbox: Outbox::new(Recorder::new(client.clone(), reporter)),
            shipments: ShipmentLister::new(std::iter::empty().collect()),
            connections: ConnectionLister {
                declared,
                entries: Arc::default(),
                undecodables: undecodables.clone(),
            },
            decisions: std::iter::empty().collect(),
            rollouts: std::iter::empty().collect(),
            rollout_memory: Memory::default(),
            namespaces: Namespaces::of(opening, &Scope::Cluster).0,
            undecodables: undecodables.clone(),
            credentials_dir: PathBuf::new(),
            shared_ca: None,
            proxies: Proxies::default(),
            metrics: Arc::default(),
            answered: std::future::ready(()).boxed().shared(),
            cluster: None,
            leadership: Leadership::always(),
            order_lists: PollStates::default(),
            let_go: LetGoRecord::default(),
            person_lists: PersonLists::default(),
            reservations: Reservations::default(),
            budget_queue: BudgetQueue::new(|_| true),
            fair_queue: FairQueue::new(1, |_| true),
            tasks: Tasks::default(),
            unsent: Unsent::default(),
            failures: Failures::default(),
            started: Timestamp::UNIX_EPOCH,
            client: client.clone(),
        }
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
        let gone = Arc::new(YubiKeyShipment { metadata: named("gone"), spec, status: None });
        ctx.shipments.memory.note_poll("gone", Timestamp::MAX);
        ctx.shipments.note_written(&gone);
        ctx.shipments.memory.note_rest(&gone, None, ConnectionVersion::default(), false);
        for uid in ["gone", "there"] {
            let _ = ctx.failures.wait(uid, None);
        }
        ctx.rollout_memory.keep("gone", Known { ended: Some(Timestamp::MAX), ..Known::default() });
        assert!(ctx.shipments.memory.knows(&gone) && ctx.shipments.remembered().len() == 1);
        ctx.prune();
        assert!(!ctx.shipments.memory.knows(&gone) && ctx.shipments.remembered().is_empty());
        assert_eq!(ctx.shipments.memory.last_poll("gone"), None);
        assert_eq!(ctx.rollout_memory.ended("gone"), None);
        let wait = |uid| ctx.failures.wait(uid, None).as_secs();
        assert!(wait("gone") < 4 && wait("there") >= 4, "who is there is still known");
    }
}
