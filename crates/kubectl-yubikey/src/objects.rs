//! Objects of the cluster, one by one: what this version cannot read hides nothing else.

use api::{connection::YubiKeyConnection, rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use kube::{
    Api, Resource, ResourceExt as _,
    api::{ApiResource, DynamicObject, ListParams},
};
use serde::de::DeserializeOwned;

use crate::{
    cluster::Cluster,
    fault::{Fault, Result},
    terminal::Terminal,
};

/// Objects that a call brings.
const PAGE: u32 = 500;

/// One kind's objects, and the names of those that this version cannot read.
#[derive(Debug, Clone)]
pub struct Listed<K> {
    /// Those that are understood.
    pub objects: Vec<K>,
    /// `namespace/name` of the others.
    pub undecodable: Vec<String>,
}

impl<K> Listed<K> {
    /// The objects; the others are warned of.
    #[must_use]
    pub fn told(self, terminal: &Terminal) -> Vec<K> {
        for name in &self.undecodable {
            terminal.warn(&format!(
                "{name} holds what this version of the plugin does not know, so it is left out; use the plugin of the operator's version, or kubectl get"
            ));
        }
        self.objects
    }
}

/// All objects of a kind in the namespaces that the command is about.
///
/// # Errors
/// If they cannot be listed.
pub async fn list<K>(cluster: &Cluster, what: &str) -> Result<Listed<K>>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + DeserializeOwned,
{
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = match &cluster.scope {
        Some(namespace) => Api::namespaced_with(cluster.client.clone(), namespace, &resource),
        None => Api::all_with(cluster.client.clone(), &resource),
    };
    read(&api, &format!("list {what} of {}", cluster.place())).await
}

/// All connections.
///
/// # Errors
/// If they cannot be listed.
pub async fn connections(cluster: &Cluster) -> Result<Listed<YubiKeyConnection>> {
    let resource = ApiResource::erase::<YubiKeyConnection>(&());
    read(&Api::all_with(cluster.client.clone(), &resource), "list connections").await
}

/// All connections, if one may see them: they belong to the cluster, and most people may not.
pub async fn visible_connections(cluster: &Cluster) -> Vec<YubiKeyConnection> {
    connections(cluster).await.map(|listed| listed.objects).unwrap_or_default()
}

async fn read<K: DeserializeOwned>(api: &Api<DynamicObject>, doing: &str) -> Result<Listed<K>> {
    let mut listed = Listed { objects: Vec::new(), undecodable: Vec::new() };
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let found = api.list(&page).await.map_err(|error| Fault::of_api(doing, &error))?;
        for object in found.items {
            let name = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
            match serde_json::to_value(object).and_then(serde_json::from_value) {
                Ok(object) => listed.objects.push(object),
                Err(_) => listed.undecodable.push(name.trim_start_matches('/').to_owned()),
            }
        }
        match found.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(listed),
        }
    }
}

/// What a name on the command line may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `yks/NAME`.
    Shipment,
    /// `ykr/NAME`.
    Rollout,
    /// `ykc/NAME`.
    Connection,
}

/// A name, with its kind if one is given: `ann-lee`, `yks/ann-lee`, `ykr/staff`.
///
/// # Errors
/// If the kind is none of ours.
pub fn named(text: &str) -> Result<(Option<Kind>, &str)> {
    let Some((kind, name)) = text.split_once('/') else { return Ok((None, text)) };
    let kind = match kind {
        "yks" | "yubikeyshipment" | "yubikeyshipments" | "shipment" => Kind::Shipment,
        "ykr" | "yubikeyrollout" | "yubikeyrollouts" | "rollout" => Kind::Rollout,
        "ykc" | "yubikeyconnection" | "yubikeyconnections" | "connection" => Kind::Connection,
        other => {
            return Err(Fault::usage(
                format!("{other} is no kind that this command knows"),
                "name yks/NAME (a shipment), ykr/NAME (a rollout), or the name alone",
            ));
        }
    };
    Ok((Some(kind), name))
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
        && let Some(rollout) = rollout(cluster, namespace, name).await?
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
    let found = cluster.of_namespace::<YubiKeyShipment>(namespace).get_opt(name).await;
    found.map_err(|error| Fault::of_api(&format!("read shipment {namespace}/{name}"), &error))
}

async fn rollout(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<YubiKeyRollout>> {
    let found = cluster.of_namespace::<YubiKeyRollout>(namespace).get_opt(name).await;
    found.map_err(|error| Fault::of_api(&format!("read rollout {namespace}/{name}"), &error))
}
