use serde_json::{Value, json};

use super::*;

fn shipment(name: &str, status: &Value) -> YubiKeyShipment {
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {"name": name, "namespace": "hr", "labels": {"fidoprereg.dev/rollout": "staff"}},
        "spec": {"connectionRef": {"name": "acme"}, "userRef": {"id": format!("00u{name}")}, "key": {"model": "nfc"}},
        "status": status,
    }))
    .unwrap()
}

fn ordered(user: &str, enrollment: &str, order: &str) -> Value {
    json!({
        "observedGeneration": 1, "userId": user, "org": {"okta": "00o1", "yubico": "y1"},
        "enrollment": {
            "attempt": 1, "outcome": "Made", "id": enrollment, "rpIds": ["acme.okta.com"], "keyId": "k1", "createdAt": "2027-01-01T00:00:00Z",
            "mark": {"at": "2027-01-01T00:00:00Z", "oktaTime": "2027-01-01T00:00:00Z"},
        },
        "order": {
            "attempt": 1, "outcome": "Accepted", "mark": "2027-01-01T00:00:01Z", "orderedAt": "2027-01-01T00:00:02Z",
            "shipmentId": order,
        },
    })
}

fn connection(okta: &str, ordering: Option<&str>) -> YubiKeyConnection {
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": "acme"},
        "spec": {
            "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
            "allowedNamespaces": {"from": "All"}, "orderingCluster": ordering,
        },
        "status": {"observedGeneration": 1, "oktaOrganization": okta, "yubicoOrganization": "y1", "cluster": "here"},
    }))
    .unwrap()
}

fn words(found: &[Finding]) -> Vec<&'static str> {
    found.iter().map(|one| one.word).collect()
}

#[test]
fn a_calm_cluster_has_no_contradictions() {
    let all_of = [shipment("a", &ordered("00u1", "e1", "o1")), shipment("b", &ordered("00u2", "e2", "o2"))];
    assert_eq!(all(&all_of, &[], Some(&[connection("00o1", Some("here"))]), &[]), Vec::new());
    assert_eq!(all(&all_of, &[], Some(&[connection("00o1", Some("ThisCluster"))]), &[]), Vec::new());
    assert_eq!(
        all(&all_of, &[], None, &[]),
        Vec::new(),
        "connections that nobody may see contradict nothing"
    );
}

#[test]
fn each_contradiction_is_found_and_says_what_resolves_it() {
    let acme = connection("00o1", None);
    let acme = std::slice::from_ref(&acme);
    let copied = [shipment("a", &ordered("00u1", "e1", "o1")), shipment("b", &ordered("00u2", "e1", "o1"))];
    let one_person =
        [shipment("a", &ordered("00u1", "e1", "o1")), shipment("b", &ordered("00u1", "e2", "o2"))];
    let alone = [shipment("a", &ordered("00u1", "e1", "o1"))];
    let mut broken = ordered("00u1", "e1", "o1");
    broken["enrollment"]["id"] = Value::Null;
    let mut held = ordered("00u1", "e1", "o1");
    held["hold"] = json!({"id": "h-1", "reason": "OrderNotFound", "message": "404 twice.", "since": "2027-01-01T00:00:00Z", "generation": 1, "choices": ["ConfirmCancelled", "AdoptOrder"]});
    let cases = [
        (all(&copied, &[], Some(acme), &[]), vec!["ClaimedTwice", "ClaimedTwice"]),
        (all(&one_person, &[], Some(acme), &[]), vec!["AnotherOrderForUser"]),
        (all(&alone, &[], Some(&[connection("00o2", None)]), &[]), vec!["ConnectionChanged"]),
        (all(&alone, &[], Some(&[]), &[]), vec!["ConnectionNotFound"]),
        (all(&[], &[], Some(&[connection("00o1", Some("there"))]), &[]), vec!["NotOrderingCluster"]),
        (all(&[shipment("a", &broken)], &[], Some(acme), &[]), vec!["StatusUnreadable"]),
        (all(&[shipment("a", &held)], &[], Some(acme), &[]), vec!["OrderNotFound"]),
        (all(&[], &[], None, &["hr/x".to_owned()]), vec!["ObjectUndecodable"]),
    ];
    for (found, expected) in cases {
        assert_eq!(words(&found), expected, "{found:#?}");
        assert!(found.iter().all(|one| one.next.len() > 15), "{found:#?}");
    }
}

#[test]
fn a_ledger_of_another_moment_than_the_shipments_is_noticed() {
    let rollout = |ledger: Value| -> YubiKeyRollout {
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyRollout", "metadata": {"name": "staff", "namespace": "hr"},
            "spec": {"connectionRef": {"name": "acme"}, "source": {"oktaConsole": {}}, "budget": 5},
            "status": {"observedGeneration": 1, "keys": [{"model": "nfc"}], "ledger": ledger},
        }))
        .unwrap()
    };
    let entry = |state: &str| json!({"state": state, "day": "2027-01-01", "key": 0});
    let there = [shipment("1", &ordered("00u1", "e1", "o1"))];
    let of = |ledger: Value| words(&all(&there, &[rollout(ledger)], None, &[]));
    assert_eq!(of(json!({"00u1": entry("Made")})), Vec::<&str>::new());
    assert_eq!(of(json!({"00u1": entry("Made"), "00u2": entry("Made")})), ["ShipmentDeleted"]);
    assert_eq!(of(json!({})), ["LedgerBehind"]);
    assert_eq!(of(json!({"00u1": {"state": "Made", "day": "2027-01-01", "key": 7}})), ["StatusUnreadable"]);
}
