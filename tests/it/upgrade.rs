//! The way from every released schema to the present one: nothing that was stored is lost, refused or touched.

use std::env;

use serde_json::{Value, json};

use crate::support::{
    audit,
    kubectl::Kubectl,
    narrower,
    object::Object,
    plane::{Plane, operator_user},
    released::{Release, present},
    scene::{Scene, own_scene},
    schema::KINDS,
    shipment::Handle,
    until,
};

#[test]
fn no_field_of_a_released_schema_is_gone_or_takes_less() {
    let releases = Release::all();
    assert!(!releases.is_empty());
    for release in releases {
        let mut found = Vec::new();
        for old in release.definitions() {
            let name = &old["metadata"]["name"];
            match present().iter().find(|new| new["metadata"]["name"] == *name) {
                Some(new) => found.extend(narrower::definition(&old, new)),
                None => found.push(format!("{name} is gone")),
            }
        }
        assert_eq!(found, Vec::<String>::new(), "since {}", release.version);
    }
}

/// Changes of a definition: where, to what, and what is to be said; null removes.
const NARROWER: [(&str, &str, &str); 14] = [
    ("/properties/spec/properties/suspend", "null", "YubiKeyShipment.spec.suspend is gone"),
    (
        "/properties/spec/properties/suspend/type",
        "\"string\"",
        "spec.suspend: type was \"boolean\", is \"string\"",
    ),
    ("/properties/spec/properties/key/properties/model/maxLength", "3", "spec.key.model: maxLength was "),
    ("/properties/spec/properties/key/properties/model/minLength", "9", "spec.key.model: minLength was "),
    ("/properties/spec/properties/key/properties/model/pattern", "\"^x\"", "spec.key.model: pattern was "),
    (
        "/properties/spec/properties/deletionPolicy/enum/0",
        "\"Other\"",
        "spec.deletionPolicy: Cancel is not taken any more",
    ),
    (
        "/properties/spec/properties/deletionPolicy/enum",
        "[\"Orphan\"]",
        "spec.deletionPolicy: Cancel is not taken any more",
    ),
    (
        "/properties/spec/properties/connectionRef/default",
        "{\"name\": \"other\"}",
        "spec.connectionRef: default was ",
    ),
    ("/properties/spec/required", "[\"userRef\", \"suspend\"]", "spec.suspend must be there now"),
    (
        "/properties/spec/x-kubernetes-validations",
        "[{\"rule\": \"self.x == 1\"}]",
        "spec: there is a new rule: self.x == 1",
    ),
    (
        "/properties/status/properties/conditions/items/properties/reason",
        "null",
        "status.conditions[].reason is gone",
    ),
    (
        "/properties/status/properties/conditions/x-kubernetes-list-type",
        "\"atomic\"",
        "conditions: x-kubernetes-list-type was \"map\"",
    ),
    (
        "/properties/status/properties/phase/enum",
        "[\"Pending\"]",
        "status.phase: Activated is not taken any more",
    ),
    ("/properties/status/properties/order", "null", "status.order is gone"),
];

/// Sets one place of a version's schema.
fn changed(pointer: &str, value: &str) -> Value {
    let mut definition = shipment_definition();
    let schema = definition.pointer_mut("/spec/versions/0/schema/openAPIV3Schema").unwrap();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = schema.pointer_mut(parent).unwrap_or_else(|| panic!("there is no {pointer}"));
    match (serde_json::from_str(value).unwrap(), parent) {
        (Value::Null, Value::Object(parent)) => drop(parent.remove(member)),
        (value, Value::Array(parent)) => parent[member.parse::<usize>().unwrap()] = value,
        (value, parent) => parent[member] = value,
    }
    definition
}

fn shipment_definition() -> Value {
    present().into_iter().find(|new| new["spec"]["names"]["kind"] == "YubiKeyShipment").unwrap()
}

#[test]
fn what_takes_less_is_told_with_its_field() {
    let old = shipment_definition();
    for (pointer, value, said) in NARROWER {
        let found = narrower::definition(&old, &changed(pointer, value));
        assert!(found.iter().any(|line| line.contains(said)), "{pointer} = {value}: {found:#?}");
    }
    let mut gone = shipment_definition();
    gone["spec"]["versions"][0]["served"] = json!(false);
    assert!(narrower::definition(&old, &gone)[0].contains("not served any more"));
    let mut unselectable = shipment_definition();
    unselectable["spec"]["versions"][0]["selectableFields"] = json!([]);
    assert!(narrower::definition(&old, &unselectable)[0].contains("cannot be selected by"));
}

