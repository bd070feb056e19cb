use kube::runtime::{reflector, watcher};
use prometheus_client::{encoding::text::encode, registry::Registry};
use serde_json::{Value, json};

use super::*;
use crate::kubernetes::decode::Watched;
use api::shipment::YubiKeyShipment;

fn stored<K>(objects: Vec<Value>) -> Store<K::Kept>
where
    K: Watched + serde::de::DeserializeOwned + 'static,
{
    let (store, mut writer) = reflector::store();
    writer.apply_watcher_event(&watcher::Event::Init);
    for object in objects {
        let object: K = serde_json::from_value(object).unwrap();
        writer.apply_watcher_event(&watcher::Event::InitApply(object.keep()));
    }
    writer.apply_watcher_event(&watcher::Event::InitDone);
    store
}

fn shipment(name: &str, connection: &str, status: &Value) -> Value {
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {"name": name, "namespace": "people"},
        "spec": {"connectionRef": {"name": connection}, "userRef": {"login": format!("{name}@example.com")},
            "key": {"model": "m"}},
        "status": status,
    })
}

fn connection(name: &str, ready: &str) -> Value {
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": name},
        "spec": {"okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
            "allowedNamespaces": {"from": "All"}},
        "status": {"conditions": [condition("Ready", ready, "Any", "2026-01-01T00:00:00Z")]},
    })
}

fn condition(kind: &str, status: &str, reason: &str, since: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": "", "lastTransitionTime": since})
}

fn held(reason: &str, since: &str) -> Value {
    json!({
        "phase": "Held", "conditions": [condition("Stalled", "True", reason, "2026-03-01T00:00:00Z")],
        "hold": {"id": "order-1-aaaaaa", "reason": reason, "message": "", "since": since, "generation": 1},
    })
}

fn whole(shipments: Store<KeptShipment>, connections: Vec<Value>) -> ObjectCollector {
    ObjectCollector {
        shipments: vec![shipments],
        rollouts: vec![stored::<YubiKeyRollout>(vec![])],
        connections: stored::<YubiKeyConnection>(connections),
        answered: futures::future::ready(()).boxed().shared(),
        undecodables: Undecodables::new().0,
        known: Arc::default(),
        leadership: Leadership::always(),
    }
}

fn census(shipments: Store<KeptShipment>, connections: Vec<Value>) -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(whole(shipments, connections)));
    registry
}

fn text(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).unwrap();
    text
}

fn read(shipments: Vec<Value>, connections: Vec<Value>) -> String {
    text(&census(stored::<YubiKeyShipment>(shipments), connections))
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|l| l == line), "{line} in:\n{text}");
}

