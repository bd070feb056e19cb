//! Shipments of a rollout that somebody else deletes: nobody is ordered for in their place until a person answers.

use serde_json::{Value, json};

use crate::support::{
    object::Object,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
    until,
};

async fn people(scene: &Scene, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(scene.sandbox.person(&scene.login(&format!("u{number}")), "ACTIVE").await);
    }
    ids
}

fn list(ids: &[String]) -> Value {
    let list: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"users": {"list": list, "interval": "1m"}})
}

/// Orders ever placed.
async fn orders(scene: &Scene) -> usize {
    scene.sandbox.orders().await.len()
}

/// As an uninstall does that begins with the shipments.
#[tokio::test]
async fn a_rollout_whose_shipments_are_all_deleted_orders_nobody_new_until_a_person_answers() {
    scene("swept")
        .play(async |scene| {
            let ids = people(scene, 12).await;
            let rollout = scene.roll("swept", list(&ids), json!({"maxInFlight": 3})).await;
            scene.until_orders(3).await;
            scene.kubectl().run(&["delete", "yks", "--all", "-n", &scene.name]).await.fine();
            let held = rollout.until("it stops", |o| o.is("Stalled") == "True").await;
            assert_eq!((held.reason(), held.is("Ready")), ("ShipmentDeleted", "False"));
            let told = rollout.until("all three are told", |o| o.message().contains("of 3 people")).await;
            rollout.look_now().await;
            let (id, now) = (told.hold("ShipmentDeleted"), rollout.get().await);
            assert_eq!(now.hold("ShipmentDeleted"), id, "the question stays the same");
            assert_eq!((now.tally("served"), now.tally("waiting"), orders(scene).await), (3, 9, 3));
            assert!(scene.shipments().await.is_empty());

            let answer = scene.proceed(&rollout, &id, json!({})).await;
            scene.accepted_by_rollout(&answer).await;
            let on = rollout.until("it goes on", |o| o.tally("served") == 6).await;
            assert_eq!((on.is("Stalled"), on.is("Ready")), ("", "True"));
            scene.until_orders(3).await;
            assert_eq!(orders(scene).await, 6);
            let again = scene.shipments().await;
            let served: Vec<_> = told.0["status"]["ledger"].as_object().unwrap().keys().cloned().collect();
            assert!(again.iter().all(|s| !served.contains(&s.text("/spec/userRef/id").to_owned())));
        })
        .await;
}

/// The operator is away while it happens.
#[tokio::test]
async fn shipments_that_vanish_while_the_operator_is_away_stop_the_rollout_too() {
    own_scene("vanished")
        .play(async |scene| {
            let ids = people(scene, 6).await;
            let rollout = scene.roll("vanished", list(&ids), json!({"maxInFlight": 2})).await;
            scene.until_orders(2).await;
            rollout.until("both were seen", |o| o.tally("inFlight") == 2).await;
            scene.operator().take().unwrap().kill();
            let finalizers = json!({"metadata": {"finalizers": null}}).to_string();
            for shipment in scene.shipments().await {
                let name = shipment.text("/metadata/name").to_owned();
                let free = ["patch", "yks", &name, "-n", &scene.name, "--type=merge", "-p", &finalizers];
                scene.kubectl().run(&free).await.fine();
                scene.kubectl().run(&["delete", "yks", &name, "-n", &scene.name]).await.fine();
            }
            scene.start_operator().await;
            let held = rollout.until("it stops", |o| o.is("Stalled") == "True").await;
            assert_eq!(held.reason(), "ShipmentDeleted");
            assert!(held.message().contains("of 2 people"), "{}", held.message());
            rollout.look_now().await;
            assert!(scene.shipments().await.is_empty());
            assert_eq!(orders(scene).await, 2);
        })
        .await;
}

