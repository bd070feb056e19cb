//! The finalizer: put back whenever it is missing, removed when the outside world is in order.

use api::FINALIZER;
use kube::{Api, Resource, ResourceExt, api::Patch};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::status_patch::{self, CommitError};

/// Does the object carry it?
#[must_use]
pub fn present(object: &impl ResourceExt) -> bool {
    object.finalizers().iter().any(|f| f == FINALIZER)
}

/// Adds it.
///
/// # Errors
/// As every guarded write.
pub async fn add<K>(api: &Api<K>, object: &K) -> Result<K, CommitError>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    let all: Vec<_> = object.finalizers().iter().cloned().chain([FINALIZER.to_owned()]).collect();
    set(api, object, &all).await
}

/// Removes it.
///
/// # Errors
/// As every guarded write.
pub async fn remove<K>(api: &Api<K>, object: &K) -> Result<K, CommitError>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    let rest: Vec<_> = object.finalizers().iter().filter(|f| *f != FINALIZER).cloned().collect();
    set(api, object, &rest).await
}

async fn set<K>(api: &Api<K>, object: &K, finalizers: &[String]) -> Result<K, CommitError>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    let patch = json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    let written = api.patch(&object.name_any(), &status_patch::params(), &Patch::Merge(patch)).await;
    let mut written = written.map_err(status_patch::classify)?;
    // Nobody reads it, and the pass would carry it along in every copy of the object.
    written.meta_mut().managed_fields = None;
    Ok(written)
}
