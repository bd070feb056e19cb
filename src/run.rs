//! Watches, both controllers, and the orderly end.

use std::{path::PathBuf, sync::Arc, time::Duration};

use api::{connection::YubiKeyConnection, rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use domain::{backoff, failure::Failure};
use futures::{FutureExt, StreamExt, future::Shared};
use kube::{
    Resource, ResourceExt as _,
    runtime::{
        Controller,
        controller::{self, Action},
        events::Reporter,
        reflector::{ObjectRef, Store},
        watcher,
    },
};
use queue::{budget_queue::BudgetQueue, fair_queue::FairQueue};
use system::clock;
use tokio::{sync::oneshot, task::JoinHandle};
use vendors::http::Proxies;

use crate::{
    connection::{
        self, entries::ConnectionEntries, let_go, let_go_record::LetGoRecord, lister::ConnectionLister,
        order_list_poller, poll_states::PollStates,
    },
    context::Context,
    kubernetes::{
        batches,
        client::{self, ApiServer},
        events,
        kept::KeptShipment,
        leader_election::{self, Elector, Leadership},
        lister::Lister,
        namespaces::Namespaces,
        retry::Failures,
        status_patch::FIELD_MANAGER,
        uid::Uid,
        undecodable::Undecodables,
        undecodable_report,
        watches::{self, NamespaceWatch, Opening, Scope},
    },
    metrics::{Metrics, collector::ObjectCollector, instrument},
    readiness::Readiness,
    rollout,
    shipment::{
        self, lister::ShipmentLister, person_lists::PersonLists, reservations::Reservations, unsent::Unsent,
    },
    tasks::Tasks,
};

/// Passes of one connection that run side by side; each holds at most one call.
const SIDE_BY_SIDE: usize = 64;

/// Shipments that the controller holds at once, those that wait for their turn to run included: the passes of 64
/// connections whose vendors do not answer. It is the bound of memory at the start, when all shipments are looked at.
const HELD: u16 = 64 * 64;

/// Connections that are examined side by side.
const EXAMINATIONS: u16 = 64;

/// Rollouts looked through side by side.
const ROLLOUTS: u16 = 8;

/// Longest wait for calls under way at the end: a whole one of `calls.timeout` by default, and the write of its receipt.
/// The chart's `terminationGracePeriodSeconds` is longer than this and what follows it.
const GRACE: Duration = Duration::from_secs(30).saturating_add(client::CALL);

/// How long the watches may take to end.
const WIND_DOWN: Duration = Duration::from_secs(5);

/// Time between looks for what is gone.
const TIDY: Duration = Duration::from_mins(5);

/// Longest time to publish the last events.
const FLUSH: Duration = Duration::from_secs(2);

/// Tries to answer to a decision on what is not there.
const MOST_TRIES: u32 = 8;

/// Longest time to let go of the lease.
const RELEASE: Duration = Duration::from_secs(3);

/// What the process hands over.
pub struct Setup {
    /// The API server, reached as the operator's service account or by KUBECONFIG.
    pub api_server: ApiServer,
    /// Where credentials are mounted, a directory for each connection.
    pub credentials_dir: PathBuf,
    /// Uid of `kube-system`.
    pub cluster: Option<String>,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// What `/readyz` answers by.
    pub readiness: Readiness,
    /// Where shipments are looked for.
    pub scope: Scope,
    /// Certificates that all connections trust, if any.
    pub shared_ca: Option<PathBuf>,
    /// Which way the vendors are called.
    pub proxies: Proxies,
    /// With several replicas: the lease.
    pub lease: Option<leader_election::Settings>,
}

/// Runs both controllers until `stop` resolves, then waits for what is under way.
pub async fn run(setup: Setup, stop: impl Future<Output = ()> + Send + 'static) {
    let stop = stop.boxed().shared();
    let client = setup.api_server.client();
    let readiness = setup.readiness;
    for what in ["connections", "shipments", "decisions", "rollouts"] {
        readiness.needs(what);
    }
    let (undecodables, notices) = Undecodables::new();
    let opening = Opening { client: &client, readiness: &readiness, undecodables: &undecodables };
    let entries = Arc::new(ConnectionEntries::default());
    let (connections, known_connections) = watches::connections(opening, &entries);
    let (namespaces, namespace_watch) = Namespaces::of(opening, &setup.scope);
    let places: Vec<_> = setup
        .scope
        .places()
        .into_iter()
        .map(|place| NamespaceWatch::open(opening, place.as_deref()))
        .collect();
    let (leadership, election) = election(&setup.api_server, setup.lease);
    let shipments: Lister<YubiKeyShipment> = places.iter().map(|place| place.shipments.clone()).collect();
    let (called, served) = (shipments.clone(), shipments.clone());
    let ctx = Arc::new(Context {
        outbox: events::Outbox::new(events::Recorder::new(
            client.clone(),
            Reporter { controller: FIELD_MANAGER.to_owned(), instance: None },
        )),
        client,
        shipments: ShipmentLister::new(shipments),
        connections: ConnectionLister {
            declared: known_connections,
            entries,
            undecodables: undecodables.clone(),
        },
        decisions: places.iter().map(|place| place.decisions.clone()).collect(),
        rollouts: places.iter().map(|place| place.rollouts.clone()).collect(),
        rollout_memory: rollout::memory::Memory::default(),
        namespaces,
        undecodables: undecodables.clone(),
        credentials_dir: setup.credentials_dir,
        shared_ca: setup.shared_ca,
        proxies: setup.proxies,
        metrics: Arc::clone(&setup.metrics),
        cluster: setup.cluster,
        leadership,
        answered: futures::future::join_all(places.iter().map(NamespaceWatch::answered))
            .map(drop)
            .boxed()
            .shared(),
        order_lists: PollStates::default(),
        let_go: LetGoRecord::default(),
        person_lists: PersonLists::default(),
        reservations: Reservations::default(),
        budget_queue: BudgetQueue::new(move |shipment| called.wake(shipment)),
        fair_queue: FairQueue::new(SIDE_BY_SIDE, move |shipment| served.wake(shipment)),
        tasks: Tasks::default(),
        unsent: Unsent::default(),
        failures: Failures::default(),
        started: clock::now(),
    });
    setup.metrics.include(ObjectCollector {
        shipments: places.iter().map(|place| place.shipments.store.clone()).collect(),
        rollouts: places.iter().map(|place| place.rollouts.store.clone()).collect(),
        connections: ctx.connections.declared.clone(),
        undecodables,
        answered: ctx.answered.clone(),
        known: Arc::clone(&setup.metrics.connections),
        leadership: ctx.leadership.clone(),
    });
    let leadership = ctx.leadership.clone();
    readiness.set_role(move || if leadership.is_held() { "leader" } else { "standby" });
    let road = road(places, &ctx, &stop);
    let doors = connection_controller(connections, Arc::clone(&ctx), stop.clone());
    let namespace_watch = futures::future::select(namespace_watch, stop.clone());
    let lists = Box::pin(order_list_poller::run(Arc::clone(&ctx)));
    let lists = futures::future::select(lists, stop.clone());
    let undecoded = Box::pin(undecodable_report::run(Arc::clone(&ctx), notices));
    let beside = futures::future::join(undecoded, Box::pin(tidy(Arc::clone(&ctx))));
    let beside = futures::future::select(beside, stop.clone());
    let running = Box::pin(futures::future::join5(road, doors, namespace_watch, lists, beside));
    // A first list that the API server refuses never ends by itself; passes run in tasks of their own.
    let patience = Box::pin(stop.clone().then(|()| {
        ctx.tasks.close();
        tokio::time::sleep(WIND_DOWN)
    }));
    futures::future::select(running, patience).await;
    ctx.tasks.close();
    if !ctx.tasks.settle(GRACE).await {
        tracing::error!("calls were still under way at the end; their marks tell the next process");
    }
    election.end().await;
    ctx.outbox.flush(FLUSH).await;
}

/// What is remembered of objects goes with them, however they went: also where nobody saw them go.
async fn tidy(ctx: Arc<Context>) {
    loop {
        tokio::time::sleep(TIDY).await;
        ctx.prune();
    }
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

fn election(api_server: &ApiServer, settings: Option<leader_election::Settings>) -> (Leadership, Election) {
    let Some(settings) = settings else { return (Leadership::always(), Election(None)) };
    let mut elector = Elector::new(api_server.client_within(settings.call()), settings);
    let leadership = elector.leadership();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        elector.run(stopped.map(drop)).await;
        elector.release().await;
    });
    (leadership, Election(Some((stop, task))))
}

