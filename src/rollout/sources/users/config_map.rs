//! Where the list of people stands: in the spec, which the cache does not keep, or in a `ConfigMap`.

use api::rollout::{ConfigMapKey, ListedUser, YubiKeyRollout};
use domain::{
    failure::{Failure, Reason},
    rollout::encoding,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client, ResourceExt};

use super::entries;
use crate::{kubernetes::retry, rollout::object_size};

/// The list as it stands now, and how large it makes the object: the cache does not keep it.
pub(super) async fn list_of(
    rollout: &YubiKeyRollout,
    client: &Client,
) -> Result<(Vec<ListedUser>, usize), Failure> {
    let api: Api<YubiKeyRollout> = Api::namespaced(client.clone(), &rollout.namespace().unwrap_or_default());
    let live = api.get_opt(&rollout.name_any()).await;
    let live = live.map_err(|error| retry::unread(&error, "the list of spec.source.users"))?;
    let live = live.filter(|live| live.uid() == rollout.uid());
    let bytes = live.as_ref().map_or(0, object_size::declared);
    let list = live.and_then(|live| live.spec.source.users?.list);
    // The watch is about to tell.
    list.map(|list| (list, bytes)).ok_or_else(|| {
        Failure::new(Reason::SourceUnreadable, "The list of spec.source.users has gone; it is read again.")
    })
}

/// The table as text. `follow` is told which version of the `ConfigMap` was read (`None`: it is not there), before the
/// text is looked at.
///
/// # Errors
/// `SourceUnreadable`, and whatever stops a read of the API server.
pub(super) async fn table_of(
    rollout: &YubiKeyRollout,
    place: &ConfigMapKey,
    client: &Client,
    follow: impl FnOnce(&str, Option<String>),
) -> Result<String, Failure> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &rollout.namespace().unwrap_or_default());
    let unreadable = |why: String| Failure::new(Reason::SourceUnreadable, why);
    let (name, key) = (&place.name, &place.key);
    let found = match api.get_opt(name).await {
        Ok(found) => found,
        Err(kube::Error::Api(status)) if status.code == 403 => {
            return Err(unreadable(format!(
                "The operator may not read the ConfigMap {name}; whoever installed it names it in the chart's value rollouts.listNamespaces."
            )));
        }
        Err(error) => return Err(retry::unread(&error, "the ConfigMap of spec.source.users")),
    };
    let version = found.as_ref().and_then(ResourceExt::resource_version);
    follow(name, version);
    let map = found.ok_or_else(|| {
        unreadable(format!("There is no ConfigMap {name} in this namespace; create it, or correct spec.source.users.configMap (one that Kustomize generates has a suffix, see docs/gitops.md)."))
    })?;
    if let Some(text) = map.data.and_then(|mut data| data.remove(key)) {
        return Ok(text);
    }
    // What is no UTF-8 is put here by kubectl.
    if let Some(bytes) = map.binary_data.and_then(|mut data| data.remove(key)) {
        return encoding::decode(&bytes.0).map_err(|why| entries::unreadable(&why.to_string()));
    }
    Err(unreadable(format!(
        "The ConfigMap {name} has no key {key}; add it, or correct spec.source.users.configMap."
    )))
}
