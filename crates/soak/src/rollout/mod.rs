//! Rollouts of all three sources at once, over people who overlap: a dry run, then orders, while people come and go, the
//! operator is killed, and the console's button is pressed twice. The verdict comes from the sandbox's own books.

mod acts;
mod books;
mod cast;
mod stage;

use std::{path::Path, time::Duration};

use clap::Args;
use testbed::{
    diary::Diary,
    folder::{self, Folder},
    programs::unless_stopped,
    replicas::Replica,
    set::Set,
    setup::{Fault, Setup},
};
use tokio::sync::Mutex;

use crate::audit::Verdict;
use cast::Cast;
use stage::Stage;

/// Parcels move on after so many seconds in a state: a warehouse in a hurry.
const STEP: &str = "0.5";

/// One run over a rollout, as the command line asks for it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    setup: Setup,
    /// People at Okta.
    #[arg(long)]
    users: usize,
    /// Longest time for all of it; what has come to no end then is for the audit.
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
}

/// Runs it; everything started ends with it, also when it is interrupted.
pub(crate) async fn run(plan: &Plan) -> Result<Verdict, Fault> {
    let line = format!("Three rollouts over {} people with seed {}.", plan.users, plan.setup.seed);
    let folder = Folder::fresh(&plan.setup.dir, &line)?;
    eprintln!("{line} Everything is kept in {}", folder.path("").display());
    unless_stopped(Box::pin(play(plan, &folder))).await?;
    audit(&plan.setup.dir)
}

/// Is it the folder of such a run?
pub(crate) fn is_of(dir: &Path) -> bool {
    Folder::at(dir).path(folder::CAST).exists()
}

/// Judges a run's folder.
pub(crate) fn audit(dir: &Path) -> Result<Verdict, Fault> {
    books::audit(&Folder::at(dir))
}

async fn play(plan: &Plan, folder: &Folder) -> Result<(), Fault> {
    let stage = set(plan, folder).await?;
    let dry = acts::play(&stage, Duration::from_secs_f64(plan.minutes * 60.0)).await?;
    folder.save(folder::DRY, &dry)?;
    collect(&stage, folder).await?;
    end(stage).await
}

async fn set(plan: &Plan, folder: &Folder) -> Result<Stage, Fault> {
    let setup = &plan.setup;
    let Set { plane, vendors, cluster, bound_to } = Set::build(setup, folder, STEP).await?;
    let org = vendors.open("org").await?;
    let mut connection = org.connection(&bound_to);
    connection["policy"]["maxOpenOrders"] = 100_000.into();
    connection["policy"]["sources"] = serde_json::json!({"oktaConsole": "Allow"});
    // Nothing fails here by rule, so a call that takes long only tells of the machine.
    connection["calls"] = serde_json::json!({"timeout": "10s", "settle": "30s", "lookDelay": "100ms"});
    connection["polling"] = serde_json::json!({"firstAfter": "3s", "interval": "2s"});
    cluster.connect(&org.name, &connection).await?;
    let cast = Cast::gather(&vendors, &org, plan.users).await?;
    for source in cast::SOURCES {
        cluster.make_namespace(source).await?;
    }
    let credentials = vendors.credentials();
    let kubeconfig = plane.operator_kubeconfig.clone();
    let replica = Replica::start(setup, folder, "operator", kubeconfig, &credentials, false).await?;
    let diary = Diary::new(setup.seed, false);
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
    Ok(Stage { plane, cluster, vendors, org, cast, replica: Mutex::new(replica), diary, http })
}

async fn collect(stage: &Stage, folder: &Folder) -> Result<(), Fault> {
    stage.replica.lock().await.sample(&stage.http).await?;
    folder.save(folder::SHIPMENTS, &stage.cluster.shipments().await?)?;
    folder.save(folder::ROLLOUTS, &stage.cluster.rollouts().await?)?;
    folder.save(folder::CONNECTIONS, &stage.cluster.connections().await?)?;
    folder.save(folder::EVENTS, &stage.cluster.events().await?)?;
    folder.save(folder::JOURNAL, &stage.vendors.get("/journal").await?)?;
    folder.save(folder::STATE, &stage.vendors.get("/state").await?)?;
    folder.save_privately(folder::SECRETS, &stage.vendors.get("/secrets").await?)?;
    folder.save(folder::CAST, &stage.cast)?;
    folder.save(folder::DIARY, &stage.diary.pages())
}

/// Newest first, so that nothing loses what it talks to.
async fn end(stage: Stage) -> Result<(), Fault> {
    stage.replica.into_inner().stop().await?;
    let mut vendors = stage.vendors;
    vendors.stop().await?;
    let mut plane = stage.plane;
    plane.stop().await
}
