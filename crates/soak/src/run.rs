//! A whole run: stage, storm, calm, what is left behind, verdict.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use testbed::{
    diary::Diary,
    folder::{self, Folder},
    objects, people,
    programs::unless_stopped,
    replicas::Replica,
    set::Set,
    setup::Fault,
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use crate::{
    audit::{self, Verdict},
    calm,
    plan::Plan,
    storm::{self, Stage},
};

/// Parcels move on after so many seconds in a state.
const STEP: &str = "6";

/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// People of one connection: a storm has several, so that what stops one shows that the others go on.
const PEOPLE_OF_A_CONNECTION: usize = 125;

/// Runs it; everything started ends with it, also when it is interrupted.
pub(crate) async fn run(plan: &Plan) -> Result<Verdict, Fault> {
    let line = format!(
        "A fault storm of {} shipments over {} min with seed {}; `make audit DIR=` recomputes its verdict.",
        plan.shipments, plan.minutes, plan.setup.seed
    );
    let folder = Folder::fresh(&plan.setup.dir, &line)?;
    eprintln!("{line} Everything is kept in {}", folder.path("").display());
    unless_stopped(Box::pin(play(plan, &folder))).await?;
    audit::audit(&plan.setup.dir)
}

async fn play(plan: &Plan, folder: &Folder) -> Result<(), Fault> {
    let stage = set(plan, folder).await?;
    let began = Instant::now();
    let acts = async {
        storm::rage(&stage, Duration::from_secs_f64(plan.minutes * 60.0)).await?;
        eprintln!("{:4} s  the storm is over, waiting for rest", began.elapsed().as_secs());
        calm::wait(&stage, Duration::from_secs_f64(plan.calm_minutes * 60.0)).await
    };
    let narration = narrate(&stage, began);
    tokio::select! {
        outcome = acts => outcome?,
        () = narration => {}
    }
    collect(&stage, folder).await?;
    end(stage).await
}

async fn set(plan: &Plan, folder: &Folder) -> Result<Stage, Fault> {
    let Set { plane, vendors, cluster, bound_to } = Set::build(&plan.setup, folder, STEP).await?;
    for namespace in people::namespaces() {
        cluster.make_namespace(&namespace).await?;
    }
    let mut orgs = Vec::new();
    for number in 0..plan.shipments.div_ceil(PEOPLE_OF_A_CONNECTION).max(2) {
        let org = vendors.open(&format!("org-{number}")).await?;
        cluster.connect(&org.name, &org.connection(&bound_to)).await?;
        orgs.push(org);
    }
    let people = people::create(&vendors, &orgs, plan.shipments).await?;
    let lease = plan.setup.seed.is_multiple_of(2);
    let mut replicas = Vec::new();
    for name in ["operator-a", "operator-b"] {
        let (kubeconfig, credentials) = (plane.operator_kubeconfig.clone(), vendors.credentials());
        replicas.push(Replica::start(&plan.setup, folder, name, kubeconfig, &credentials, lease).await?);
    }
    Ok(Stage {
        seed: plan.setup.seed,
        plane: Mutex::new(plane),
        cluster,
        vendors,
        orgs,
        people,
        replicas: Mutex::new(replicas),
        diary: Diary::new(plan.setup.seed, lease),
        http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?,
    })
}

/// A line now and then, and a sample of the metrics with it. Never ends.
async fn narrate(stage: &Stage, began: Instant) {
    loop {
        sleep(PROGRESS).await;
        for replica in stage.replicas.lock().await.iter() {
            if let Err(fault) = replica.sample(&stage.http).await {
                eprintln!("the metrics could not be kept: {fault}");
            }
        }
        let pages = stage.diary.pages();
        let shipments = match stage.cluster.shipments().await {
            Ok(shipments) => phases(&shipments),
            Err(_) => "the API server is away".to_owned(),
        };
        eprintln!(
            "{:4} s  {} declared, {} kills, {} outages, {} exits; {shipments}",
            began.elapsed().as_secs(),
            pages.shipments.len(),
            pages.kills.len(),
            pages.outages.len(),
            pages.exits
        );
    }
}

fn phases(shipments: &[Value]) -> String {
    let mut counts = BTreeMap::new();
    for shipment in shipments {
        let phase = objects::text(shipment, "/status/phase");
        *counts.entry(if phase.is_empty() { "new" } else { phase }).or_insert(0) += 1;
    }
    counts.iter().map(|(phase, count)| format!("{phase} {count}")).collect::<Vec<_>>().join(", ")
}

async fn collect(stage: &Stage, folder: &Folder) -> Result<(), Fault> {
    for replica in stage.replicas.lock().await.iter() {
        replica.sample(&stage.http).await?;
    }
    folder.save(folder::SHIPMENTS, &stage.cluster.shipments().await?)?;
    folder.save(folder::ROLLOUTS, &stage.cluster.rollouts().await?)?;
    folder.save(folder::CONNECTIONS, &stage.cluster.connections().await?)?;
    folder.save(folder::EVENTS, &stage.cluster.events().await?)?;
    folder.save(folder::JOURNAL, &stage.vendors.get("/journal").await?)?;
    folder.save(folder::STATE, &stage.vendors.get("/state").await?)?;
    folder.save_privately(folder::SECRETS, &stage.vendors.get("/secrets").await?)?;
    folder.save(folder::DIARY, &stage.diary.pages())
}

/// Newest first, so that nothing loses what it talks to.
async fn end(stage: Stage) -> Result<(), Fault> {
    for replica in stage.replicas.lock().await.iter_mut() {
        replica.stop().await?;
    }
    let mut vendors = stage.vendors;
    vendors.stop().await?;
    stage.plane.into_inner().stop().await
}
