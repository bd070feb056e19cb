//! Watches, both controllers, and the orderly end.

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::{FutureExt, Stream, StreamExt, future::Shared};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, ResourceExt,
    core::PartialObjectMeta,
    runtime::{
        Controller, WatchStreamExt,
        controller::{self, Action},
        events::{Recorder, Reporter},
        reflector::{self, ObjectRef, Store},
        watcher,
    },
};

use tokio::{sync::oneshot, task::JoinHandle};

use super::{Context, census::Census, commit::FIELD_MANAGER, connection, context::Parts, measure, shipment};
use crate::{
    api::{
        REQUESTED_AT, connection::YubiKeyConnection, decision::YubiKeyDecision, shipment::YubiKeyShipment,
    },
    clock,
    domain::{backoff, failure::Failure},
    lease::{self, Elector, Leadership},
    metrics::Metrics,
    readiness::Readiness,
};

/// Passes that run side by side; each holds at most one call.
const CONCURRENCY: u16 = 64;

/// Longest wait for calls under way at the end; a Pod's default grace period is 30 s.
const GRACE: Duration = Duration::from_secs(25);

/// How long the watches may take to end.
const WIND_DOWN: Duration = Duration::from_secs(5);

/// Longest time to let go of the lease.
const RELEASE: Duration = Duration::from_secs(3);

/// What the process hands over.
pub struct Setup {
    /// Kubernetes.
    pub client: Client,
    /// Credentials.
    pub credentials_dir: PathBuf,
    /// Uid of `kube-system`.
    pub cluster: Option<String>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub readiness: Readiness,
    /// With several replicas: the lease.
    pub lease: Option<lease::Settings>,
}

/// Runs both controllers until `stop` resolves, then waits for what is under way.
pub async fn run(setup: Setup, stop: impl Future<Output = ()> + Send + 'static) {
    let stop = stop.boxed().shared();
    let shipments = lean(Api::<YubiKeyShipment>::all(setup.client.clone()));
    let connections = Controller::new(
        Api::<YubiKeyConnection>::all(setup.client.clone()),
        watcher::Config::default().any_semantic(),
    );
    let (namespaces, namespace_watch) = namespaces(&setup.client);
    let (decisions, decided) = decisions(&setup.client);
    let shipments = shipments.watches_stream(decided, |decision| {
        let namespace = decision.namespace().unwrap_or_default();
        Some(ObjectRef::new(&decision.spec.shipment_ref.name).within(&namespace))
    });
    let (leadership, election) = election(&setup.client, setup.lease);
    let ctx = Arc::new(Context::new(Parts {
        client: setup.client.clone(),
        recorder: Recorder::new(
            setup.client.clone(),
            Reporter { controller: FIELD_MANAGER.to_owned(), instance: None },
        ),
        shipments: shipments.store(),
        connections: connections.store(),
        decisions,
        namespaces,
        credentials_dir: setup.credentials_dir,
        metrics: Arc::clone(&setup.metrics),
        cluster: setup.cluster,
        leadership,
        started: clock::now(),
    }));
    setup.metrics.include(Census {
        shipments: vec![ctx.shipments.clone()],
        connections: ctx.connections.clone(),
        known: Arc::clone(&setup.metrics.connections),
        leadership: ctx.leadership.clone(),
    });
    let road = shipment_controller(shipments, Arc::clone(&ctx), stop.clone());
    let doors = connection_controller(connections, Arc::clone(&ctx), stop.clone());
    let namespace_watch = namespace_watch.take_until(stop.clone()).for_each(|()| async {});
    let ready = announce(Arc::clone(&ctx), setup.readiness);
    tokio::pin!(ready);
    let all = futures::future::join3(road, doors, namespace_watch);
    tokio::pin!(all);
    // `ready` never ends; what was polled to its end here must not be polled again.
    let running = futures::future::select(all, ready);
    // A first list that the API server refuses never ends by itself; passes run in tasks of their own.
    let patience = Box::pin(stop.then(|()| tokio::time::sleep(WIND_DOWN)));
    futures::future::select(running, patience).await;
    if !ctx.tasks.settle(GRACE).await {
        tracing::error!("calls were still under way at the end; their marks tell the next process");
    }
    election.end().await;
}

/// The election goes on while calls are under way at the end: only then is the lease let go.
struct Election(Option<(oneshot::Sender<()>, JoinHandle<()>)>);

impl Election {
    async fn end(self) {
        let Some((stop, task)) = self.0 else { return };
        // The task listens as long as it runs.
        let _ = stop.send(());
        let _ = tokio::time::timeout(RELEASE, task).await;
    }
}

fn election(client: &Client, settings: Option<lease::Settings>) -> (Leadership, Election) {
    let Some(settings) = settings else { return (Leadership::always(), Election(None)) };
    let mut elector = Elector::new(client.clone(), settings);
    let leadership = elector.leadership();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        elector.run(stopped.map(drop)).await;
        elector.release().await;
    });
    (leadership, Election(Some((stop, task))))
}

