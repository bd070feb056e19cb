//! Objects of the cluster, one by one: what this version cannot read hides nothing else.

use api::{connection::YubiKeyConnection, rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    api::{ApiResource, DynamicObject, ListParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;

use crate::fault::{Fault, Result};

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

/// The namespaces that are meant, in words; `None`: all of them.
#[must_use]
pub fn place(scope: Option<&str>) -> String {
    scope.map_or_else(|| "all namespaces".to_owned(), |namespace| format!("namespace {namespace}"))
}

/// All objects of a kind in one namespace or in all of them. `what`: the kind, in words.
///
/// # Errors
/// If they cannot be listed.
pub async fn namespaced<K>(client: &Client, scope: Option<&str>, what: &str) -> Result<Listed<K>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned,
{
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = match scope {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    read(&api, &format!("list {what} of {}", place(scope))).await
}

/// All connections.
///
/// # Errors
/// If they cannot be listed.
pub async fn connections(client: &Client) -> Result<Listed<YubiKeyConnection>> {
    let resource = ApiResource::erase::<YubiKeyConnection>(&());
    read(&Api::all_with(client.clone(), &resource), "list connections").await
}

/// One shipment.
///
/// # Errors
/// If it cannot be read.
pub async fn shipment(client: &Client, namespace: &str, name: &str) -> Result<Option<YubiKeyShipment>> {
    let found = Api::<YubiKeyShipment>::namespaced(client.clone(), namespace).get_opt(name).await;
    found.map_err(|error| Fault::of_api(&format!("read shipment {namespace}/{name}"), &error))
}

/// One rollout.
///
/// # Errors
/// If it cannot be read.
pub async fn rollout(client: &Client, namespace: &str, name: &str) -> Result<Option<YubiKeyRollout>> {
    let found = Api::<YubiKeyRollout>::namespaced(client.clone(), namespace).get_opt(name).await;
    found.map_err(|error| Fault::of_api(&format!("read rollout {namespace}/{name}"), &error))
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