type Stop = Shared<futures::future::BoxFuture<'static, ()>>;

/// One controller a place, all with one context. Shipments wait until connections and namespaces are known, so that
/// nothing is said missing that is only not read yet.
async fn road(places: Vec<NamespaceWatch>, ctx: &Arc<Context>, stop: &Stop) {
    let known =
        futures::future::join(ctx.connections.declared.wait_until_ready(), ctx.namespaces.wait_until_ready());
    futures::future::select(Box::pin(known), stop.clone()).await;
    let roads = places.into_iter().map(|place| {
        let all = place.shipments.store.clone();
        let shipments = shipment_controller(place.controller, all, Arc::clone(ctx), stop.clone());
        let rollouts = rollout_controller(place.rollout_controller, Arc::clone(ctx), stop.clone());
        let gone = let_go::follow(place.gone, Arc::clone(ctx), stop.clone());
        futures::future::join3(shipments, rollouts, gone)
    });
    futures::future::join_all(roads).await;
}

async fn shipment_controller(
    controller: Controller<KeptShipment>,
    all: Store<KeptShipment>,
    ctx: Arc<Context>,
    stop: Stop,
) {
    let asked = futures::stream::select(ctx.connections.entries.changes(), ctx.leadership.gained());
    controller
        // How many passes run side by side their turns say, long before this bound.
        .with_config(controller::Config::default().concurrency(HELD))
        .reconcile_on(batches::all_of(all, asked))
        .graceful_shutdown_on(stop)
        .run(shipment::reconcile::reconcile, retry_shipment_later, Arc::clone(&ctx))
        .for_each(move |result| {
            decline_orphans(&ctx, &result);
            tell(instrument::SHIPMENT, &result.map(drop));
            futures::future::ready(())
        })
        .await;
}

