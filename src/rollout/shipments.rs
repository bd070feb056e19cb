//! Shipments of a rollout: named after the person's id by a hash, so that every cluster and every restart finds the same
//! name, and nobody reads a login from it.

use api::{
    rollout::{ROLLOUT_LABEL, YubiKeyRollout, ledger_status},
    shipment::{UserRef, YubiKeyShipment, YubiKeyShipmentSpec},
};
use domain::{
    failure::{Failure, Reason},
    ids::UserId,
    rollout::Key,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, PostParams, Preconditions},
};

use crate::kubernetes::{decode::Decoded, names::whole_name, status_patch::FIELD_MANAGER};

/// Letters of a name's hash: 32 of them make 60 bits.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Bytes of the hash that are used, one letter each.
const LENGTH: usize = 12;

/// The same of a login's hash: 100 bits.
const LOGIN_LENGTH: usize = 20;

fn letters(hash: &[u8], count: usize) -> String {
    hash.iter().take(count).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// Name of the shipment for a person: the rollout's, and a hash of namespace, rollout and Okta user id.
#[must_use]
pub fn name(namespace: &str, rollout: &str, user: &UserId) -> String {
    let hash = openssl::sha::sha256(format!("{namespace}/{rollout}/{user}").as_bytes());
    format!("{rollout}-{}", letters(&hash, LENGTH))
}

/// Hash of a login for the list of people who were created.
#[must_use]
pub fn login_hash(rollout: &YubiKeyRollout, login: &str) -> String {
    let hash = openssl::sha::sha256(format!("{}/{}", whole_name(rollout), login.to_lowercase()).as_bytes());
    letters(&hash, LOGIN_LENGTH)
}

/// The shipment as it is declared.
#[must_use]
pub fn shipment(rollout: &YubiKeyRollout, user: &UserId, key: &Key) -> YubiKeyShipment {
    let namespace = rollout.namespace().unwrap_or_default();
    let template = rollout.spec.template.clone().unwrap_or_default();
    let metadata = template.metadata.unwrap_or_default();
    let mut labels = metadata.labels;
    labels.insert(ROLLOUT_LABEL.to_owned(), rollout.name_any());
    let mut shipment = YubiKeyShipment::new(
        &name(&namespace, &rollout.name_any(), user),
        spec(rollout, UserRef { login: None, id: Some(user.to_string()) }, key),
    );
    shipment.metadata = ObjectMeta {
        namespace: Some(namespace),
        labels: Some(labels),
        annotations: Some(metadata.annotations).filter(|annotations| !annotations.is_empty()),
        ..shipment.metadata
    };
    shipment
}

/// The spec of a shipment for this person.
#[must_use]
pub fn spec(rollout: &YubiKeyRollout, user_ref: UserRef, key: &Key) -> YubiKeyShipmentSpec {
    let template = rollout.spec.template.clone().unwrap_or_default().spec.unwrap_or_default();
    YubiKeyShipmentSpec {
        connection_ref: rollout.spec.connection_ref.clone(),
        user_ref,
        key: ledger_status::key_ref(key),
        delivery: template.delivery,
        recipient: None,
        address: None,
        activation: template.activation,
        pin: template.pin,
        existing_key_policy: template.existing_key_policy,
        existing_key_before: template.existing_key_before,
        order_before: template.order_before,
        deletion_policy: template.deletion_policy,
        suspend: false,
    }
}

/// Is this object the rollout's shipment for this person? Its name alone proves nothing.
#[must_use]
pub fn is_ours(rollout: &YubiKeyRollout, object: &YubiKeyShipment, user: &UserId) -> bool {
    object.labels().get(ROLLOUT_LABEL) == Some(&rollout.name_any())
        && object.name_any() == name(&rollout.namespace().unwrap_or_default(), &rollout.name_any(), user)
        && object.spec.user_ref.id.as_deref() == Some(user.as_str())
        && object.spec.connection_ref == rollout.spec.connection_ref
}

/// What became of a wish to make one.
#[derive(Debug)]
pub enum Made {
    /// It is there, made now or earlier.
    There(Box<YubiKeyShipment>),
    /// The name belongs to something else.
    Foreign,
}

/// Makes the shipment, or finds it. Harmless to repeat: a name is there once.
///
/// # Errors
/// If the API server does not take it.
pub async fn make(
    api: &Api<YubiKeyShipment>,
    rollout: &YubiKeyRollout,
    user: &UserId,
    key: &Key,
) -> Result<Made, Failure> {
    let desired = shipment(rollout, user, key);
    let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    match api.create(&params, &desired).await {
        Ok(made) => Ok(Made::There(Box::new(made))),
        Err(kube::Error::Api(status)) if status.is_already_exists() || status.is_conflict() => {
            let namespace = desired.namespace().unwrap_or_default();
            let live: Api<Decoded<YubiKeyShipment>> = Api::namespaced(api.clone().into_client(), &namespace);
            let found = live.get_opt(&desired.name_any()).await.map_err(|error| refused(&error))?;
            match found.map(|found| found.0) {
                Some(Ok(found)) if is_ours(rollout, &found, user) => Ok(Made::There(Box::new(found))),
                // What cannot be decoded and is ours is among the rollout's shipments by the next pass.
                Some(_) => Ok(Made::Foreign),
                // Gone in between: the next pass looks again.
                None => Err(Failure::new(
                    Reason::StatusWriteFailed,
                    "A shipment was being deleted while it was to be made; it is tried again.",
                )),
            }
        }
        Err(error) => Err(refused(&error)),
    }
}

/// Deletes a shipment, and only the one that was seen.
///
/// # Errors
/// If the API server does not take it.
pub async fn delete(api: &Api<YubiKeyShipment>, object: &YubiKeyShipment) -> Result<(), Failure> {
    let only = Preconditions { uid: object.uid(), resource_version: None };
    let params = DeleteParams { preconditions: Some(only), ..DeleteParams::default() };
    match api.delete(&object.name_any(), &params).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        Err(error) => Err(refused(&error)),
    }
}

/// What the API server said, without what it repeats of the object.
pub fn refused(error: &kube::Error) -> Failure {
    tracing::warn!(%error, "the API server did not take a change of a rollout's shipments");
    let why = match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.reason),
        _ => "no answer".to_owned(),
    };
    Failure::new(
        Reason::StatusWriteFailed,
        format!(
            "The API server did not take a change of a shipment ({why}); it is tried again. Check quotas, admission policies and the operator's RBAC (the chart's value rollouts.ordering)."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_everywhere_and_tells_no_login() {
        let user = UserId::new("00u1").unwrap();
        let long = "r".repeat(50);
        let of = |namespace, rollout| name(namespace, rollout, &user);
        assert_eq!(of("onboarding", "staff"), "staff-cmgddfyac3wa", "a rebuilt cluster finds this name");
        assert_ne!(of("onboarding", "staff"), of("elsewhere", "staff"));
        assert!(of("onboarding", &long).len() <= 63);
    }
}
