use kube::api::{ObjectList, WatchEvent};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::kubernetes::index::IndexKey;

fn shipment(name: &str) -> Value {
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {
            "name": name, "namespace": "onboarding", "uid": format!("uid-{name}"), "resourceVersion": "7",
            "labels": {"team": "a", ROLLOUT_LABEL: "staff"}, "annotations": {"note": "x", REQUESTED_AT: "now"},
            "managedFields": [{"manager": "kubectl"}],
        },
        "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": "Kim@Example.com"}, "key": {"model": "m"}},
        "status": {"phase": "Ordered", "userId": "00u1", "conditions": []},
    })
}

fn at(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"))[member] = value;
    object
}

fn undecodable<K: Watched + DeserializeOwned + std::fmt::Debug>(object: Value) -> Arc<Undecodable> {
    Decoded::<K>::read(object).0.unwrap_err()
}

fn why(object: Value) -> String {
    undecodable::<YubiKeyShipment>(object).why.clone()
}

#[test]
fn one_object_of_a_newer_version_does_not_spoil_a_page_or_a_watch() {
    let newer = at(shipment("newer"), "/status/phase", json!("Teleported"));
    let page = json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipmentList", "metadata": {"resourceVersion": "9"},
        "items": [shipment("a"), newer, shipment("b")],
    });
    let page: ObjectList<Decoded<YubiKeyShipment>> = serde_json::from_str(&page.to_string()).unwrap();
    let names: Vec<_> =
        page.items.iter().map(|one| (one.meta().name.as_deref().unwrap(), one.0.is_ok())).collect();
    assert_eq!(names, [("a", true), ("newer", false), ("b", true)]);
    for (kind, order) in [("ADDED", false), ("MODIFIED", false), ("DELETED", false), ("DELETED", true)] {
        // Whichever comes first in the text.
        let text = if order {
            format!("{{\"object\": {newer}, \"type\": \"{kind}\"}}")
        } else {
            format!("{{\"type\": \"{kind}\", \"object\": {newer}}}")
        };
        let event: WatchEvent<Decoded<YubiKeyShipment>> = serde_json::from_str(&text).unwrap();
        let (WatchEvent::Added(one) | WatchEvent::Modified(one) | WatchEvent::Deleted(one)) = event else {
            panic!("{event:?}");
        };
        assert_eq!(one.0.unwrap_err().name(), "newer");
    }
}

#[test]
fn the_field_is_named_and_no_value_but_that_of_a_closed_list() {
    for (pointer, value, said) in [
        (
            "/status/phase",
            json!("Teleported"),
            "status.phase has the value Teleported, which this version does not know",
        ),
        (
            "/spec/delivery",
            json!("Drone"),
            "spec.delivery has the value Drone, which this version does not know",
        ),
        ("/spec/activation", json!({"after": "Moon"}), "spec.activation.after has the value Moon, which"),
        (
            "/spec/userRef",
            json!({"login": {"name": "Ann Lee"}}),
            "spec.userRef.login has a form that this version does not know",
        ),
        ("/status/enrollment", json!({"attempt": 1}), "status.enrollment lacks the field "),
        (
            "/status/order",
            json!({"attempt": 1, "mark": "2027-01-01T00:00:00.000000Z", "outcome": "Lent"}),
            "status.order.outcome has the value Lent",
        ),
        ("/status/decisions", json!([{"name": "x"}]), "status.decisions[] lacks the field "),
        ("/status", json!("none"), "status has a form"),
        ("/spec", json!(null), "spec has a form"),
    ] {
        let told = why(at(shipment("a"), pointer, value));
        assert!(told.starts_with(said), "{pointer}: {told}");
        assert!(!told.contains("Ann Lee"), "{told}");
    }
    let rollout = json!({"metadata": {"name": "r"}, "spec": {"connectionRef": {"name": "a"}, "source": {"oktaConsole": {}}}});
    assert_eq!(undecodable::<YubiKeyRollout>(rollout).why, "spec lacks the field budget");
}

#[test]
fn of_an_object_that_is_understood_the_cache_keeps_what_passes_read() {
    let decoded = Decoded::<YubiKeyShipment>::read(shipment("a")).0.unwrap();
    assert_eq!(decoded.metadata.managed_fields, None);
    assert_eq!(decoded.metadata.annotations.unwrap().len(), 1);
    assert_eq!(decoded.metadata.labels.unwrap().len(), 1);
    let people: Vec<_> = (0..5000).map(|n| json!({"login": format!("kim{n}@example.com")})).collect();
    let rollout = json!({
        "metadata": {"name": "r"}, "spec": {"connectionRef": {"name": "a"}, "budget": 1,
        "source": {"users": {"list": people}}},
    });
    let rollout = Decoded::<YubiKeyRollout>::read(rollout).0.unwrap();
    let list = rollout.spec.source.users.unwrap().list.unwrap();
    assert_eq!((list.len(), list.capacity()), (0, 0), "the list of people is read live");
}