/// Nobody new can be made there; but a rollout that outlives its shipments must not try.
#[tokio::test]
async fn a_namespace_that_is_deleted_orders_nobody_new() {
    scene("ended")
        .play(async |scene| {
            let ids = people(scene, 6).await;
            let rollout = scene.roll("ended", list(&ids), json!({"maxInFlight": 2})).await;
            scene.until_orders(2).await;
            let away = ["delete", "namespace", &scene.name, "--wait=false"];
            scene.kubectl().run(&away).await.fine();
            rollout.until_gone().await;
            let gone = until(async || {
                let found = ["get", "namespace", &scene.name, "--ignore-not-found", "-o", "name"];
                scene.kubectl().run(&found).await.fine().is_empty().then_some(())
            });
            assert!(gone.await.is_some(), "the namespace goes");
            assert_eq!(orders(scene).await, 2);
        })
        .await;
}

/// A leaver's shipment is deleted by the rollout itself.
#[tokio::test]
async fn what_a_rollout_cancels_itself_stops_nothing() {
    scene("own")
        .play(async |scene| {
            let ids = people(scene, 4).await;
            let more = json!({"maxInFlight": 2, "onLeave": "CancelIfNotShipped"});
            let rollout = scene.roll("own", list(&ids), more).await;
            scene.until_orders(2).await;
            let first = scene.shipments().await[0].text("/spec/userRef/id").to_owned();
            let rest: Vec<_> = ids.iter().filter(|id| **id != first).cloned().collect();
            rollout.change(json!({"source": list(&rest)})).await;
            rollout.until("it is taken back", |o| o.ledger(&first) == "Left").await;
            let on = rollout.until("the next one follows", |o| o.tally("served") == 3).await;
            assert_eq!(on.is("Stalled"), "");
            assert_eq!(on.hold("ShipmentDeleted"), "");
        })
        .await;
}

#[tokio::test]
async fn a_rollout_of_a_full_object_says_so_before_the_api_server_does() {
    scene("full")
        .play(async |scene| {
            let ids = people(scene, 2).await;
            let rollout = scene.roll("full", list(&ids[..1]), json!({})).await;
            scene.until_orders(1).await;
            rollout.until("it was seen", |o| o.ledger(&ids[0]) == "Made").await;
            let mark = "2027-02-03T04:05:06.123456Z";
            let created = |n: usize| (format!("{n:020}"), json!({"mark": mark, "id": format!("00u{n:017}")}));
            let many: serde_json::Map<_, _> = (0..9_999).map(created).collect();
            rollout.set_status(json!({"created": many})).await;
            let large = "x".repeat(250);
            let list: Vec<_> = ids.iter().map(|id| json!({"id": id})).chain((0..1_300).map(|n| {
                json!({"login": format!("nobody-{n}@example.com"), "profile": {"streetAddress": large}})
            })).collect();
            rollout.change(json!({"source": {"users": {"list": list}}})).await;
            let full = rollout.until("it says so", |o| o.reason() == "ObjectFull").await;
            assert_eq!((full.is("Stalled"), full.tally("served")), ("True", 1));
            assert!(full.message().contains("1 wait"), "{}", full.message());
            assert_eq!(scene.shipments().await.len(), 1);
        })
        .await;
}

/// Another controller's finalizer keeps it for a while, so that its end comes by itself and not with our last write.
#[tokio::test]
async fn a_shipment_that_is_gone_counts_no_more_though_nothing_else_changed() {
    scene("gone-counts")
        .play(async |scene| {
            let id = scene.sandbox.person(&scene.login("gone"), "ACTIVE").await;
            let source = json!({"users": {"list": [{"id": id}], "interval": "24h"}});
            let rollout = scene.roll("gone", source, json!({})).await;
            rollout.until("it serves", |object| object.tally("served") == 1).await;
            let all = scene.shipments().await;
            let shipment = Handle::shipment(&scene.client, &scene.name, all[0].text("/metadata/name"));
            shipment.until_ordered().await;
            let both = json!(["fidoprereg.dev/vendors-in-order", "example.com/backup"]);
            shipment.patch(json!({"metadata": {"finalizers": both}})).await;
            shipment.delete().await;
            let cancelled = |object: &Object| object.0["status"]["counts"]["byPhase"]["Cancelled"] == 1;
            rollout.until("it counts as cancelled", cancelled).await;
            shipment.patch(json!({"metadata": {"finalizers": null}})).await;
            shipment.until_gone().await;
            rollout.until("it counts no more", |object| !cancelled(object)).await;
        })
        .await;
}
