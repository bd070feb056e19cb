//! Definitions of a newer version admit values that this operator does not know. An object that holds one is said and
//! left alone; all others go on, also after a restart.

use serde_json::{Value, json};

use crate::support::{
    kubectl::Kubectl,
    now,
    scene::{Scene, own_scene},
    schema::KINDS,
    scrape::Scrape,
    shipment::Handle,
    until,
};

/// A value that only the next version knows.
const NEWER: &str = "OfTheNextVersion";

/// The served definitions, with one value more in every closed list.
async fn define_the_next_version(kubectl: &Kubectl) {
    for (_, plural) in KINDS {
        let name = format!("{plural}.fidoprereg.dev");
        let text = kubectl.run(&["get", "crd", &name, "-o", "json"]).await.fine();
        let mut definition: Value = serde_json::from_str(&text).unwrap();
        assert!(widen(&mut definition["spec"]["versions"]) > 0, "{name} has closed lists");
        definition["metadata"].as_object_mut().unwrap().remove("managedFields");
        kubectl.with_input(&["replace", "-f", "-"], &definition.to_string()).await.fine();
    }
}

fn widen(schema: &mut Value) -> usize {
    match schema {
        Value::Object(members) => {
            let mut widened = 0;
            let values = members.get_mut("enum").and_then(Value::as_array_mut);
            if let Some(values) = values.filter(|values| values.iter().all(Value::is_string)) {
                values.push(json!(NEWER));
                widened += 1;
            }
            widened + members.values_mut().map(widen).sum::<usize>()
        }
        Value::Array(items) => items.iter_mut().map(widen).sum(),
        _ => 0,
    }
}

/// Takes a change as soon as the API server has heard of the definition.
async fn becomes(handle: &Handle, change: Value) {
    let taken = until(async || handle.try_patch(change.clone()).await.ok()).await;
    assert!(taken.is_some(), "{}: {change} is not taken", handle.name);
}

async fn gets_phase(scene: &Scene, shipment: &Handle, phase: &str) {
    let change = json!({"status": {"phase": phase}}).to_string();
    let patch =
        ["patch", "yks", &shipment.name, "-n", &scene.name, "--subresource", "status", "--type", "merge"];
    let patch = [patch.as_slice(), &["-p", &change]].concat();
    let taken = until(async || scene.kubectl().run(&patch).await.ok.then_some(())).await;
    assert!(taken.is_some(), "{}: the phase {phase} is not taken", shipment.name);
}

async fn counted(scene: &Scene, kind: &str, count: f64) {
    let met = until(async || {
        let address = scene.operator().as_ref().unwrap().address.clone();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(format!("http://{address}/metrics")).send().await.ok()?;
        let value =
            Scrape::of(&answer.text().await.ok()?).value("undecodable_objects", &[&format!("kind={kind}")]);
        (value == Some(count)).then_some(())
    });
    assert!(met.await.is_some(), "{kind}: the metric does not become {count}");
}

/// Somebody who is declared now is served.
async fn others_go_on(scene: &Scene, name: &str) {
    let login = scene.person(name, "ACTIVE").await;
    scene.ship(name, &login).await.until_ordered().await;
}

async fn restart(scene: &Scene) {
    scene.rest_operator();
    // It waits until `/readyz` is good.
    scene.start_operator().await;
}

