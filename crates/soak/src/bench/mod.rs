//! What a shipment costs, and what many at rest do: CPU, memory, calls and writes, measured and not judged. Two
//! machines give two answers, so no test waits for these numbers.

mod figures;
mod limits;
mod peers;
mod quiet;

use std::time::Duration;

use clap::Args;
use futures::{StreamExt, TryStreamExt};
use kube_test::AuditLog;
use serde::Serialize;
use serde_json::{Value, json};
use testbed::{
    cluster::Cluster,
    control_plane::ControlPlane,
    folder::Folder,
    install::ACCOUNT,
    objects,
    people::{self, Person},
    programs::unless_stopped,
    replicas::Replica,
    set::Set,
    setup::{Fault, Setup},
    vendors::Vendors,
};
use tokio::time::{Instant, sleep};

use self::{
    figures::{each_ms, float, mib, per, rounded},
    limits::{LOOK, PATIENCE, SIDE_BY_SIDE},
    peers::{Peer, PeerNumbers},
    quiet::{quiet, settled},
};
use crate::audit::Verdict;

/// Parcels move on after so many seconds in a state.
const STEP: &str = "0.5";

/// The same of a warehouse that has everything at hand.
const STEP_AT_ONCE: &str = "0.02";

/// Times that putting an object back is tried again.
const TRIES: usize = 10;

/// At rest for so long, to see that nothing is done, and what that costs.
const REST: Duration = Duration::from_mins(1);

/// Objects put back side by side: the API server writes several at once.
const PUT_BACK: usize = 64;

/// One measurement, as the command line asks for it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    setup: Setup,
    /// Shipments that walk the whole road.
    #[arg(long)]
    shipments: usize,
    /// Finished shipments beside which the operator then starts anew.
    #[arg(long)]
    resting: usize,
    /// Parcels arrive at once, so that the road takes as long as the operator, the API server and the sandbox need.
    #[arg(long)]
    instant: bool,
    /// Another operator that then does as many objects: NAME=PROGRAM,DEFINITIONS[,ARGUMENT...], NAME being
    /// external-secrets or cert-manager.
    #[arg(long = "peer")]
    peers: Vec<Peer>,
}

/// The line's members, in its order. Memory is resident, in MiB.
#[derive(Debug, Default, Serialize)]
struct Numbers {
    shipments: usize,
    start_seconds: f64,
    start_mib: f64,
    cpu_ms_a_shipment: f64,
    calls_a_shipment: f64,
    writes_a_shipment: f64,
    events_a_shipment: f64,
    road_seconds: f64,
    shipments_a_second: f64,
    road_mib: f64,
    resting: usize,
    restart_seconds: f64,
    restart_quiet_seconds: f64,
    restart_cpu_seconds: f64,
    idle_minute_cpu_seconds: f64,
    resting_mib: f64,
    resting_peak_mib: f64,
    calls_about_shipments_at_rest: usize,
    writes_at_rest: usize,
    calls_a_use_look: f64,
    writes_a_use_look: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    peers: Vec<PeerNumbers>,
}

struct Stage {
    plane: ControlPlane,
    cluster: Cluster,
    vendors: Vendors,
    people: Vec<Person>,
    replica: Replica,
    http: reqwest::Client,
}

/// Runs it; everything started ends with it, also when it is interrupted.
pub(crate) async fn run(plan: &Plan) -> Result<Verdict, Fault> {
    let line = format!("{} shipments on their road, then {} at rest.", plan.shipments, plan.resting);
    let folder = Folder::fresh(&plan.setup.dir, &line)?;
    eprintln!("{line} Everything is kept in {}", folder.path("").display());
    let mut numbers = Numbers { shipments: plan.shipments, resting: plan.resting, ..Numbers::default() };
    unless_stopped(Box::pin(measure(plan, &folder, &mut numbers))).await?;
    Ok(Verdict { line: serde_json::to_string(&numbers)?, is_good: true, findings: Vec::new() })
}

async fn measure(plan: &Plan, folder: &Folder, numbers: &mut Numbers) -> Result<(), Fault> {
    let mut stage = set(plan, folder).await?;
    numbers.start_seconds = started(&mut stage).await?;
    numbers.start_mib = mib(quiet(|| stage.replica.usage()).await?.resident);
    walk(&stage, numbers).await?;
    eprintln!("{:.0} s for the road", numbers.road_seconds);
    stage.replica.stop().await?;
    fill(&stage, plan.resting).await?;
    eprintln!("{} shipments are at rest", plan.resting);
    rest(&mut stage, numbers).await?;
    look_for_use(&stage, numbers).await?;
    stage.replica.stop().await?;
    for peer in &plan.peers {
        let measured = peers::measure(peer, &stage.plane, &stage.cluster, folder, plan.shipments).await?;
        numbers.peers.push(measured);
    }
    stage.vendors.stop().await?;
    stage.plane.stop().await
}

