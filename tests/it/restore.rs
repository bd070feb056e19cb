//! A backup of the cluster is put back: the status knows less than the vendors, and nothing is sent on its word.

use serde_json::json;

use crate::support::{
    calls::{ENROLL, LIST, ORDER},
    hours_ago, now,
    object::Object,
    plane::Backup,
    sandbox::Call,
    scene::{Scene, own_scene},
    shipment::Handle,
};

/// Follows the road to the order, then puts the backup back. The answer is the last call of before.
async fn orders_and_forgets(scene: &Scene, shipment: &Handle, backup: &Backup) -> u64 {
    scene.start_operator().await;
    shipment.until_ordered().await;
    scene.rest_operator();
    scene.plane().restore(backup).await;
    let object = shipment.get().await;
    assert_ne!(object.is("Ordered"), "True", "the cluster forgot: {}", object.0["status"]);
    scene.sandbox.last_call().await
}

/// A backup from between enrolment and order is put back after the order.
async fn forgets_the_order(scene: &Scene) -> (Handle, u64) {
    let login = scene.person("kim", "ACTIVE").await;
    // The second look fails, so that the pass ends between enrolment and order.
    let down = json!({"kind": "status", "status": 503});
    let rule = scene.sandbox.fault_at(LIST, ".", (2, 0), down).await;
    let shipment = scene.ship("kim", &login).await;
    shipment.until_phase("Enrolled").await;
    scene.rest_operator();
    let backup = scene.plane().back_up().await;
    scene.sandbox.mend(rule).await;
    let since = orders_and_forgets(scene, &shipment, &backup).await;
    (shipment, since)
}

/// Held for a person, and nothing was sent; a look more changes nothing.
async fn stays_held(scene: &Scene, shipment: &Handle, reason: &str, since: u64) -> Object {
    let held = shipment.until_reason(reason).await;
    assert_eq!(held.is("Stalled"), "True");
    assert!(held.has("/status/hold/id"), "a person can answer");
    shipment.look_now().await;
    assert_eq!(shipment.get().await.reason(), reason);
    nothing_sent(scene, since).await;
    held
}

async fn nothing_sent(scene: &Scene, since: u64) {
    let sent: Vec<Call> = scene.sandbox.effects_since(since).await;
    assert!(sent.is_empty(), "{sent:#?}");
    assert_eq!(scene.sandbox.orders().await.len(), 1);
}

#[tokio::test]
async fn a_backup_from_before_the_enrolment_finds_the_key_and_sends_nothing() {
    own_scene("restored")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            scene.rest_operator();
            let shipment = scene.ship("kim", &login).await;
            let backup = scene.plane().back_up().await;
            let since = orders_and_forgets(scene, &shipment, &backup).await;
            scene.start_operator().await;
            let held = stays_held(scene, &shipment, "ExistingKey", since).await;
            let enrollment = scene.sandbox.enrollments().await.remove(0);
            assert!(held.message().contains(enrollment["id"].as_str().unwrap()), "{}", held.message());
        })
        .await;
}

#[tokio::test]
async fn a_backup_with_an_open_enrolment_finds_what_it_did_not_know_and_sends_nothing() {
    own_scene("remark")
        .connection(json!({"calls": {"timeout": "3s", "settle": "16s"}}))
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "before"})).await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until("the enrolment is marked", |o| o.has("/status/enrollment")).await;
            scene.operator().take().unwrap().kill();
            let backup = scene.plane().back_up().await;
            let marked = shipment.get().await;
            assert!(!marked.has("/status/enrollment/id"), "without its answer: {}", marked.0["status"]);
            let since = orders_and_forgets(scene, &shipment, &backup).await;
            scene.start_operator().await;
            stays_held(scene, &shipment, "EnrollOutcomeUnknown", since).await;

            // The same, but the backup is from yesterday.
            scene.rest_operator();
            scene.plane().restore(&backup).await;
            shipment.change_status(json!({"enrollment": {"mark": {"at": hours_ago(24)}}})).await;
            scene.start_operator().await;
            stays_held(scene, &shipment, "StatusBehindVendors", since).await;
        })
        .await;
}

#[tokio::test]
async fn a_backup_between_enrolment_and_order_is_held_once_the_requests_are_old() {
    own_scene("between")
        .play(async |scene| {
            let (shipment, since) = forgets_the_order(scene).await;
            // As it looks when a quarter of an hour has passed.
            let old = json!({"at": hours_ago(1), "oktaTime": hours_ago(1)});
            shipment.change_status(json!({"enrollment": {"createdAt": hours_ago(1), "mark": old}})).await;
            scene.start_operator().await;
            stays_held(scene, &shipment, "StatusBehindVendors", since).await;
        })
        .await;
}

#[tokio::test]
async fn a_backup_whose_enrolment_is_gone_at_okta_is_held() {
    own_scene("gone")
        .play(async |scene| {
            let (shipment, since) = forgets_the_order(scene).await;
            let enrollment = scene.sandbox.enrollments().await.remove(0);
            scene.sandbox.delete(&format!("/enrollments/{}", enrollment["id"].as_str().unwrap())).await;
            // A restore takes longer than the list may lag.
            let then = format!("{:.6}", now() - jiff::SignedDuration::from_mins(16));
            let old = json!({"createdAt": then, "mark": {"at": then}});
            shipment.change_status(json!({"enrollment": old})).await;
            scene.start_operator().await;
            stays_held(scene, &shipment, "StatusBehindVendors", since).await;
        })
        .await;
}