#[tokio::test]
async fn a_shipment_of_a_newer_version_is_left_alone_and_all_others_go_on() {
    own_scene("undecodable")
        .play(async |scene| {
            let login = scene.person("ann", "ACTIVE").await;
            let newer = scene.ship("ann", &login).await;
            let order = newer.until_ordered().await.text("/status/order/shipmentId").to_owned();
            define_the_next_version(&scene.kubectl()).await;
            gets_phase(scene, &newer, NEWER).await;
            let told = newer.until("it says so", |object| object.reason() == "ObjectUndecodable").await;
            assert!(told.message().contains("status.phase has the value"), "{}", told.message());
            assert_eq!((told.is("Stalled"), told.phase()), ("True", NEWER), "nothing else is touched");
            counted(scene, "YubiKeyShipment", 1.0).await;
            let said = until(async || {
                let events = scene.events(&scene.name, "ann").await;
                events.iter().any(|(reason, _)| reason == "ObjectUndecodable").then_some(())
            });
            assert!(said.await.is_some(), "an Event says so");
            let log = scene.operator().as_ref().unwrap().said();
            let line = log.lines().find(|line| line.contains("cannot be decoded"));
            let line = line.expect("the log says so");
            for word in ["YubiKeyShipment", scene.name.as_str(), "ann", "status.phase"] {
                assert!(line.contains(word), "{word} in {line}");
            }
            others_go_on(scene, "ben").await;

            restart(scene).await;
            others_go_on(scene, "cleo").await;
            counted(scene, "YubiKeyShipment", 1.0).await;
            scene.sandbox.set_state(&order, 104).await;
            newer.patch(json!({"metadata": {"annotations": {"fidoprereg.dev/requestedAt": "now"}}})).await;
            others_go_on(scene, "dan").await;
            assert_eq!(newer.get().await.phase(), NEWER, "nothing is done about it");

            // An operator that knows it has written another value: it is followed again.
            gets_phase(scene, &newer, "Ordered").await;
            newer.until_reason("Activated").await;
            counted(scene, "YubiKeyShipment", 0.0).await;

            // One that goes is not counted for ever.
            gets_phase(scene, &newer, NEWER).await;
            counted(scene, "YubiKeyShipment", 1.0).await;
            newer.tear_away().await;
            counted(scene, "YubiKeyShipment", 0.0).await;
        })
        .await;
}

#[tokio::test]
async fn a_person_with_a_shipment_of_a_newer_version_gets_no_second_key() {
    own_scene("undecodable-rival")
        .play(async |scene| {
            define_the_next_version(&scene.kubectl()).await;
            let login = scene.person("eve", "ACTIVE").await;
            let newer = scene.ship("eve", &login).await;
            newer.until_ordered().await;
            becomes(&newer, json!({"spec": {"deletionPolicy": NEWER}})).await;
            counted(scene, "YubiKeyShipment", 1.0).await;
            for turn in 0..2 {
                let second = scene.ship(&format!("eve-{turn}"), &login.to_uppercase()).await;
                let held = second.until_reason("AnotherOrderForUser").await;
                assert!(held.message().contains("/eve"), "{}", held.message());
                others_go_on(scene, &format!("fay-{turn}")).await;
                restart(scene).await;
            }
            let orders = scene.sandbox.orders().await;
            assert_eq!(orders.len(), 3, "one for eve, and two others");

            // One that has begun nothing bars as one that can be decoded would: as long as it is there.
            let login = scene.person("gus", "ACTIVE").await;
            let first = scene.ship_with("gus", &login, json!({"deletionPolicy": NEWER})).await;
            counted(scene, "YubiKeyShipment", 2.0).await;
            // Of two that are made within one second the uid decides.
            let made: jiff::Timestamp =
                first.get().await.text("/metadata/creationTimestamp").parse().unwrap();
            let later = until(async || (now().as_second() > made.as_second()).then_some(())).await;
            assert!(later.is_some(), "a second has passed");
            let second = scene.ship("gus-again", &login).await;
            second.until_reason("AnotherOrderForUser").await;
            first.tear_away().await;
            second.until_ordered().await;
        })
        .await;
}

