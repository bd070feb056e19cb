//! Everything that `status` shows.

use api::{
    connection::YubiKeyConnection,
    rollout::{ROLLOUT_LABEL, YubiKeyRollout},
    shipment::YubiKeyShipment,
};
use jiff::Timestamp;
use kube::ResourceExt as _;
use serde::Serialize;
use system::clock;

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects::{self, Subject},
    terminal::Terminal,
    view::{RolloutView, ShipmentView},
};

/// Everything that the command shows.
#[derive(Debug, Default, Serialize)]
pub struct Overview {
    /// Rollouts that the caller may see in the namespaces asked for.
    pub rollouts: Vec<RolloutView>,
    /// Shipments that the caller may see in the namespaces asked for.
    pub shipments: Vec<ShipmentView>,
    /// One object was asked for.
    #[serde(skip)]
    pub one: bool,
}

/// Reads it: of one object, or of all.
///
/// # Errors
/// If nothing can be read.
pub async fn read(cluster: &Cluster, name: Option<&str>, terminal: &Terminal) -> Result<Overview> {
    let now = clock::now();
    let connections = objects::visible_connections(cluster).await;
    let Some(name) = name else {
        let shipments =
            objects::told(objects::list::<YubiKeyShipment>(cluster, "shipments").await?, terminal);
        return Ok(overview(&rollouts(cluster, terminal).await?, &shipments, &connections, now));
    };
    let found = match objects::find(cluster, name).await? {
        Subject::Shipment(shipment) => overview(&[], &[*shipment], &connections, now),
        Subject::Rollout(rollout) => {
            let shipments =
                objects::told(objects::list::<YubiKeyShipment>(cluster, "shipments").await?, terminal);
            let name = rollout.name_any();
            let of_it = |shipment: &YubiKeyShipment| shipment.labels().get(ROLLOUT_LABEL) == Some(&name);
            let shipments: Vec<_> = shipments.into_iter().filter(of_it).collect();
            overview(&[*rollout], &shipments, &connections, now)
        }
    };
    Ok(Overview { one: true, ..found })
}

/// Who may read shipments may not be allowed to read rollouts: their shipments are shown all the same.
async fn rollouts(cluster: &Cluster, terminal: &Terminal) -> Result<Vec<YubiKeyRollout>> {
    match objects::list(cluster, "rollouts").await {
        Ok(listed) => Ok(objects::told(listed, terminal)),
        Err(Fault { exit: Exit::Denied, what, .. }) => {
            terminal.warn(&format!("rollouts are left out: {what}"));
            Ok(Vec::new())
        }
        Err(fault) => Err(fault),
    }
}

/// Objects as people read them, by namespace and name.
pub fn overview(
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
