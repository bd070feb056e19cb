//! Manifests that are whole, to be changed in one place.

use kube::{
    Api, Client,
    api::{DynamicObject, PostParams},
};
use serde_json::{Value, json};

use super::{object::Object, scene::merge, shipment::resource};

/// A shipment with every field set.
pub fn shipment() -> Value {
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment", "metadata": {"name": "whole"},
        "spec": {
            "connectionRef": {"name": "no-such-thing"}, "userRef": {"login": "kim@example.com"}, "key": {"model": "m"},
            "delivery": "Standard",
            "recipient": {"firstName": "Kim", "lastName": "Doe", "company": "C", "email": "k@x", "phone": "1"},
            "address": {
                "line1": "1 Elm", "line2": "2", "city": "Bonn", "region": "NRW", "postalCode": "53111", "countryCode": "DE",
            },
            "activation": {"after": "Delivery", "deliveryTimeout": "336h", "onTimeout": "Hold"},
            "pin": {"after": "Activation"}, "existingKeyPolicy": "Hold", "existingKeyBefore": "2030-01-01T00:00:00Z",
            "orderBefore": "2030-01-01T00:00:00Z", "deletionPolicy": "Cancel", "suspend": false,
        },
    })
}

/// A decision with every field set that its action allows.
pub fn decision() -> Value {
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyDecision", "metadata": {"name": "whole"},
        "spec": {
            "shipmentRef": {"name": "whole"}, "holdID": "order-1-k7f3", "action": "AdoptOrder", "shipmentID": "S1",
            "reason": "It stands in the Console.", "requestedBy": "admin",
        },
    })
}

/// A decision about a rollout with every field set.
pub fn rollout_decision() -> Value {
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyDecision", "metadata": {"name": "whole"},
        "spec": {
            "rolloutRef": {"name": "whole"}, "holdID": "again-k7f3", "action": "Proceed", "userIDs": ["00u1"],
            "reason": "They lost it.", "requestedBy": "admin",
        },
    })
}

/// A rollout with every field set, and a list as its source.
pub fn rollout() -> Value {
    let profile = json!({
        "firstName": "Kim", "lastName": "Doe", "email": "k@x", "secondEmail": "h@x", "primaryPhone": "1",
        "streetAddress": "1 Elm", "city": "Bonn", "state": "NRW", "zipCode": "53111", "countryCode": "DE", "organization": "C",
    });
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyRollout", "metadata": {"name": "whole"},
        "spec": {
            "connectionRef": {"name": "no-such-thing"},
            "source": {"users": {
                "list": [{"login": "kim@example.com", "key": {"model": "m"}, "profile": profile}],
                "interval": "1h", "createMissing": "Never", "activateUser": "Never",
            }},
            "template": {
                "metadata": {"labels": {"k": "v"}, "annotations": {"k": "v"}},
                "spec": {
                    "key": {"model": "m"}, "delivery": "Standard",
                    "activation": {"after": "Delivery", "deliveryTimeout": "336h", "onTimeout": "Hold"},
                    "pin": {"after": "Activation"}, "existingKeyPolicy": "Hold", "existingKeyBefore": "2030-01-01T00:00:00Z",
                    "orderBefore": "2030-01-01T00:00:00Z", "deletionPolicy": "Cancel",
                },
            },
            "mode": "DryRun", "budget": 10, "maxInFlight": 1, "maxPerDay": 1, "waves": [{"percent": 5}],
            "skip": {"preRegisteredKey": true, "anyWebAuthn": false, "userStatuses": ["SUSPENDED"]},
            "onLeave": "Keep", "paused": false, "onDelete": "Release",
        },
    })
}

/// Another source of people in place of the rollout's own.
pub fn with_source(mut rollout: Value, source: Value) -> Value {
    rollout["spec"]["source"] = source;
    if rollout["spec"]["source"]["oktaConsole"].is_object() {
        rollout["spec"]["template"]["spec"].as_object_mut().unwrap().remove("key");
    }
    rollout
}