async fn set(plan: &Plan, folder: &Folder) -> Result<Stage, Fault> {
    let setup = &plan.setup;
    let Set { plane, vendors, cluster, bound_to } =
        Set::build(setup, folder, if plan.instant { STEP_AT_ONCE } else { STEP }).await?;
    for namespace in people::namespaces() {
        cluster.make_namespace(&namespace).await?;
    }
    let org = vendors.open("org").await?;
    let mut connection = org.connection(&bound_to);
    connection["policy"]["maxOpenOrders"] = 100_000.into();
    connection["calls"] = json!({"timeout": "30s", "settle": "70s", "lookDelay": "100ms"});
    // Two looks at a parcel: one too early, one when it has arrived.
    let (first, interval) = if plan.instant { ("1s", "2s") } else { ("2s", "20s") };
    connection["polling"] = json!({"firstAfter": first, "interval": interval, "listFrom": 1_000_000});
    cluster.connect(&org.name, &connection).await?;
    let people = people::create(&vendors, std::slice::from_ref(&org), plan.shipments).await?;
    let kubeconfig = plane.operator_kubeconfig.clone();
    let replica =
        Replica::start(setup, folder, "operator", kubeconfig, &vendors.credentials(), false).await?;
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
    Ok(Stage { plane, cluster, vendors, people, replica, http })
}

