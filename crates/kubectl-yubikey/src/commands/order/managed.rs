//! Is a namespace managed from Git? Then what is created by hand is foreign there.

use api::shipment::YubiKeyShipment;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Resource as _};

use crate::{cluster::Cluster, objects, view::managed};

/// By whom the namespace, or what stands in it, is managed. What one may not see is taken for unmanaged.
pub async fn by(cluster: &Cluster) -> Option<&'static str> {
    let namespace = Api::<Namespace>::all(cluster.client.clone()).get(&cluster.namespace).await;
    if let Some(by) = namespace.ok().and_then(|namespace| managed::by(namespace.meta())) {
        return Some(by);
    }
    let shipments = objects::list::<YubiKeyShipment>(cluster, "shipments").await.ok()?;
    shipments.objects.iter().find_map(|shipment| managed::by(shipment.meta()))
}
