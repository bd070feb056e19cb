//! The finalizer: put back whenever it is missing, removed when the vendors are in order.

use api::{FINALIZER, shipment::YubiKeyShipment};
use kube::{Api, ResourceExt, api::Patch};
use serde_json::json;

use crate::kubernetes::status_patch::{self, CommitError};

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
    api.patch(&object.name_any(), &status_patch::params(), &Patch::Merge(patch))
        .await
        .map_err(status_patch::classify)
}