#[test]
fn what_takes_more_is_nobodys_loss() {
    let old = shipment_definition();
    for (pointer, value) in [
        ("/properties/spec/properties/fresh", r#"{"type": "string"}"#),
        ("/properties/spec/properties/key/properties/model/maxLength", "4096"),
        ("/properties/spec/properties/deletionPolicy/enum", r#"["Cancel", "Orphan", "Revoke", "Wait"]"#),
        ("/properties/spec/required", "[]"),
    ] {
        assert_eq!(narrower::definition(&old, &changed(pointer, value)), Vec::<String>::new(), "{pointer}");
    }
}

/// Applies definitions and waits until they are served.
async fn define(kubectl: &Kubectl, manifests: &str) {
    kubectl.apply(manifests).await.fine();
    let wait = ["wait", "--for=condition=Established", "--timeout=60s", "crd"];
    let names: Vec<_> =
        present().iter().map(|new| new["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    let old: Vec<_> =
        names.iter().filter(|name| manifests.contains(name.as_str())).map(String::as_str).collect();
    let wait = [wait.as_slice(), &old].concat();
    let served = until(async || kubectl.run(&wait).await.ok.then_some(())).await;
    assert!(served.is_some(), "the definitions are not served");
}

fn handle(client: &kube::Client, object: &Value, name: &str) -> Handle {
    let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    match object["kind"].as_str().unwrap() {
        "YubiKeyConnection" => Handle::connection(client, name),
        "YubiKeyDecision" => Handle::decision(client, namespace, name),
        "YubiKeyRollout" => Handle::rollout(client, namespace, name),
        "YubiKeyShipment" => Handle::shipment(client, namespace, name),
        other => panic!("no test knows how to store a {other}"),
    }
}

/// Is everything of `old` in `new`? A newer definition may add defaults, and nothing else happens to what is stored.
fn keeps(at: &str, old: &Value, new: &Value) -> Vec<String> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let none = Value::Null;
            old.iter()
                .flat_map(|(name, value)| {
                    keeps(&format!("{at}.{name}"), value, new.get(name).unwrap_or(&none))
                })
                .collect()
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            old.iter().zip(new).flat_map(|(old, new)| keeps(&format!("{at}[]"), old, new)).collect()
        }
        _ if old == new => Vec::new(),
        _ => vec![format!("{at} was {old}, is {new}")],
    }
}

fn contents(object: &Value) -> Value {
    json!({"spec": object["spec"], "status": object["status"]})
}

/// Declares an object and gives it its status, as the operator did; both must be taken whole.
async fn store(client: &kube::Client, object: &Value, name: &str) -> Handle {
    let handle = handle(client, object, name);
    handle.create(object["kind"].as_str().unwrap(), object["spec"].clone()).await;
    handle.set_status(object["status"].clone()).await;
    let stored = handle.get().await;
    assert_eq!(
        keeps(name, &contents(object), &contents(&stored.0)),
        Vec::<String>::new(),
        "it is stored whole"
    );
    handle
}

#[tokio::test]
async fn objects_of_every_release_are_kept_and_still_taken_by_the_present_definitions() {
    for release in Release::all() {
        let plane = Plane::bare(&format!("release-{}", release.version)).await;
        let client = plane.client().await;
        define(&plane.kubectl(), &release.manifests()).await;
        let objects = release.objects();
        for namespace in namespaces(&objects) {
            plane.kubectl().run(&["create", "namespace", &namespace]).await.fine();
        }
        let mut stored = Vec::new();
        for object in &objects {
            let name = object["metadata"]["name"].as_str().unwrap();
            stored.push((object, store(&client, object, name).await));
        }
        let before = versions(&stored).await;
        plane.install_definitions().await;
        assert_eq!(versions(&stored).await, before, "new definitions write nothing");
        for (object, handle) in &stored {
            let now = handle.get().await;
            let lost = keeps(&handle.name, &contents(object), &contents(&now.0));
            assert_eq!(lost, Vec::<String>::new(), "{} of {}", object["kind"], release.version);
            // All of it is new to the API server, so that all of it is judged by the present rules.
            store(&client, object, &format!("{}-again", handle.name)).await;
            handle.patch(json!({"metadata": {"labels": {"checked": "yes"}}})).await;
        }
        for (_, plural) in KINDS {
            let crd = format!("{plural}.fidoprereg.dev");
            let path = "jsonpath={.status.storedVersions}";
            let kept = plane.kubectl().run(&["get", "crd", &crd, "-o", path]).await.fine();
            assert_eq!(kept, r#"["v1alpha1"]"#, "{crd}");
        }
    }
}

fn namespaces(objects: &[Value]) -> Vec<String> {
    let all = objects.iter().filter_map(|object| object.pointer("/metadata/namespace"));
    let mut all: Vec<_> = all.filter_map(Value::as_str).map(str::to_owned).collect();
    all.sort();
    all.dedup();
    all
}

async fn versions(stored: &[(&Value, Handle)]) -> Vec<String> {
    let mut all = Vec::new();
    for (_, handle) in stored {
        all.push(handle.get().await.text("/metadata/resourceVersion").to_owned());
    }
    all
}

/// Shipments at rest in several phases, the last one on its way.
async fn along_the_road(scene: &Scene) -> Vec<Handle> {
    let mut all = Vec::new();
    for (name, more) in [
        ("held", json!({})),
        ("ordered", json!({})),
        ("approved", json!({"activation": {"after": "Approval"}})),
        ("activated", json!({})),
        ("failed", json!({})),
    ] {
        let login = scene.person(name, "ACTIVE").await;
        if name == "held" {
            scene.sandbox.change_person(&login, json!({"profile": {"city": null}})).await;
        }
        let shipment = scene.ship_with(name, &login, more).await;
        move_to(scene, name, &shipment).await;
        all.push(shipment);
    }
    all
}

async fn move_to(scene: &Scene, name: &str, shipment: &Handle) {
    if name == "held" {
        shipment.until_reason("InvalidRecipient").await;
        return;
    }
    let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
    let (state, reason) = match name {
        "approved" => (104, "AwaitingApproval"),
        "activated" => (104, "Activated"),
        "failed" => (99, "OrderFailed"),
        _ => return,
    };
    scene.sandbox.set_state(&order, state).await;
    shipment.look_now().await;
    shipment.until_reason(reason).await;
    if name == "approved" {
        scene.answer(shipment, "ApproveActivation", json!({})).await;
        shipment.until_reason("Activated").await;
    }
}

/// People of the rollout: one has a key, one's order is on its way, one's shipment was deleted by hand, one waits.
const CREW: [&str; 4] = ["has", "waits-for-parcel", "deleted", "next"];

/// A rollout at rest, with an entry of each kind in its ledger, and its shipments.
async fn rolled(scene: &Scene) -> (Handle, Vec<Handle>) {
    let mut list = Vec::new();
    for name in CREW {
        list.push(json!({"id": scene.sandbox.person(&scene.login(name), "ACTIVE").await}));
    }
    let users = json!({"users": {"list": list, "interval": "24h"}});
    let rollout = scene.roll("crew", users, json!({"waves": [{"count": 3}, {"percent": 100}]})).await;
    rollout.until("three are served", |object| object.tally("served") == 3).await;
    let mut shipments = Vec::new();
    for (name, person) in CREW.iter().zip(&list).take(3) {
        let found = crate::support::until(async || {
            let all = scene.shipments().await;
            all.into_iter().find(|object| object.0["spec"]["userRef"]["id"] == person["id"])
        });
        let object = found.await.expect("each has a shipment");
        let shipment = Handle::shipment(&scene.client, &scene.name, object.text("/metadata/name"));
        let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
        match *name {
            "has" => {
                scene.sandbox.set_state(&order, 104).await;
                shipment.look_now().await;
                shipment.until_reason("Activated").await;
                shipments.push(shipment);
            }
            "deleted" => {
                shipment.delete().await;
                shipment.until_gone().await;
            }
            _ => shipments.push(shipment),
        }
    }
    rollout
        .until("its ledger tells of all", |object| {
            (object.tally("activated"), object.tally("served")) == (1, 3)
                && object.ledger(list[2]["id"].as_str().unwrap()) == "Deleted"
                && object.reason() == "ShipmentDeleted"
                && object.0["status"]["counts"]["byPhase"] == json!({"Activated": 1, "Ordered": 1})
        })
        .await;
    (rollout, shipments)
}

/// The ledger is what it was: who was served is served no second time, and a new name is.
async fn goes_on(scene: &Scene, rollout: &Handle, ledger: &Value) {
    let orders = scene.sandbox.orders().await.len();
    let looked = {
        rollout.look_now().await;
        rollout.get().await
    };
    assert_eq!(looked.0["status"]["ledger"], *ledger, "nothing of it is lost");
    let hold = looked.hold("ShipmentDeleted");
    let answer = scene.proceed(rollout, &hold, json!({})).await;
    scene.accepted_by_rollout(&answer).await;
    let asked = rollout.until("the next wave is asked for", |o| !o.hold("AwaitingApproval").is_empty()).await;
    let answer = scene.proceed(rollout, &asked.hold("AwaitingApproval"), json!({})).await;
    scene.accepted_by_rollout(&answer).await;
    let served = rollout.until("the next one is served", |object| object.tally("served") == 4).await;
    served.adds_up();
    for (id, entry) in ledger.as_object().unwrap() {
        assert_eq!(served.0["status"]["ledger"][id]["times"], entry["times"], "nobody is begun again");
    }
    let ordered =
        crate::support::until(async || (scene.sandbox.orders().await.len() == orders + 1).then_some(()));
    assert!(ordered.await.is_some(), "one key more, for whom nobody had served");
}

/// What a release leaves for later tests: run once with this variable before a tag is made.
async fn record(scene: &Scene, handles: &[Handle]) {
    let Ok(version) = env::var("RECORD_RELEASE") else { return };
    let decision = Handle::decision(&scene.client, &scene.name, "answer-0");
    let mut objects = vec![scene.connection().get().await];
    for handle in handles.iter().chain([&decision]) {
        objects.push(handle.get().await);
    }
    let whole = |object: &Object| {
        let keep = |pointer: &str| object.0.pointer(pointer).cloned().unwrap_or(Value::Null);
        let mut kept = json!({
            "apiVersion": object.0["apiVersion"], "kind": object.0["kind"],
            "metadata": {"name": keep("/metadata/name"), "namespace": keep("/metadata/namespace")},
            "spec": object.0["spec"], "status": object.0["status"],
        });
        if kept["metadata"]["namespace"].is_null() {
            kept["metadata"].as_object_mut().unwrap().remove("namespace");
        }
        kept
    };
    let objects: Vec<_> = objects.iter().map(whole).collect();
    // The run's own name is nobody's business later.
    let text = serde_json::to_string_pretty(&objects).unwrap().replace(&scene.name, "released");
    Release::named(&version).record(&text);
}

/// Requests of the operator that write to one of these.
fn writes(log: &[audit::Request], resting: &[Handle]) -> Vec<String> {
    let ours = log.iter().filter(|request| request.user() == operator_user() && request.is_write());
    ours.filter(|request| resting.iter().any(|object| object.name == request.name()))
        .map(|request| format!("{} {} {}", request.verb(), request.resource(), request.name()))
        .collect()
}

#[tokio::test]
async fn the_operator_goes_on_after_an_upgrade_and_writes_nothing_about_what_rests() {
    // Looks happen on request only.
    own_scene("upgrade")
        .connection(json!({"polling": {"firstAfter": "1h", "interval": "1h"}}))
        .play(async |scene| {
            let shipments = along_the_road(scene).await;
            let (rollout, of_rollout) = rolled(scene).await;
            let ledger = rollout.get().await.0["status"]["ledger"].clone();
            assert_eq!(ledger.as_object().map(serde_json::Map::len), Some(3));
            let resting = [&shipments[..], &of_rollout, std::slice::from_ref(&rollout)].concat();
            record(scene, &resting).await;
            for release in Release::all() {
                upgrade_from(scene, &release, &resting).await;
            }
            goes_on(scene, &rollout, &ledger).await;
            let ordered = &shipments[1];
            let order = ordered.get().await.text("/status/order/shipmentId").to_owned();
            scene.sandbox.set_state(&order, 104).await;
            ordered.look_now().await;
            ordered.until_reason("Activated").await;
        })
        .await;
}

/// The definitions of a release, under which everything is stored anew; then those of this tree, and the operator. A
/// release that had no rollouts leaves those of this tree as they are, as `helm` does.
async fn upgrade_from(scene: &Scene, release: &Release, resting: &[Handle]) {
    scene.rest_operator();
    define(&scene.kubectl(), &release.manifests()).await;
    let mut before = Vec::new();
    for object in resting {
        object.patch(json!({"metadata": {"annotations": {"stored-under": release.version}}})).await;
        before.push(object.get().await);
    }
    scene.plane().install_definitions().await;
    let log = scene.plane().audit_log.clone().unwrap();
    let asked = audit::read(&log).len();
    scene.start_operator().await;
    // One that is declared now and ordered shows that everything was looked through.
    let marker = format!("since-{}", release.version.replace('.', "-"));
    let login = scene.person(&marker, "ACTIVE").await;
    scene.ship(&marker, &login).await.until_ordered().await;
    // And one of a rollout, that all rollouts were.
    let other =
        json!({"users": {"list": [{"login": scene.person(&format!("{marker}-rolled"), "ACTIVE").await}]}});
    let after = scene.roll(&format!("{marker}-rollout"), other, json!({})).await;
    after.until("it serves", |object| object.tally("served") == 1).await;
    let touched = writes(&audit::read(&log).split_off(asked), resting);
    assert_eq!(touched, Vec::<String>::new(), "after an upgrade from {}", release.version);
    for (object, before) in resting.iter().zip(before) {
        assert_eq!(contents(&before.0), contents(&object.get().await.0), "{}", object.name);
    }
}