#[tokio::test]
async fn a_backup_with_an_open_order_finds_the_order_and_goes_on_with_it() {
    own_scene("open")
        .connection(json!({"calls": {"timeout": "15s", "settle": "40s"}}))
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            // It arrives, and the process dies before it hears so.
            scene.sandbox.fault(ORDER, json!({"kind": "delay", "ms": 12_000, "when": "after"})).await;
            let shipment = scene.ship("kim", &login).await;
            scene.sandbox.counts(ORDER, 1).await;
            scene.operator().take().unwrap().kill();
            let backup = scene.plane().back_up().await;
            let marked = shipment.get().await;
            assert!(marked.has("/status/order") && !marked.has("/status/order/shipmentId"));
            let since = orders_and_forgets(scene, &shipment, &backup).await;
            scene.start_operator().await;
            let object = shipment.until_ordered().await;
            nothing_sent(scene, since).await;
            scene.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
            shipment.until_reason("Activated").await;
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}

/// People of a rollout, by their Okta ids.
async fn crew(scene: &Scene, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(scene.sandbox.person(&scene.login(name), "ACTIVE").await);
    }
    ids
}

fn list(ids: &[String]) -> serde_json::Value {
    let list: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"users": {"list": list, "interval": "1m"}})
}

#[tokio::test]
async fn a_backup_from_before_a_rollout_began_serves_nobody_a_second_time() {
    own_scene("restored-rollout")
        .connection(json!({"calls": {"timeout": "3s", "settle": "16s"}}))
        .play(async |scene| {
            scene.sandbox.shows_orders().await;
            let ids = crew(scene, &["ann", "bob", "kim"]).await;
            scene.rest_operator();
            let rollout = scene.roll("crew", list(&ids), json!({})).await;
            let backup = scene.plane().back_up().await;
            scene.start_operator().await;
            scene.until_orders(3).await;
            rollout.until("all are served", |object| object.tally("served") == 3).await;
            scene.rest_operator();
            scene.plane().restore(&backup).await;
            assert!(rollout.get().await.0["status"]["ledger"].is_null(), "the ledger is forgotten");
            let since = scene.sandbox.last_call().await;
            scene.start_operator().await;
            let told = rollout.until("all are passed over", |o| o.skipped("PreRegisteredKey") == 3).await;
            told.adds_up();
            assert_eq!((told.tally("served"), told.tally("eligible")), (0, 0));
            rollout.look_now().await;
            assert!(scene.shipments().await.is_empty());
            let sent: Vec<Call> = scene.sandbox.effects_since(since).await;
            assert!(sent.is_empty(), "{sent:#?}");

            // The way on: their orders are linked again, under the same names, and count in the ledger.
            let adopt = json!({"template": {"spec": {"existingKeyPolicy": "Adopt"}}, "skip": {"preRegisteredKey": false}});
            rollout.change(adopt).await;
            let done = scene.deliver_until(&rollout, "all have their keys", |o| o.tally("activated") == 3).await;
            done.adds_up();
            assert!(ids.iter().all(|id| done.ledger(id) == "Activated"), "{}", done.0["status"]["ledger"]);
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (3, 3));
        })
        .await;
}

#[tokio::test]
async fn a_backup_with_half_a_ledger_follows_its_half_and_orders_nothing_for_the_other() {
    own_scene("restored-half")
        .play(async |scene| {
            let ids = crew(scene, &["ann", "bob", "kim"]).await;
            let limits = json!({"waves": [{"count": 1}, {"percent": 100}], "budget": 3});
            let rollout = scene.roll("crew", list(&ids), limits).await;
            let asked = rollout.until_reason("AwaitingApproval").await;
            scene.until_orders(1).await;
            rollout.until("the first is on its way", |object| object.tally("inFlight") == 1).await;
            scene.rest_operator();
            let backup = scene.plane().back_up().await;
            scene.start_operator().await;
            let hold = asked.hold("AwaitingApproval");
            let answer = scene.proceed(&rollout, &hold, json!({})).await;
            scene.accepted_by_rollout(&answer).await;
            scene.until_orders(3).await;
            rollout.until("all are served", |object| object.tally("served") == 3).await;
            scene.rest_operator();
            scene.plane().restore(&backup).await;
            let since = scene.sandbox.last_call().await;
            scene.start_operator().await;
            let told = rollout
                .until("the question stands again", |object| !object.hold("AwaitingApproval").is_empty());
            assert_eq!(told.await.tally("served"), 1);
            let answer = scene.proceed(&rollout, &hold, json!({})).await;
            scene.accepted_by_rollout(&answer).await;
            let told =
                rollout.until("the others are passed over", |o| o.skipped("PreRegisteredKey") == 2).await;
            told.adds_up();
            let sent: Vec<Call> = scene.sandbox.effects_since(since).await;
            assert!(sent.is_empty(), "{sent:#?}");
            // The one that the ledger knows goes on.
            let done = scene.deliver_until(&rollout, "it has its key", |o| o.tally("activated") == 1).await;
            done.adds_up();
            assert_eq!((scene.sandbox.count(ORDER).await, scene.shipments().await.len()), (3, 1));
        })
        .await;
}