#[test]
fn shipments_are_counted_by_connection_and_phase_with_every_phase_always() {
    let text = read(
        vec![
            shipment("new", "a", &Value::Null),
            shipment("one", "a", &json!({"phase": "Ordered"})),
            shipment("two", "a", &json!({"phase": "Ordered"})),
            shipment("lost", "made-up-1", &json!({"phase": "Pending"})),
            shipment("lost-too", "made-up-2", &json!({"phase": "Pending"})),
        ],
        vec![connection("a", "True"), connection("b", "False")],
    );
    has(&text, r#"shipments{connection="a",phase="Ordered"} 2"#);
    has(&text, r#"shipments{connection="a",phase="Pending"} 1"#);
    has(&text, r#"shipments{connection="",phase="Pending"} 2"#);
    has(&text, r#"connection_ready{connection="a"} 1"#);
    has(&text, r#"connection_ready{connection="b"} 0"#);
    has(&text, r#"oldest_hold_age_seconds{connection="b"} 0"#);
    has(&text, "leader 1");
    let series = text.lines().filter(|line| line.starts_with("shipments{")).count();
    assert_eq!(series, 3 * Phase::ALL.len(), "{text}");
    assert!(!text.contains("made-up") && !text.contains("example.com"), "{text}");
}

#[test]
fn a_hold_is_counted_with_its_reason_and_age_and_what_is_over_is_none() {
    let planned = json!({"phase": "Delivered", "hold": {"id": "activate-1-bbbbbb", "reason": "AwaitingApproval",
        "message": "", "since": "2026-02-01T00:00:00Z", "generation": 1}});
    let mut cancelled = held("OrderCancelled", "2020-01-01T00:00:00Z");
    cancelled["phase"] = json!("Cancelled");
    let mut unreadable = held("ExistingKey", "2026-01-01T00:00:00Z");
    unreadable["conditions"][0]["reason"] = json!("StatusUnreadable");
    let text = read(
        vec![
            shipment("one", "a", &held("ExistingKey", "2026-02-03T00:00:00Z")),
            shipment("two", "a", &held("ExistingKey", "2026-02-02T00:00:00Z")),
            shipment("three", "a", &planned),
            shipment("four", "a", &cancelled),
            shipment("five", "a", &unreadable),
            shipment("six", "a", &held("OfAnotherVersion", "2026-02-02T00:00:00Z")),
        ],
        vec![connection("a", "True")],
    );
    has(&text, r#"holds{connection="a",reason="ExistingKey"} 2"#);
    has(&text, r#"holds{connection="a",reason="AwaitingApproval"} 1"#);
    has(&text, r#"holds{connection="a",reason="StatusUnreadable"} 1"#);
    has(&text, r#"holds{connection="a",reason="Other"} 1"#);
    assert!(!text.contains("OrderCancelled"), "{text}");
    let since: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
    let age = text.lines().find(|line| line.starts_with(r#"oldest_hold_age_seconds{connection="a"}"#));
    let age: i64 = age.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!((clock::now().duration_since(since).as_secs() - age).abs() < 60, "{age}");
}

#[test]
fn rollouts_are_counted_by_how_they_stand_with_every_stand_always() {
    let rollout = |name: &str, conditions: Value| {
        json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyRollout",
            "metadata": {"name": name, "namespace": "people"},
            "spec": {"connectionRef": {"name": "a"}, "source": {"oktaConsole": {}}, "budget": 1},
            "status": {"conditions": conditions},
        })
    };
    let is = |kind, status| condition(kind, status, "Any", "2026-01-01T00:00:00Z");
    let rollouts = vec![
        rollout("new", json!([])),
        rollout("asks", json!([is("Ready", "False"), is("Stalled", "True")])),
        rollout("also", json!([is("Ready", "False"), is("Stalled", "True")])),
        rollout("fine", json!([is("Ready", "True")])),
    ];
    let mut registry = Registry::default();
    registry.register_collector(Box::new(ObjectCollector {
        rollouts: vec![stored::<YubiKeyRollout>(rollouts), reflector::store().0],
        ..whole(stored::<YubiKeyShipment>(vec![]), vec![])
    }));
    let text = text(&registry);
    has(&text, r#"rollouts{state="Stalled"} 2"#);
    has(&text, r#"rollouts{state="Ready"} 1"#);
    has(&text, r#"rollouts{state="Reconciling"} 1"#);
}

/// The time is for a reader's eye: `cargo test --release --lib -- a_crowd --nocapture`.
#[test]
fn a_crowd_makes_no_more_series_than_a_few() {
    let series = [10, 10_000].map(|count| {
        let statuses = [json!({"phase": "Ordered"}), held("OutOfStock", "2026-02-01T00:00:00Z")];
        let shipments = (0..count).map(|n| shipment(&format!("s{n}"), "a", &statuses[n % statuses.len()]));
        let registry = census(stored::<YubiKeyShipment>(shipments.collect()), vec![connection("a", "True")]);
        let started = std::time::Instant::now();
        let text = text(&registry);
        println!("{count} shipments, half of them held: {:?}", started.elapsed());
        text.lines().filter(|line| !line.starts_with('#')).count()
    });
    assert_eq!(series[0], series[1]);
}

#[test]
fn nothing_is_counted_before_everything_is_listed() {
    let (shipments, _writer) = reflector::store();
    let text = text(&census(shipments, vec![connection("a", "True")]));
    assert!(text.contains("leader 1") && !text.contains("shipments"), "{text}");
}
