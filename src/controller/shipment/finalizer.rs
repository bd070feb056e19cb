//! The finalizer: put back whenever it is missing, removed when the vendors are in order.

use api::{FINALIZER, shipment::YubiKeyShipment};
use kube::{Api, ResourceExt, api::Patch};
use serde_json::json;

use crate::controller::commit::{self, CommitError};

/// Does the shipment carry it?
#[must_use]
pub fn present(object: &YubiKeyShipment) -> bool {
    object.finalizers().iter().any(|f| f == FINALIZER)
}

/// Adds it.
///
/// # Errors
/// As every guarded write.
pub async fn add(
    api: &Api<YubiKeyShipment>,
    object: &YubiKeyShipment,
) -> Result<YubiKeyShipment, CommitError> {
    let all: Vec<_> = object.finalizers().iter().cloned().chain([FINALIZER.to_owned()]).collect();
    set(api, object, &all).await
}

/// Removes it.
///
/// # Errors
/// As every guarded write.
pub async fn remove(
    api: &Api<YubiKeyShipment>,
    object: &YubiKeyShipment,
) -> Result<YubiKeyShipment, CommitError> {
    let rest: Vec<_> = object.finalizers().iter().filter(|f| *f != FINALIZER).cloned().collect();
    set(api, object, &rest).await
}

async fn set(
    api: &Api<YubiKeyShipment>,
    object: &YubiKeyShipment,
    finalizers: &[String],
) -> Result<YubiKeyShipment, CommitError> {
    let patch = json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    api.patch(&object.name_any(), &commit::params(), &Patch::Merge(patch)).await.map_err(commit::classify)
}