/// A connection with every field set.
pub fn connection() -> Value {
    let mapping = [
        "firstName",
        "lastName",
        "company",
        "email",
        "phone",
        "addressLine1",
        "addressLine2",
        "city",
        "region",
        "postalCode",
        "countryCode",
    ];
    let mapping: serde_json::Map<_, _> =
        mapping.iter().map(|field| ((*field).to_owned(), json!("custom"))).collect();
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": "whole"},
        "spec": {
            "okta": {
                "orgUrl": "https://acme.okta.com", "signInHost": "login.acme.com", "rpId": "acme.com",
                "auth": {"privateKeyJwt": {"clientId": "c", "keyId": "k", "algorithm": "ES256", "dpop": "Auto"}},
                "rateLimitShare": 50,
            },
            "yubico": {
                "apiUrl": "https://y/v1", "transportKeysUrl": "https://y/t", "signingKeysUrl": "https://y/s",
                "countries": ["US"], "cancelBy": "API",
            },
            "keys": [{"name": "m", "productId": 29, "inventoryProductId": 106, "customizationId": "R", "lowStock": 10}],
            "recipientMapping": mapping,
            "recipientDefaults": {"company": "Example Inc", "phone": "+1 555-0100", "countryCode": "US", "postalCodes": {"HK": "0000"}},
            "recipientSource": {"http": {"url": "https://h/recipient"}},
            "polling": {"firstAfter": "20m", "interval": "6h", "listFrom": 100, "firstUse": "Daily"},
            "calls": {"timeout": "30s", "settle": "5m", "lookDelay": "2s"},
            "allowedNamespaces": {"from": "Names", "names": ["a"]},
            "policy": {
                "addressOverride": "Forbid", "recipientOverride": "Forbid", "revoke": "Forbid", "createUsers": "Forbid",
                "orphan": "Allow", "keys": "Any", "showLogin": "Allow",
                "recipientScript": "Any",
                "sources": {"oktaGroups": {"allow": ["g"]}, "oktaConsole": "Forbid"},
                "userGroups": {"allow": ["g"], "deny": ["h"]}, "maxOpenOrders": 100,
            },
            "orderingCluster": "none", "allowInsecureLoopback": false,
            "defaults": {
                "activation": {"after": "Delivery", "deliveryTimeout": "336h", "onTimeout": "Hold"},
                "pin": {"after": "Activation"}, "existingKeyPolicy": "Hold", "deletionPolicy": "Cancel",
            },
        },
    })
}

/// A whole manifest with a change merged in; null removes.
pub fn with(mut manifest: Value, change: Value) -> Value {
    merge(&mut manifest, change);
    manifest
}

/// Sets one place, `spec.keys[].name`; the first element of a list.
pub fn set(manifest: &mut Value, path: &str, value: Value) {
    let pointer = format!("/{}", path.replace("[]", ".0").replace('.', "/"));
    *manifest.pointer_mut(&pointer).unwrap_or_else(|| panic!("the whole manifest has no {path}")) = value;
}

/// Would the API server take it? Nothing is stored.
pub async fn asked(client: &Client, namespace: &str, manifest: &Value) -> Result<Object, String> {
    let kind = manifest["kind"].as_str().unwrap();
    let api: Api<DynamicObject> = match kind {
        "YubiKeyShipment" | "YubiKeyDecision" | "YubiKeyRollout" => {
            Api::namespaced_with(client.clone(), namespace, &resource(kind))
        }
        _ => Api::all_with(client.clone(), &resource(kind)),
    };
    let object: DynamicObject = serde_json::from_value(manifest.clone()).unwrap();
    let answer = api.create(&PostParams { dry_run: true, field_manager: None }, &object).await;
    answer.map(|object| Object(serde_json::to_value(object).unwrap())).map_err(|error| error.to_string())
}