/// The rollout neither misses it nor makes it again.
async fn one_of_its_shipments_is_newer(scene: &Scene, rollout: &Handle) {
    let label = rollout.name.as_str();
    let made = scene.shipments().await.into_iter();
    let made = made.filter(|one| one.0["metadata"]["labels"]["fidoprereg.dev/rollout"] == label);
    let name = made.map(|one| one.text("/metadata/name").to_owned()).next().unwrap();
    let shipment = Handle::shipment(&scene.client, &scene.name, &name);
    shipment.until_ordered().await;
    becomes(&shipment, json!({"spec": {"deletionPolicy": NEWER}})).await;
    counted(scene, "YubiKeyShipment", 1.0).await;
    let told = rollout.until("it is held", |object| object.tally("held") == 1).await;
    assert_eq!(told.tally("inFlight"), 1);
}

#[tokio::test]
async fn connections_decisions_and_rollouts_of_a_newer_version_do_nothing_and_stop_nobody() {
    own_scene("undecodable-kinds")
        .play(async |scene| {
            define_the_next_version(&scene.kubectl()).await;
            let other = format!("{}-other", scene.name);
            let _mount = scene.mount_for(&other, &scene.sandbox.credentials("default"));
            let connection = scene.connect(&other, scene.connection_spec()).await;
            connection.until("it can be used", |object| object.is("Ready") == "True").await;
            becomes(&connection, json!({"spec": {"yubico": {"cancelBy": NEWER}}})).await;
            connection.until("it says so", |object| object.reason() == "ObjectUndecodable").await;

            let me = scene.whoami().await;
            let decision = Handle::decision(&scene.client, &scene.name, "newer");
            let spec = json!({
                "shipmentRef": {"name": "nobody"}, "holdID": "order-1-aaaa", "action": NEWER, "requestedBy": me,
            });
            let made = until(async || decision.try_create("YubiKeyDecision", spec.clone()).await.ok()).await;
            assert!(made.is_some());
            let login = scene.person("gil", "ACTIVE").await;
            let people = json!({"users": {"list": [{"login": login}]}});
            let rollout = scene.roll("newer", people, json!({"mode": "DryRun"})).await;
            becomes(&rollout, json!({"spec": {"mode": NEWER}})).await;
            rollout.until("it says so", |object| object.reason() == "ObjectUndecodable").await;

            for turn in 0..2 {
                for kind in ["YubiKeyConnection", "YubiKeyDecision", "YubiKeyRollout"] {
                    counted(scene, kind, 1.0).await;
                }
                let name = format!("hal-{turn}");
                let login = scene.person(&name, "ACTIVE").await;
                let waits = scene.ship_with(&name, &login, json!({"connectionRef": {"name": other}})).await;
                let told = waits.until_reason("ConnectionNotReady").await;
                assert!(told.message().contains("cannot decode"), "{}", told.message());
                others_go_on(scene, &format!("ida-{turn}")).await;
                let login = scene.person(&format!("jon-{turn}"), "ACTIVE").await;
                let source = json!({"users": {"list": [{"login": login}]}});
                let rolls = scene.roll(&format!("good-{turn}"), source, json!({})).await;
                rolls.until("it orders", |object| object.tally("inFlight") == 1).await;
                if turn == 0 {
                    one_of_its_shipments_is_newer(scene, &rolls).await;
                }
                restart(scene).await;
            }
            let first = Handle::rollout(&scene.client, &scene.name, "good-0");
            first.until("it is still there", |object| object.tally("held") == 1).await;
            assert_eq!(scene.shipments().await.len(), 6, "it is not made again");
            assert!(!decision.get().await.has("/status/conditions/0"), "any condition would be an answer");

            becomes(&connection, json!({"spec": {"yubico": {"cancelBy": "API"}}})).await;
            for turn in 0..2 {
                Handle::shipment(&scene.client, &scene.name, &format!("hal-{turn}")).until_ordered().await;
            }
            becomes(&rollout, json!({"spec": {"mode": "Order"}})).await;
            rollout.until("it orders", |object| object.tally("inFlight") == 1).await;
            decision.wipe().await;
            for kind in ["YubiKeyConnection", "YubiKeyDecision", "YubiKeyRollout"] {
                counted(scene, kind, 0.0).await;
            }
        })
        .await;
}