async fn rollout_controller(controller: Controller<YubiKeyRollout>, ctx: Arc<Context>, stop: Stop) {
    controller
        .with_config(controller::Config::default().concurrency(ROLLOUTS))
        .reconcile_all_on(futures::stream::select(ctx.connections.entries.changes(), ctx.leadership.gained()))
        .graceful_shutdown_on(stop)
        .run(rollout::reconcile::reconcile, retry_later, Arc::clone(&ctx))
        .for_each(move |result| {
            decline_rollout_orphans(&ctx, &result);
            tell(instrument::ROLLOUT, &result.map(drop));
            futures::future::ready(())
        })
        .await;
}

async fn connection_controller(controller: Controller<YubiKeyConnection>, ctx: Arc<Context>, stop: Stop) {
    controller
        .with_config(controller::Config::default().concurrency(EXAMINATIONS))
        .reconcile_all_on(futures::stream::select(
            ctx.leadership.gained(),
            ctx.connections.entries.reported(),
        ))
        .graceful_shutdown_on(stop)
        .run(connection::reconcile::reconcile, retry_later, ctx)
        .for_each(move |result| {
            tell(instrument::CONNECTION, &result.map(drop));
            futures::future::ready(())
        })
        .await;
}

/// When a pass that failed is run again.
#[expect(clippy::needless_pass_by_value, reason = "the controller hands it over so")]
fn retry_later<K: Resource>(object: Arc<K>, failure: &Failure, ctx: Arc<Context>) -> Action {
    Action::requeue(ctx.failures.wait(&object.uid().unwrap_or_default(), failure.retry_after))
}

/// The same of a shipment, whose cache keeps its uid elsewhere.
#[expect(clippy::needless_pass_by_value, reason = "the controller hands it over so")]
fn retry_shipment_later(object: Arc<KeptShipment>, failure: &Failure, ctx: Arc<Context>) -> Action {
    let uid = object.uid().map(Uid::to_string).unwrap_or_default();
    Action::requeue(ctx.failures.wait(&uid, failure.retry_after))
}

/// A pass over a shipment that is not there was asked for by a decision that names it, or it has just gone.
fn decline_orphans<T>(ctx: &Arc<Context>, result: &Result<T, controller::Error<Failure, watcher::Error>>) {
    let Err(controller::Error::ObjectNotFound(object)) = result else { return };
    let (namespace, name) = (object.namespace.clone().unwrap_or_default(), object.name.clone());
    let gone = ObjectRef::new(&name).within(&namespace);
    ctx.fair_queue.leave(&gone);
    ctx.budget_queue.leave(&gone);
    let ctx = Arc::clone(ctx);
    drop(ctx.tasks.clone().spawn(async move {
        let decline = || shipment::decisions::decline_orphans(&ctx, &namespace, &name);
        until_answered(&ctx, decline).await;
    }));
}

/// The same for a rollout.
fn decline_rollout_orphans<T>(
    ctx: &Arc<Context>,
    result: &Result<T, controller::Error<Failure, watcher::Error>>,
) {
    let Err(controller::Error::ObjectNotFound(object)) = result else { return };
    let (namespace, name) = (object.namespace.clone().unwrap_or_default(), object.name.clone());
    let ctx = Arc::clone(ctx);
    drop(ctx.tasks.clone().spawn(async move {
        let decline = || rollout::decisions::decline_orphans(&ctx, &namespace, &name);
        until_answered(&ctx, decline).await;
    }));
}

/// Tries again for a while: no pass would ever come to what is not there.
async fn until_answered<F: Future<Output = bool>>(ctx: &Context, decline: impl Fn() -> F) {
    for count in 1..=MOST_TRIES {
        if decline().await {
            return;
        }
        let wait = tokio::time::sleep(backoff::delay(count).unsigned_abs());
        if ctx.tasks.unless_closing(wait).await.is_none() {
            return;
        }
    }
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

#[cfg(test)]
mod tests {
    use api::connection::Calls;

    use api::durations;

    use super::*;

    const VALUES: &str = include_str!("../charts/yubikey-shipment-operator/values.yaml");

    #[test]
    fn the_end_waits_for_a_whole_call_and_its_receipt_and_the_chart_for_the_end() {
        let call = durations::read(&Calls::default().timeout).unwrap().unsigned_abs();
        assert!(GRACE >= call + client::CALL);
        let chart =
            VALUES.lines().find_map(|line| line.trim().strip_prefix("terminationGracePeriodSeconds: "));
        let chart = Duration::from_secs(chart.unwrap().parse().unwrap());
        assert!(chart > WIND_DOWN + GRACE + RELEASE + FLUSH, "{chart:?}");
    }
}
