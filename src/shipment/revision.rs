//! The generation of the spec that holds and refusals speak of. The API server counts every change; those of `suspend`
//! and `deletionPolicy`, and the deletion itself, say nothing about what is ordered, and so they end no hold.

use api::shipment::{YubiKeyShipment, YubiKeyShipmentSpec, YubiKeyShipmentStatus};
use openssl::sha::sha256;

/// The generation, as far as it concerns what is ordered: that of the hold for as long as the same is asked for.
#[must_use]
pub fn of(object: &YubiKeyShipment) -> i64 {
    let generation = object.metadata.generation.unwrap_or_default();
    let hold = object.status.as_ref().and_then(|status| status.hold.as_ref());
    match hold {
        Some(hold) if hold.spec.is_some() && hold.spec == digest(&object.spec) => {
            hold.generation.min(generation)
        }
        _ => generation,
    }
}

/// Notes beside a hold that was just made which spec is held.
pub fn note(object: &YubiKeyShipment, status: &mut YubiKeyShipmentStatus) {
    let before = object.status.as_ref().and_then(|status| status.hold.as_ref());
    let Some(hold) = status.hold.as_mut().filter(|hold| before.is_none_or(|before| before.id != hold.id))
    else {
        return;
    };
    hold.spec = digest(&object.spec);
}

/// Enough to tell two specs of one object apart. `None`: it cannot be told, and then every change counts.
fn digest(spec: &YubiKeyShipmentSpec) -> Option<String> {
    let mut value = serde_json::to_value(spec).ok()?;
    let members = value.as_object_mut()?;
    members.remove("suspend");
    members.remove("deletionPolicy");
    // Members of objects are sorted.
    let text = serde_json::to_string(&value).ok()?;
    let digest = sha256(text.as_bytes());
    let (first, _) = digest.split_first_chunk()?;
    Some(format!("{:016x}", u64::from_be_bytes(*first)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shipment(generation: i64, spec: &Value) -> YubiKeyShipment {
        let mut all = json!({"userRef": {"login": "kim@example.com"}, "key": {"model": "m"}});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": "kim", "generation": generation}, "spec": all,
        }))
        .unwrap()
    }

    /// As it was when it was held, in generation 2.
    fn held(spec: &Value) -> YubiKeyShipmentStatus {
        let hold = json!({"id": "enroll-1-abc", "reason": "ExistingKey", "message": "x", "since": "2027-01-01T00:00:00.000000Z",
                          "generation": 2, "choices": ["RetryOrder"]});
        let mut status: YubiKeyShipmentStatus = serde_json::from_value(json!({"hold": hold})).unwrap();
        note(&shipment(2, spec), &mut status);
        status
    }

    fn later(generation: i64, spec: &Value, status: &YubiKeyShipmentStatus) -> i64 {
        let mut object = shipment(generation, spec);
        object.status = Some(status.clone());
        of(&object)
    }

    #[test]
    fn suspending_and_back_and_another_deletion_policy_end_no_hold() {
        let status = held(&json!({}));
        assert_eq!(later(3, &json!({"suspend": true}), &status), 2);
        assert_eq!(later(4, &json!({"suspend": false}), &status), 2);
        assert_eq!(later(5, &json!({"deletionPolicy": "Orphan"}), &status), 2);
        assert_eq!(later(6, &json!({}), &status), 2, "a deletion counts as a generation");
        for change in
            [json!({"delivery": "Expedited"}), json!({"existingKeyPolicy": "Adopt", "suspend": true})]
        {
            assert_eq!(later(7, &change, &status), 7, "something else is asked for");
        }
    }

    #[test]
    fn what_is_held_is_noted_once_and_a_hold_of_an_older_version_ends_by_any_change() {
        let mut status = held(&json!({}));
        let noted = status.hold.clone();
        let mut object = shipment(3, &json!({"suspend": true}));
        object.status = Some(status.clone());
        note(&object, &mut status);
        assert_eq!(status.hold, noted);
        status.hold.as_mut().unwrap().spec = None;
        assert_eq!(later(3, &json!({"suspend": true}), &status), 3);
        assert_eq!(later(2, &json!({}), &status), 2);
    }
}