#[test]
fn what_an_undecodable_shipment_may_have_done_is_told() {
    let newer = |status: Value| {
        let object = at(at(shipment("a"), "/spec/delivery", json!("Drone")), "/status", status);
        undecodable::<YubiKeyShipment>(object).traces.clone()
    };
    let quiet = newer(json!({"userId": "00u1", "conditions": []}));
    assert!(!quiet.open && !quiet.finished);
    for key in [
        IndexKey::Connection("acme".to_owned()),
        IndexKey::Person("00u1".to_owned()),
        IndexKey::login("kim@example.com"),
        IndexKey::Rollout { namespace: "onboarding".to_owned(), rollout: "staff".to_owned() },
    ] {
        assert!(quiet.index_keys.contains(&key), "{key:?} of {:?}", quiet.index_keys);
    }
    for open in [
        json!({"enrollment": {"outcome": "Open"}}),
        json!({"enrollment": {"outcome": "Made"}}),
        json!({"enrollment": {"outcome": "Lent"}}),
        json!({"enrollment": {}}),
        json!({"enrollment": "elsewhere"}),
        json!({"enrollment": {"outcome": "Refused"}, "order": {"outcome": "Lent"}}),
        json!({"order": {"outcome": "Accepted", "shipmentId": "S1"}}),
        json!("elsewhere"),
    ] {
        let traces = newer(open.clone());
        assert!(traces.open && !traces.finished, "{open}: {traces:?}");
        assert!(
            traces.index_keys.iter().any(|key| matches!(key, IndexKey::Open { .. })),
            "it counts among the open orders"
        );
    }
    for (over, finished) in [
        (json!({"enrollment": {"outcome": "Refused"}}), false),
        (json!({"enrollment": {"outcome": "Made"}, "order": {"outcome": "Cancelled"}}), true),
        (json!({"enrollment": {"outcome": "Discarded"}, "order": {"outcome": "Accepted"}}), true),
        (
            json!({"enrollment": {"outcome": "Lent"}, "times": {"pinSent": "2027-01-01T00:00:00.000000Z"}}),
            true,
        ),
    ] {
        let traces = newer(over.clone());
        assert_eq!((traces.open, traces.finished), (false, finished), "{over}");
    }
    let order = newer(json!({"order": {"outcome": "Accepted", "shipmentId": "S1"}}));
    assert!(order.index_keys.contains(&IndexKey::Order("S1".to_owned())));
}

#[test]
fn an_undecodable_rollout_may_be_about_to_make_a_shipment() {
    let rollout = json!({
        "metadata": {"name": "r"},
        "spec": {"connectionRef": {"name": "a"}, "budget": 1, "source": {"oktaConsole": {}}, "mode": "Lend"},
        "status": {"ledger": {
            "00u1": {"state": "Begun", "day": "2027-01-01", "key": 0},
            "00u2": {"state": "Made", "day": "2027-01-01", "key": 0},
            "00u3": {"state": "Lent", "day": "2027-01-01", "key": 0},
            "00u4": {},
        }},
    });
    let begun = undecodable::<YubiKeyRollout>(rollout).traces.begun.clone();
    assert_eq!(begun.into_iter().collect::<Vec<_>>(), ["00u1", "00u3", "00u4"]);
}

/// Where a value may stand that this version has never seen.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| {
                pointers(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all);
            });
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| pointers(value, &format!("{at}/{n}"), all));
        }
        _ => {}
    }
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        "\\PC{0,6}".prop_map(|key| json!({key: {"outcome": [1, {}]}})),
    ]
}

proptest! {
    /// Whatever stands anywhere in an object: it is decoded, or it is known by its name and said in one sentence.
    #[test]
    fn nothing_makes_an_object_fail_its_list(place in any::<prop::sample::Index>(), value in anything()) {
        let mut object = shipment("a");
        object["status"]["enrollment"] = json!({"attempt": 1, "outcome": "Made", "id": "fpr1"});
        object["status"]["order"] = json!({"attempt": 1, "outcome": "Open"});
        let mut all = Vec::new();
        pointers(&object, "", &mut all);
        // The API server itself keeps apiVersion, kind and metadata in form.
        all.retain(|pointer| pointer.starts_with("/spec") || pointer.starts_with("/status"));
        let pointer: &String = place.get(&all);
        *object.pointer_mut(pointer).unwrap() = value;
        let text = object.to_string();
        let decoded: Decoded<YubiKeyShipment> = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(decoded.meta().name.as_deref(), Some("a"));
        prop_assert_eq!(decoded.0.is_ok(), serde_json::from_str::<YubiKeyShipment>(&text).is_ok());
        if let Err(undecodable) = decoded.0 {
            let why = &undecodable.why;
            prop_assert!(why.starts_with("spec") || why.starts_with("status"), "{}", why);
        }
    }
}
