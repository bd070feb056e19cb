//! `suspend` and `resume`: `spec.suspend` of shipments, `spec.paused` of rollouts.

use api::{rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use clap::Args;
use kube::{
    ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde_json::json;

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects::{self, Subject},
    options::Global,
    terminal::Terminal,
};

/// Of `suspend` and `resume`.
#[derive(Debug, Args)]
#[command(
    after_help = "A suspended shipment has no effect at the vendors, cancelling too, but its parcel is followed.\nA suspended rollout orders for nobody new and cancels nothing; its shipments go on.\nWhere Git holds the manifest, set spec.suspend (or spec.paused) there: what is set here is taken back at the next sync.\n\nExamples:\n  kubectl yubikey suspend ann-lee bob-ray -n hr\n  kubectl yubikey resume ykr/staff"
)]
pub struct Arguments {
    /// Shipments or rollouts: NAME, yks/NAME or ykr/NAME
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// If one cannot be changed; those before it are.
pub async fn run(
    global: &Global,
    arguments: &Arguments,
    suspended: bool,
    terminal: &Terminal,
) -> Result<Exit> {
    global.one_namespace()?;
    let cluster = Cluster::of(global).await?;
    // A wrong name changes nothing.
    let mut subjects = Vec::new();
    for name in &arguments.names {
        subjects.push(objects::find(&cluster, name).await?);
    }
    for subject in subjects {
        let (object, changed) = set(&cluster, &subject, suspended).await?;
        let word = match (changed, suspended) {
            (true, true) => "suspended",
            (true, false) => "resumed",
            (false, true) => "was suspended already",
            (false, false) => "was not suspended",
        };
        terminal.print(&format!("{object} {word}\n"))?;
    }
    Ok(Exit::Done)
}

async fn set(cluster: &Cluster, subject: &Subject, suspended: bool) -> Result<(String, bool)> {
    let (object, name, was, field) = match subject {
        Subject::Shipment(it) => {
            (format!("yks/{}", it.name_any()), it.name_any(), it.spec.suspend, "suspend")
        }
        Subject::Rollout(it) => (format!("ykr/{}", it.name_any()), it.name_any(), it.spec.paused, "paused"),
    };
    if was == suspended {
        return Ok((object, false));
    }
    let (params, patch) = (PatchParams::default(), Patch::Merge(json!({"spec": {field: suspended}})));
    let namespace = &cluster.namespace;
    let changed = match subject {
        Subject::Shipment(_) => {
            let api = cluster.of_namespace::<YubiKeyShipment>(namespace);
            api.patch(&name, &params, &patch).await.map(drop)
        }
        Subject::Rollout(_) => {
            let api = cluster.of_namespace::<YubiKeyRollout>(namespace);
            api.patch(&name, &params, &patch).await.map(drop)
        }
    };
    changed.map_err(|error| Fault::of_api(&format!("change {object}"), &error))?;
    Ok((object, true))
}
