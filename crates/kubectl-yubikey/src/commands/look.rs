//! `look`: the operator looks at both vendors now, not at the next moment of its own.

use std::time::Duration;

use api::{REQUESTED_AT, connection::YubiKeyConnection, rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use clap::Args;
use kube::{
    Api, Resource, ResourceExt as _,
    api::{Patch, PatchParams},
    runtime::wait,
};
use serde::de::DeserializeOwned;
use serde_json::json;
use system::clock;

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects::{self, Kind, Subject},
    options::Global,
    terminal::Terminal,
};

/// Of `look`.
#[derive(Debug, Args)]
#[command(
    after_help = "Sets the annotation fidoprereg.dev/requestedAt and waits until the operator has looked.\n\nExamples:\n  kubectl yubikey look ann-lee -n hr\n  kubectl yubikey look ykr/staff ykc/acme"
)]
pub struct Arguments {
    /// NAME, yks/NAME, ykr/NAME, or a connection: ykc/NAME
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// How many seconds to wait for each look; 0: do not wait
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
}

/// Runs it.
///
/// # Errors
/// If a look cannot be asked for, or is not had in time.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    global.one_namespace()?;
    let cluster = Cluster::of(global).await?;
    let token = clock::now().to_string();
    let limit = Duration::from_secs(arguments.wait);
    for name in &arguments.names {
        let (said, object) = match objects::named(name)? {
            (Some(Kind::Connection), name) => {
                let api = Api::<YubiKeyConnection>::all(cluster.client.clone());
                let read = |o: &YubiKeyConnection| {
                    o.status.as_ref().and_then(|s| s.last_handled_reconcile_at.clone())
                };
                let seen = ask(&api, name, &token, limit, read).await?;
                (seen.map(|o| summary(o.status.map(|s| s.conditions))), format!("ykc/{name}"))
            }
            _ => of_namespace(&cluster, name, &token, limit).await?,
        };
        match said {
            Some(said) => terminal.print(&format!("{object} looked at: {said}\n"))?,
            None => terminal.print(&format!("{object} look asked for\n"))?,
        }
    }
    Ok(Exit::Done)
}

async fn of_namespace(
    cluster: &Cluster,
    name: &str,
    token: &str,
    limit: Duration,
) -> Result<(Option<String>, String)> {
    match objects::find(cluster, name).await? {
        Subject::Shipment(shipment) => {
            let (name, api) =
                (shipment.name_any(), cluster.of_namespace::<YubiKeyShipment>(&cluster.namespace));
            let read =
                |o: &YubiKeyShipment| o.status.as_ref().and_then(|s| s.last_handled_reconcile_at.clone());
            let seen = ask(&api, &name, token, limit, read).await?;
            Ok((seen.map(|o| summary(o.status.map(|s| s.conditions))), format!("yks/{name}")))
        }
        Subject::Rollout(rollout) => {
            let (name, api) =
                (rollout.name_any(), cluster.of_namespace::<YubiKeyRollout>(&cluster.namespace));
            let read =
                |o: &YubiKeyRollout| o.status.as_ref().and_then(|s| s.last_handled_reconcile_at.clone());
            let seen = ask(&api, &name, token, limit, read).await?;
            Ok((seen.map(|o| summary(o.status.map(|s| s.conditions))), format!("ykr/{name}")))
        }
    }
}

fn summary(conditions: Option<Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>>) -> String {
    let ready = conditions.unwrap_or_default().into_iter().find(|condition| condition.type_ == "Ready");
    ready.map_or_else(
        || "no condition yet".to_owned(),
        |ready| crate::printing::line(&format!("{} {}", ready.reason, ready.message)),
    )
}

/// Asks for a look and waits until it was had; `None`: nobody waits.
async fn ask<K>(
    api: &Api<K>,
    name: &str,
    token: &str,
    limit: Duration,
    handled: impl Fn(&K) -> Option<String> + Send,
) -> Result<Option<K>>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + 'static,
{
    let patch = Patch::Merge(json!({"metadata": {"annotations": {REQUESTED_AT: token}}}));
    let asked = api.patch(name, &PatchParams::default(), &patch).await;
    asked.map_err(|error| Fault::of_api(&format!("ask for a look at {name}"), &error))?;
    if limit.is_zero() {
        return Ok(None);
    }
    // Somebody may ask again meanwhile: then their look answers ours.
    let seen = wait::await_condition(api.clone(), name, |object: Option<&K>| {
        object.is_none_or(|object| handled(object).is_some_and(|at| at.as_str() >= token))
    });
    let late = || {
        Fault::new(
            format!("the operator did not look at {name} within {} s", limit.as_secs()),
            "see whether it runs: `kubectl get pods -A -l app.kubernetes.io/name=yubikey-shipment-operator`",
        )
    };
    let seen = tokio::time::timeout(limit, seen).await.map_err(|_| late())?;
    let seen = seen.map_err(|error| {
        Fault::new(format!("{name} cannot be watched: {error}"), "see `kubectl yubikey status`")
    })?;
    seen.map(Some)
        .ok_or_else(|| Fault::new(format!("{name} was removed meanwhile"), "see `kubectl yubikey status`"))
}
