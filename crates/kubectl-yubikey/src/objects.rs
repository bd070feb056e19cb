//! Objects of the cluster, as the arguments name them.

use api::{connection::YubiKeyConnection, rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use kube::Resource;
use serde::de::DeserializeOwned;

pub use crate::view::{
    listing::Listed,
    names::{Kind, named},
};
use crate::{
    cluster::Cluster,
    fault::{Fault, Result},
    terminal::Terminal,
    view::listing,
};

/// The objects of a list; those that this version cannot read are warned of.
#[must_use]
pub fn told<K>(listed: Listed<K>, terminal: &Terminal) -> Vec<K> {
    for name in &listed.undecodable {
        terminal.warn(&format!(
            "{name} holds what this version of the plugin does not know, so it is left out; use the plugin of the operator's version, or kubectl get"
        ));
    }
    listed.objects
}

/// All objects of a kind in the namespaces that the command is about.
///
/// # Errors
/// If they cannot be listed.
pub async fn list<K>(cluster: &Cluster, what: &str) -> Result<Listed<K>>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + DeserializeOwned,
{
    listing::namespaced(&cluster.client, cluster.scope.as_deref(), what).await
}

/// All connections.
///
/// # Errors
/// If they cannot be listed.
pub async fn connections(cluster: &Cluster) -> Result<Listed<YubiKeyConnection>> {
    listing::connections(&cluster.client).await
}

/// All connections, if one may see them: they belong to the cluster, and most people may not.
pub async fn visible_connections(cluster: &Cluster) -> Vec<YubiKeyConnection> {
    connections(cluster).await.map(|listed| listed.objects).unwrap_or_default()
}

/// A shipment or a rollout.
#[derive(Debug, Clone)]
pub enum Subject {
    /// One person's key.
    Shipment(Box<YubiKeyShipment>),
    /// Many people's keys.
    Rollout(Box<YubiKeyRollout>),
}

/// What a name means in the command's namespace: a shipment, else a rollout.
///
/// # Errors
/// If there is none, or it cannot be read.
pub async fn find(cluster: &Cluster, text: &str) -> Result<Subject> {
    let (kind, name) = named(text)?;
    let namespace = &cluster.namespace;
    if kind == Some(Kind::Connection) {
        return Err(Fault::usage(
            format!("{text} is a connection, and this command is about shipments and rollouts"),
            "see `kubectl yubikey check`",
        ));
    }
    if kind != Some(Kind::Rollout)
        && let Some(shipment) = shipment(cluster, namespace, name).await?
    {
        return Ok(Subject::Shipment(Box::new(shipment)));
    }
    if kind != Some(Kind::Shipment)
        && let Some(rollout) = listing::rollout(&cluster.client, namespace, name).await?
    {
        return Ok(Subject::Rollout(Box::new(rollout)));
    }
    Err(Fault::new(
        format!("there is no shipment or rollout {name} in namespace {namespace}"),
        "see what there is with `kubectl yubikey status -A`, and name the namespace with -n",
    ))
}

/// One shipment.
///
/// # Errors
/// If it cannot be read.
pub async fn shipment(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<YubiKeyShipment>> {
    listing::shipment(&cluster.client, namespace, name).await
}
