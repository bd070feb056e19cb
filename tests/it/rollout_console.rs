//! The Admin Console's button: each press is one key, whatever the System Log does with the event.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    now,
    scene::{Scene, Setting, own_scene, scene},
    shipment::Handle,
};

fn console() -> Value {
    json!({"oktaConsole": {}})
}

/// The connection's owner lets rollouts order what is clicked.
fn allowed(setting: Setting) -> Setting {
    setting.connection(json!({"policy": {"sources": {"oktaConsole": "Allow"}}}))
}

/// Presses "Add" for somebody; the answer is the event's id.
async fn press(scene: &Scene, person: &str, more: Value) -> String {
    let mut order = json!({"productId": "29", "inventoryProductId": "106", "customizationId": "RXJN83"});
    crate::support::scene::merge(&mut order, more);
    let event = scene.sandbox.post(&format!("/people/{person}/console-order"), order).await;
    event["uuid"].as_str().unwrap().to_owned()
}

async fn person(scene: &Scene, name: &str) -> String {
    scene.sandbox.person(&scene.login(name), "ACTIVE").await
}

/// A rollout that reads the log from now on.
async fn listening(scene: &Scene, more: Value) -> Handle {
    let rollout = scene.roll("console", console(), more).await;
    rollout
        .until("it listens", |object| object.has("/status/cursor/next") && object.is("Ready") == "True")
        .await;
    rollout
}

#[tokio::test]
async fn each_press_from_now_on_is_one_shipment_with_the_ids_of_the_event() {
    allowed(scene("console"))
        .play(async |scene| {
            let early = person(scene, "early").await;
            let before = now() - SignedDuration::from_mins(2);
            press(scene, &early, json!({"published": before})).await;
            let rollout = listening(scene, json!({})).await;
            let (snake, camel) = (person(scene, "snake").await, person(scene, "camel").await);
            press(scene, &snake, json!({})).await;
            press(scene, &camel, json!({"camelCase": true, "inDebugData": true})).await;
            rollout.look_now().await;
            let done = scene.deliver_until(&rollout, "both have keys", |o| o.tally("activated") == 2).await;
            done.adds_up();
            assert_eq!(scene.sandbox.orders().await.len(), 2);
            assert_eq!(done.ledger(&early), "", "what happened before is not taken up");
            for shipment in scene.shipments().await {
                assert_eq!(
                    shipment.0["spec"]["key"],
                    json!({
                        "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83",
                    })
                );
            }
        })
        .await;
}

#[tokio::test]
async fn from_now_on_is_meant_by_the_clock_that_stamps_the_presses() {
    allowed(own_scene("console-slow"))
        .play(async |scene| {
            // As far behind as preflight lets pass.
            let behind = SignedDuration::from_secs(100);
            scene.sandbox.post("/okta", json!({"settings": {"clockSkewSeconds": -behind.as_secs()}})).await;
            let rollout = listening(scene, json!({})).await;
            let person = person(scene, "early").await;
            press(scene, &person, json!({"published": now() - behind})).await;
            rollout.look_now().await;
            let done = rollout.until("the press is taken up", |o| !o.ledger(&person).is_empty()).await;
            done.adds_up();
        })
        .await;
}

#[tokio::test]
async fn what_cannot_be_ordered_is_told_and_never_ordered() {
    allowed(scene("refused"))
        .play(async |scene| {
            let rollout = listening(scene, json!({"source": {"oktaConsole": {"maxAge": "1h"}}})).await;
            let (old, odd, lost) =
                (person(scene, "old").await, person(scene, "odd").await, person(scene, "lost").await);
            let too_old =
                press(scene, &old, json!({"published": now() - SignedDuration::from_hours(2), "hold": true}))
                    .await;
            let unknown = press(scene, &odd, json!({"customizationId": "OTHER1"})).await;
            let unreadable = press(scene, &lost, json!({"productId": "many"})).await;
            scene.sandbox.post("/events/release", json!({})).await;
            let again = person(scene, "again").await;
            press(scene, &again, json!({})).await;
            rollout.look_now().await;
            rollout.until("the good one is served", |o| o.tally("served") == 1).await;
            let twice = press(scene, &again, json!({})).await;
            let told = rollout
                .until("the second press is told", |o| !o.examples("EventServedBefore").is_empty())
                .await;
            assert_eq!(told.examples("EventServedBefore"), [twice]);
            assert_eq!(told.examples("EventUnknownProduct"), [unknown]);
            assert_eq!(told.examples("EventMalformed"), [unreadable]);
            // Okta's `since` may keep an old event from us altogether: then there is nothing to tell.
            let old_one = told.examples("EventTooOld");
            assert!(old_one.is_empty() || old_one == [too_old], "{old_one:?}");
            assert_eq!(told.tally("served"), 1);
            assert_eq!(scene.shipments().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn doubled_late_and_shuffled_events_and_restarts_order_nobody_twice() {
    // Bound, so that an enrolment whose answer the kill cut off is made anew without a person.
    allowed(own_scene("replay"))
        .connection(json!({"orderingCluster": "ThisCluster"}))
        .play(async |scene| {
            let rollout = listening(scene, json!({})).await;
            let (mut people, mut events) = (Vec::new(), Vec::new());
            for number in 0..6 {
                let id = person(scene, &format!("p{number}")).await;
                events.push(press(scene, &id, json!({"hold": number % 2 == 0})).await);
                people.push(id);
            }
            for event in &events[..2] {
                scene
                    .sandbox
                    .post(&format!("/events/{event}/repeat"), json!({"times": 2, "hold": true}))
                    .await;
            }
            scene.sandbox.post("/events/release", json!({"order": "shuffled"})).await;
            rollout.look_now().await;
            rollout.until("some are taken up", |o| o.tally("members") >= 3).await;
            let operator = scene.operator().take().unwrap();
            operator.kill();
            for event in &events {
                scene.sandbox.post(&format!("/events/{event}/repeat"), json!({})).await;
            }
            scene.start_operator().await;
            scene.deliver_until(&rollout, "all have keys", |o| o.tally("activated") == 6).await;
            let last = person(scene, "last").await;
            press(scene, &last, json!({})).await;
            let done = scene.deliver_until(&rollout, "and one more", |o| o.tally("activated") == 7).await;
            done.adds_up();
            assert_eq!(scene.sandbox.orders().await.len(), 7);
            assert_eq!(scene.sandbox.enrollments().await.len(), 7);
            assert_eq!(done.tally("served"), 7);
            for id in &people {
                assert_eq!(done.ledger(id), "Activated");
            }
        })
        .await;
}

#[tokio::test]
async fn a_dry_run_tells_whom_it_would_serve_and_never_serves_them_later() {
    allowed(scene("console-dry"))
        .play(async |scene| {
            let rollout = listening(scene, json!({"mode": "DryRun"})).await;
            let told = person(scene, "told").await;
            press(scene, &told, json!({})).await;
            rollout.look_now().await;
            let object = rollout.until("it is told", |o| o.has(&format!("/status/plan/{told}"))).await;
            object.adds_up();
            rollout.change(json!({"mode": "Order"})).await;
            let next = person(scene, "next").await;
            rollout.until("it orders", |o| o.is_current() && !o.has("/status/plan")).await;
            press(scene, &next, json!({})).await;
            let object = rollout.until("the next is served", |o| !o.ledger(&next).is_empty()).await;
            assert_eq!(object.ledger(&told), "", "the template may have served this person meanwhile");
        })
        .await;
}