async fn announce(ctx: Arc<Context>, readiness: Readiness) {
    if ctx.shipments.wait_until_ready().await.is_ok() {
        readiness.has("shipments");
        tracing::info!(count = ctx.shipments.len(), "watching shipments");
    }
    if ctx.namespaces.wait_until_ready().await.is_ok() {
        readiness.has("namespaces");
    }
    futures::future::pending::<()>().await;
}

/// A controller whose cache drops what nobody here reads: field ownership and foreign annotations weigh more than the
/// rest of a shipment. (`for_stream` is marked unstable in kube 5; the lock file pins it.)
fn lean(api: Api<YubiKeyShipment>) -> Controller<YubiKeyShipment> {
    let (store, writer) = reflector::store();
    let watch =
        watcher(api, watcher::Config::default().any_semantic()).default_backoff().modify(|shipment| {
            shipment.metadata.managed_fields = None;
            if let Some(annotations) = shipment.metadata.annotations.as_mut() {
                annotations.retain(|key, _| key == REQUESTED_AT);
            }
        });
    Controller::for_stream(reflector::reflector(writer, watch).applied_objects(), store)
}

/// Labels of namespaces, for `allowedNamespaces`; nothing else of them is kept.
fn namespaces(client: &Client) -> (Store<PartialObjectMeta<Namespace>>, impl Stream<Item = ()> + use<>) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(client.clone());
    let (store, writer) = reflector::store();
    let watch = watcher(api, watcher::Config::default().any_semantic()).default_backoff().modify(|n| {
        n.metadata.managed_fields = None;
        n.metadata.annotations = None;
    });
    (store, reflector::reflector(writer, watch).map(drop))
}

/// Decisions, and each of them as a reason to look at its shipment.
fn decisions(
    client: &Client,
) -> (Store<YubiKeyDecision>, impl Stream<Item = Result<YubiKeyDecision, watcher::Error>> + use<>) {
    let (store, writer) = reflector::store();
    let watch = watcher(Api::all(client.clone()), watcher::Config::default().any_semantic())
        .default_backoff()
        .modify(|decision: &mut YubiKeyDecision| decision.metadata.managed_fields = None);
    (store, reflector::reflector(writer, watch).applied_objects())
}

type Stop = Shared<futures::future::BoxFuture<'static, ()>>;

/// Shipments wait until connections and namespaces are known, so that nothing is said missing that is only not read yet.
async fn shipment_controller(controller: Controller<YubiKeyShipment>, ctx: Arc<Context>, stop: Stop) {
    let known = futures::future::join(ctx.connections.wait_until_ready(), ctx.namespaces.wait_until_ready());
    futures::future::select(Box::pin(known), stop.clone()).await;
    controller
        .with_config(controller::Config::default().concurrency(CONCURRENCY))
        .reconcile_all_on(futures::stream::select(ctx.registry.changes(), ctx.leadership.gained()))
        .graceful_shutdown_on(stop)
        .run(shipment::reconcile::reconcile, retry, Arc::clone(&ctx))
        .for_each(move |result| {
            decline_orphans(&ctx, &result);
            tell(measure::SHIPMENT, &result.map(drop));
            futures::future::ready(())
        })
        .await;
}

async fn connection_controller(controller: Controller<YubiKeyConnection>, ctx: Arc<Context>, stop: Stop) {
    controller
        .with_config(controller::Config::default().concurrency(CONCURRENCY))
        .reconcile_all_on(ctx.leadership.gained())
        .graceful_shutdown_on(stop)
        .run(connection::reconcile::reconcile, retry, ctx)
        .for_each(move |result| {
            tell(measure::CONNECTION, &result.map(drop));
            futures::future::ready(())
        })
        .await;
}

/// A pass over a shipment that is not there was asked for by a decision that names it, or it has just gone.
fn decline_orphans<T>(ctx: &Arc<Context>, result: &Result<T, controller::Error<Failure, watcher::Error>>) {
    let Err(controller::Error::ObjectNotFound(object)) = result else { return };
    let (namespace, name) = (object.namespace.clone().unwrap_or_default(), object.name.clone());
    drop(ctx.tasks.spawn(shipment::decide::decline_orphans(Arc::clone(ctx), namespace, name)));
}

type Passed = Result<(), controller::Error<Failure, watcher::Error>>;

/// What no pass could say itself.
fn tell(kind: &'static str, result: &Passed) {
    match result {
        // Said and counted by the pass; deleted between trigger and pass.
        Ok(()) | Err(controller::Error::ReconcilerFailed(..) | controller::Error::ObjectNotFound(_)) => {}
        Err(controller::Error::QueueError(error)) => {
            tracing::warn!(kind, %error, "the watch was interrupted; it starts again");
        }
        Err(controller::Error::RunnerError(error)) => {
            tracing::warn!(kind, %error, "the controller met an error");
        }
    }
}

/// Only what could not be written to the status comes here.
fn retry<K>(_: Arc<K>, failure: &Failure, _: Arc<Context>) -> Action {
    let wait = failure.retry_after.unwrap_or_else(|| backoff::delay(3).unsigned_abs());
    Action::requeue(wait)
}