/// Seconds from the start of a process to its readiness.
async fn started(stage: &mut Stage) -> Result<f64, Fault> {
    stage.replica.restart_quiet().await?;
    let began = Instant::now();
    while !stage.replica.is_ready(&stage.http).await {
        if began.elapsed() > PATIENCE {
            return Err("the operator does not become ready".into());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(rounded(began.elapsed().as_secs_f64()))
}

async fn walk(stage: &Stage, numbers: &mut Numbers) -> Result<(), Fault> {
    let before = stage.replica.usage()?;
    let (calls, requests) = (calls(stage).await?.len(), writes(stage)?);
    let began = Instant::now();
    let declare = |person: &Person| {
        let (cluster, person) = (stage.cluster.clone(), person.clone());
        async move { cluster.ship(&person.namespace, &person.name, &person.spec()).await }
    };
    let all: Vec<_> = stage.people.iter().map(declare).collect();
    futures::stream::iter(all).buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<()>>().await?;
    ended(stage, began).await?;
    numbers.road_seconds = rounded(began.elapsed().as_secs_f64());
    numbers.shipments_a_second = rounded(float(stage.people.len()) / numbers.road_seconds.max(0.01));
    let after = quiet(|| stage.replica.usage()).await?;
    let each = |count: usize| per(count, stage.people.len());
    numbers.cpu_ms_a_shipment = each_ms(after.cpu.saturating_sub(before.cpu), stage.people.len());
    numbers.road_mib = mib(after.resident);
    numbers.calls_a_shipment = each(self::calls(stage).await?.len() - calls);
    let now = writes(stage)?;
    numbers.writes_a_shipment = each(now.shipments - requests.shipments);
    numbers.events_a_shipment = each(now.events - requests.events);
    Ok(())
}

/// Until all have ended. One is asked for at a time, and all only when it has: lists of thousands would take the API
/// server's time, which is measured.
async fn ended(stage: &Stage, began: Instant) -> Result<(), Fault> {
    let mut left: Vec<(String, String)> =
        stage.people.iter().map(|person| (person.namespace.clone(), person.name.clone())).collect();
    while let Some((namespace, name)) = left.last() {
        sleep(LOOK).await;
        let one = stage.cluster.api("YubiKeyShipment", Some(namespace)).get(name).await?;
        if objects::end(&serde_json::to_value(one)?).is_some() {
            let all = stage.cluster.shipments().await?;
            left = all.iter().filter(|one| objects::end(one).is_none()).map(objects::place).collect();
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{} of {} shipments come to no end", left.len(), stage.people.len()).into());
        }
    }
    Ok(())
}

/// Copies of a finished one, each of another person.
async fn fill(stage: &Stage, count: usize) -> Result<(), Fault> {
    let shipments = stage.cluster.shipments().await?;
    let pattern = shipments.first().ok_or("no shipment walked the road")?;
    let namespaces: Vec<_> = people::namespaces().collect();
    let copy = |number: usize| {
        let whole = copy(pattern, &format!("{number:012}"));
        let (cluster, namespace) = (stage.cluster.clone(), namespaces[number % namespaces.len()].clone());
        async move { restore(&cluster, &namespace, &format!("rest-{number}"), &whole?).await }
    };
    futures::stream::iter((0..count).map(copy))
        .buffer_unordered(PUT_BACK)
        .try_for_each(|()| std::future::ready(Ok(())))
        .await
}

/// An API server that takes in ten thousand objects may not answer each in time.
async fn restore(cluster: &Cluster, namespace: &str, name: &str, whole: &Value) -> Result<(), Fault> {
    let mut tries = 0;
    while let Err(fault) = cluster.restore(namespace, name, whole).await {
        tries += 1;
        if tries > TRIES {
            return Err(fault);
        }
        sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// The same with other ids, wherever they stand: one more that is in order and has nothing to be done.
fn copy(pattern: &Value, number: &str) -> Result<Value, Fault> {
    let mut text = pattern.to_string();
    let ids = [
        ("/spec/userRef/login", "login@"),
        ("/status/userId", "00uREST"),
        ("/status/enrollment/id", "fwfREST"),
        ("/status/order/shipmentId", "REST"),
    ];
    for (pointer, prefix) in ids {
        text = text.replace(objects::text(pattern, pointer), &format!("{prefix}{number}"));
    }
    Ok(serde_json::from_str(&text)?)
}

async fn rest(stage: &mut Stage, numbers: &mut Numbers) -> Result<(), Fault> {
    let (known, written) = (calls(stage).await?.len(), writes(stage)?.shipments);
    let began = Instant::now();
    numbers.restart_seconds = started(stage).await?;
    let settled = settled(|| stage.replica.usage()).await?;
    numbers.restart_quiet_seconds = rounded(settled.duration_since(began).as_secs_f64());
    let started = quiet(|| stage.replica.usage()).await?.cpu;
    numbers.restart_cpu_seconds = rounded(started.as_secs_f64());
    sleep(REST).await;
    let usage = stage.replica.usage()?;
    numbers.idle_minute_cpu_seconds = rounded(usage.cpu.saturating_sub(started).as_secs_f64());
    numbers.resting_mib = mib(usage.resident);
    numbers.resting_peak_mib = mib(usage.peak);
    let fresh = calls(stage).await?.split_off(known);
    numbers.calls_about_shipments_at_rest = fresh.iter().filter(|call| is_about_one(call)).count();
    numbers.writes_at_rest = writes(stage)?.shipments - written;
    Ok(())
}

/// Of all who walked the road it is asked whether they use their keys: Okta's list for each, and the echo in the status.
async fn look_for_use(stage: &Stage, numbers: &mut Numbers) -> Result<(), Fault> {
    const ASKED: &str = "bench";
    let (known, written) = (calls(stage).await?.len(), writes(stage)?.shipments);
    let ask = |person: &Person| {
        let (cluster, person) = (stage.cluster.clone(), person.clone());
        async move { cluster.ask_for_a_look(&person.namespace, &person.name, ASKED).await }
    };
    let all: Vec<_> = stage.people.iter().map(ask).collect();
    futures::stream::iter(all).buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<()>>().await?;
    let began = Instant::now();
    // One by one: those at rest beside them may be a hundred thousand, and a list of all would be hundreds of megabytes.
    for person in &stage.people {
        let api = stage.cluster.api("YubiKeyShipment", Some(&person.namespace));
        while api.get(&person.name).await?.data.pointer("/status/lastHandledReconcileAt")
            != Some(&Value::from(ASKED))
        {
            if began.elapsed() > PATIENCE {
                return Err("looks that were asked for are not had".into());
            }
            sleep(LOOK).await;
        }
    }
    let lists = |call: &&Value| objects::text(call, "/operation") == "listWebAuthnPreregistrationFactors";
    let fresh = calls(stage).await?.split_off(known);
    numbers.calls_a_use_look = per(fresh.iter().filter(lists).count(), stage.people.len());
    numbers.writes_a_use_look = per(writes(stage)?.shipments - written, stage.people.len());
    Ok(())
}

async fn calls(stage: &Stage) -> Result<Vec<Value>, Fault> {
    let journal = stage.vendors.get("/journal").await?;
    Ok(journal.as_array().cloned().unwrap_or_default())
}

fn is_about_one(call: &Value) -> bool {
    ["userId", "shipmentId", "enrollmentId"].into_iter().any(|member| call[member].is_string())
}

/// What the operator wrote so far, as the API server counts.
#[derive(Debug, Clone, Copy, Default)]
struct Writes {
    shipments: usize,
    events: usize,
}

fn writes(stage: &Stage) -> Result<Writes, Fault> {
    let mut writes = Writes::default();
    for request in AuditLog::at(&stage.plane.audit_log).each()? {
        let request = request?;
        if !request.is_write() || !request.user().ends_with(ACCOUNT) {
            continue;
        }
        match request.resource().split('/').next() {
            Some("yubikeyshipments") => writes.shipments += 1,
            Some("events") => writes.events += 1,
            _ => {}
        }
    }
    Ok(writes)
}
