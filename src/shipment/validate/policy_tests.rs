//! What the connection's policy admits, on both sides.

use serde_json::{Value, json};

use super::*;

fn connection(policy: &Value) -> YubiKeyConnectionSpec {
    serde_json::from_value(json!({
        "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
        "keys": [{"name": "m", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"}],
        "allowedNamespaces": {"from": "All"}, "policy": policy,
    }))
    .unwrap()
}

fn shipment(more: &Value) -> YubiKeyShipment {
    let mut spec = json!({"userRef": {"id": "00u1"}, "key": {"model": "m"}});
    for (name, value) in more.as_object().unwrap() {
        spec[name] = value.clone();
    }
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {"name": "kim", "namespace": "onboarding"}, "spec": spec,
    }))
    .unwrap()
}

fn facts() -> Facts {
    let rp_id = domain::ids::RpId::new("acme.com").unwrap();
    let times = connect::times::Times::of(&connection(&json!({}))).unwrap();
    Facts { orgs: domain::desired::Orgs::default(), rp_id, order_bar: None, times }
}

fn around() -> Surroundings<'static> {
    Surroundings {
        namespace_allowed: true,
        namespace_ending: false,
        open_orders: 0,
        let_go: 0,
        cluster: None,
        connection_leaves: false,
    }
}

fn folded(policy: &Value, spec: &Value, around: Surroundings<'_>) -> Desired {
    desired(&shipment(spec), &connection(policy), &facts(), around)
}

fn barred(policy: &Value, spec: &Value) -> Option<String> {
    folded(policy, spec, around()).order_bar.map(|failure| {
        assert_eq!(failure.reason, Reason::ForbiddenByConnection);
        failure.message
    })
}

#[test]
fn where_letting_go_is_forbidden_nobody_is_ordered_for_who_asks_for_it_and_a_deletion_cancels() {
    let (forbid, orphan) = (json!({"orphan": "Forbid"}), json!({"deletionPolicy": "Orphan"}));
    assert_eq!(barred(&json!({}), &orphan), None, "as before");
    assert!(barred(&forbid, &orphan).unwrap().contains("policy.orphan"));
    assert_eq!(barred(&forbid, &json!({"deletionPolicy": "Cancel"})), None);
    assert_eq!(folded(&json!({}), &orphan, around()).on_delete, OnDelete::Orphan);
    assert_eq!(folded(&forbid, &orphan, around()).on_delete, OnDelete::Cancel);
    let ending = Surroundings { namespace_ending: true, ..around() };
    assert_eq!(folded(&forbid, &orphan, ending).on_delete, OnDelete::Orphan);
}

#[test]
fn the_connections_own_default_lets_nothing_go_that_its_policy_forbids() {
    let mut connection = connection(&json!({"orphan": "Forbid"}));
    connection.defaults = serde_json::from_value(json!({"deletionPolicy": "Orphan"})).unwrap();
    let folded = desired(&shipment(&json!({})), &connection, &facts(), around());
    assert_eq!(folded.on_delete, OnDelete::Cancel);
    assert_eq!(folded.order_bar, None, "the shipment asks for nothing");
}

#[test]
fn where_only_models_are_admitted_ids_are_refused_even_those_of_a_model() {
    let ids = |customization: &str| json!({"key": {"productId": 29, "inventoryProductId": 106, "customizationId": customization}});
    let models = json!({"keys": "ModelsOnly"});
    for customization in ["RXJN83", "OTHER1"] {
        assert_eq!(barred(&json!({}), &ids(customization)), None);
        assert!(barred(&models, &ids(customization)).unwrap().contains("policy.keys"));
    }
    assert_eq!(barred(&models, &json!({"key": {"model": "m"}})), None);
}

#[test]
fn a_shipment_that_waits_for_its_turn_is_told_of_orders_that_were_let_go() {
    let policy = json!({"maxOpenOrders": 3});
    let blocked = |around| folded(&policy, &json!({}), around).order_bar;
    assert_eq!(blocked(Surroundings { open_orders: 2, let_go: 2, ..around() }), None);
    let full = blocked(Surroundings { open_orders: 3, let_go: 2, ..around() }).unwrap();
    assert_eq!(full.reason, Reason::TooManyOpenOrders);
    assert!(full.message.contains("2 of them were let go"), "{}", full.message);
    let full = blocked(Surroundings { open_orders: 3, ..around() }).unwrap();
    assert!(!full.message.contains("let go"), "{}", full.message);
}
