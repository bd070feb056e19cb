//! One order or enrolment in the status of two shipments: nobody acts on it, and nobody else takes it.

use serde_json::{Value, json};

use crate::support::{
    calls::{CANCEL, DISCARD, ORDER},
    hours_ago,
    object::Object,
    scene::{Scene, scene},
    shipment::Handle,
};

const ORDERING: [&str; 3] = ["RetryOrder", "AdoptOrder", "CancelOrder"];
const ENROLLING: [&str; 4] = ["RetryOrder", "AdoptOrder", "CancelOrder", "DiscardEnrollment"];

/// A shipment of another name with this one's status, as a backup tool makes it: suspended until it is whole.
async fn copy(scene: &Scene, of: &Handle, namespace: &str, name: &str) -> Handle {
    let object = of.get().await;
    let mut spec = object.0["spec"].clone();
    spec["suspend"] = json!(true);
    let copy = Handle::shipment(&scene.client, namespace, name);
    copy.create("YubiKeyShipment", spec).await;
    copy.until_reason("Suspended").await;
    let mut status = of.get().await.0["status"].clone();
    status["observedGeneration"] = json!(1);
    copy.set_status(status).await;
    copy
}

async fn elsewhere(scene: &Scene) -> String {
    let name = format!("{}-else", scene.name);
    scene.namespace(&name).await;
    name
}

async fn orders(scene: &Scene) -> usize {
    scene.sandbox.orders().await.len()
}

/// Enrolled, and the order refused for a reason that may pass: it is sent again within 15 minutes.
async fn enrolled(scene: &Scene) -> Handle {
    scene.sandbox.fault_always(ORDER, json!({"kind": "status", "status": 429})).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    let tried =
        |o: &Object| o.text("/status/order/outcome") == "Refused" && o.has("/status/enrollment/requests");
    shipment.until("it is enrolled", tried).await;
    shipment.change(json!({"suspend": true})).await;
    shipment.until_reason("Suspended").await;
    scene.sandbox.delete("/faults").await;
    shipment
}

#[tokio::test]
async fn of_a_status_copied_within_the_time_of_its_requests_neither_orders_until_one_is_let_go() {
    scene("copied")
        .play(async |scene| {
            let elsewhere = elsewhere(scene).await;
            let original = enrolled(scene).await;
            let copy = copy(scene, &original, &elsewhere, "kim").await;
            for shipment in [&original, &copy] {
                shipment.change(json!({"suspend": false})).await;
            }
            for (shipment, other) in [(&original, &elsewhere), (&copy, &scene.name)] {
                let object = shipment.until_reason("ClaimedTwice").await;
                assert!(object.message().contains(&format!("{other}/kim ")), "{}", object.message());
                assert!(object.message().contains("Orphan"), "{}", object.message());
                assert_eq!(object.is("Stalled"), "True");
            }
            assert_eq!(orders(scene).await, 0);

            copy.change(json!({"deletionPolicy": "Orphan"})).await;
            copy.delete().await;
            copy.until_gone().await;
            let object = original.until_ordered().await;
            scene.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
            original.until_reason("Activated").await;
            assert_eq!((orders(scene).await, scene.sandbox.count(DISCARD).await), (1, 0));
        })
        .await;
}

async fn both_wait(scene: &Scene, both: [&Handle; 2]) {
    for shipment in both {
        let object =
            shipment.until("it says what stands in the way", |o| o.message().contains("Orphan")).await;
        assert!(object.message().contains("same order"), "{}", object.message());
    }
    assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (0, 0));
}

#[tokio::test]
async fn a_deletion_cancels_nothing_that_another_shipment_has_too_and_letting_one_go_is_the_way_out() {
    scene("copiedgone")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let original = scene.ship("kim", &login).await;
            original.until_ordered().await;
            let copy = copy(scene, &original, &scene.name, "kim-copy").await;
            copy.change(json!({"suspend": false})).await;
            copy.until_reason("ClaimedTwice").await;
            original.delete().await;
            copy.delete().await;
            both_wait(scene, [&original, &copy]).await;

            copy.change(json!({"deletionPolicy": "Orphan"})).await;
            copy.until_gone().await;
            original.until_gone().await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (1, 1));
        })
        .await;
}

/// Ordered, and the answer lost; Yubico's list does not show such orders. Gives the shipment and the order.
async fn unknown_order(scene: &Scene) -> (Handle, String) {
    scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
    scene.sandbox.fault(ORDER, json!({"kind": "drop", "when": "after"})).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    shipment.until_held("OrderOutcomeUnknown", &ORDERING).await;
    let orders = scene.sandbox.orders().await;
    (shipment, orders[0]["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn who_yielded_takes_over_no_order_with_the_enrolment_of_the_one_it_yielded_to() {
    scene("yieldedadopts")
        .connection(json!({"calls": {"timeout": "2s", "settle": "14s", "lookDelay": "100ms"}}))
        .play(async |scene| {
            let (first, order) = unknown_order(scene).await;
            let second = scene.ship("kim-second", &scene.login("kim")).await;
            second.until_held("AnotherOrderForUser", &ORDERING).await;
            scene.answer(&second, "AdoptOrder", json!({"shipmentID": order})).await;
            let told = second.until("why not", |o| o.message().contains("was not taken over")).await;
            assert!(told.message().contains(&format!("{}/kim ", scene.name)), "{}", told.message());
            second.delete().await;
            second.until_gone().await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (0, 0));
            scene.answer(&first, "AdoptOrder", json!({"shipmentID": order})).await;
            first.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn an_enrolment_that_another_shipment_has_is_not_discarded_by_an_answer() {
    scene("discards")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let first = scene.ship("kim", &login).await;
            let enrolment = first.until_ordered().await.text("/status/enrollment/id").to_owned();
            let second = scene.ship_with("kim-second", &login, json!({"suspend": true})).await;
            second.until_reason("Suspended").await;
            let then = hours_ago(2);
            let mark = json!({"at": then, "oktaTime": then, "shown": null});
            let open: Value = json!({"attempt": 1, "outcome": "Open", "mark": mark});
            let user = first.get().await.text("/status/userId").to_owned();
            second.set_status(json!({"enrollment": open, "userId": user})).await;
            second.change(json!({"suspend": false})).await;
            let held = second.until_held("StatusBehindVendors", &ENROLLING).await;
            let decision =
                scene.decide(&second, "DiscardEnrollment", json!({"enrollmentID": enrolment})).await;
            let told = scene.declined(&second.name, &decision).await;
            assert!(told.contains(&format!("{}/kim ", scene.name)), "{told}");
            second.look_now().await;
            assert_eq!(second.get().await.text("/status/hold/id"), held.text("/status/hold/id"));
            assert_eq!(scene.sandbox.count(DISCARD).await, 0);
        })
        .await;
}
