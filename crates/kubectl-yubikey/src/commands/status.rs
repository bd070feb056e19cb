//! `status`: where each key is, what it waits for, and what comes next.

mod render;
mod watch;

use api::{connection::YubiKeyConnection, rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use clap::Args;
use jiff::Timestamp;
use kube::ResourceExt as _;
use serde::Serialize;
use system::clock;

use crate::{
    cli::{Global, Output},
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects::{self, Subject},
    terminal::Terminal,
    view::{RolloutView, ShipmentView},
};

/// Of `status`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kubectl yubikey status -A              everything, by namespace\n  kubectl yubikey status ann-lee         one key, with every step\n  kubectl yubikey status ykr/staff       a rollout and its shipments\n  kubectl yubikey status -n hr --watch   again at each change"
)]
pub struct Arguments {
    /// A shipment or a rollout: NAME, yks/NAME or ykr/NAME; left out: all
    #[arg(value_name = "NAME", conflicts_with = "all_namespaces")]
    name: Option<String>,
    /// json, yaml, or a table with every column
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Output>,
    /// Show it again at each change, until Ctrl-C
    #[arg(short, long, conflicts_with = "output")]
    watch: bool,
}

/// Everything that the command shows.
#[derive(Debug, Default, Serialize)]
pub struct Overview {
    rollouts: Vec<RolloutView>,
    shipments: Vec<ShipmentView>,
    /// One object was asked for.
    #[serde(skip)]
    one: bool,
}

/// Runs it.
///
/// # Errors
/// If nothing can be read.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit> {
    let cluster = Cluster::of(global).await?;
    if arguments.watch {
        return watch::run(&cluster, arguments, terminal).await;
    }
    let overview = read(&cluster, arguments, terminal).await?;
    let text = match arguments.output {
        Some(Output::Wide) => render::wide(&overview, terminal.paint, clock::now()),
        Some(output) => super::document(&overview, output)?,
        None => shown(&cluster, &overview, terminal),
    };
    terminal.print(&text)?;
    Ok(Exit::Done)
}

fn shown(cluster: &Cluster, overview: &Overview, terminal: &Terminal) -> String {
    if overview.rollouts.is_empty() && overview.shipments.is_empty() {
        terminal.tell(&format!(
            "Nothing is declared in {}. `kubectl yubikey order LOGIN --model MODEL` orders a key; -A looks everywhere.",
            cluster.place()
        ));
        return String::new();
    }
    render::tree(overview, terminal.paint, clock::now())
}

async fn read(cluster: &Cluster, arguments: &Arguments, terminal: &Terminal) -> Result<Overview> {
    let now = clock::now();
    let connections = objects::visible_connections(cluster).await;
    let Some(name) = &arguments.name else {
        let shipments = objects::list::<YubiKeyShipment>(cluster, "shipments").await?.told(terminal);
        return Ok(overview(&rollouts(cluster, terminal).await?, &shipments, &connections, now));
    };
    let found = match objects::find(cluster, name).await? {
        Subject::Shipment(shipment) => overview(&[], &[*shipment], &connections, now),
        Subject::Rollout(rollout) => {
            let shipments = objects::list::<YubiKeyShipment>(cluster, "shipments").await?.told(terminal);
            let name = rollout.name_any();
            let of_it = |shipment: &YubiKeyShipment| {
                shipment.labels().get(api::rollout::ROLLOUT_LABEL) == Some(&name)
            };
            let shipments: Vec<_> = shipments.into_iter().filter(of_it).collect();
            overview(&[*rollout], &shipments, &connections, now)
        }
    };
    Ok(Overview { one: true, ..found })
}

/// Who may read shipments may not be allowed to read rollouts: their shipments are shown all the same.
async fn rollouts(cluster: &Cluster, terminal: &Terminal) -> Result<Vec<YubiKeyRollout>> {
    match objects::list(cluster, "rollouts").await {
        Ok(listed) => Ok(listed.told(terminal)),
        Err(Fault { exit: Exit::Denied, what, .. }) => {
            terminal.warn(&format!("rollouts are left out: {what}"));
            Ok(Vec::new())
        }
        Err(fault) => Err(fault),
    }
}

fn overview(
    rollouts: &[YubiKeyRollout],
    shipments: &[YubiKeyShipment],
    connections: &[YubiKeyConnection],
    now: Timestamp,
) -> Overview {
    let spec_of = |name: &str| connections.iter().find(|c| c.name_any() == name).map(|c| &c.spec);
    let mut views: Vec<_> = shipments
        .iter()
        .map(|shipment| ShipmentView::of(shipment, spec_of(&shipment.spec.connection_ref.name), now))
        .collect();
    views.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let mut rollouts: Vec<_> = rollouts.iter().map(RolloutView::of).collect();
    rollouts.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Overview { rollouts, shipments: views, one: false }
}

#[cfg(test)]
mod tests;
