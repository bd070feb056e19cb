//! Deleting leaves the vendors in order: first the order goes, then the pending enrolment, then the resource.

use serde_json::json;

use crate::support::{
    scene::{Scene, scene},
    shipment::Handle,
};

const CANCEL: &str = "DeleteShipmentExactById";
const DISCARD: &str = "deleteWebAuthnPreregistrationFactor";

async fn ordered(scene: &Scene) -> (Handle, String) {
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    let object = shipment.until_ordered().await;
    (shipment, object.text("/status/order/shipmentId").to_owned())
}

#[tokio::test]
async fn deleted_before_the_order_the_enrolment_is_discarded() {
    scene("early")
        .play(async |scene| {
            // The second look fails, so that the pass ends between enrolment and order.
            let second_look =
                json!({"operation": "listWebAuthnPreregistrationFactors", "nth": 2, "times": 0});
            let rule = json!({"match": second_look, "effect": {"kind": "status", "status": 503}});
            let rule = scene.sandbox.post("/faults", rule).await["id"].as_u64().unwrap();
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_phase("Enrolled").await;
            shipment.delete().await;
            scene.sandbox.mend(rule).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert!(scene.sandbox.orders().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn deleted_after_the_order_it_is_cancelled_first_and_then_the_enrolment_is_discarded() {
    scene("cancel")
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            shipment.delete().await;
            shipment.until_gone().await;
            let orders = scene.sandbox.orders().await;
            assert!(orders.iter().any(|o| o["id"] == order.as_str() && o["deleted"] == true), "{orders:#?}");
            assert!(scene.sandbox.enrollments().await.is_empty());
            let calls = scene.sandbox.calls().await;
            let at = |operation: &str| calls.iter().position(|call| call.operation == operation).unwrap();
            assert!(
                at(CANCEL) < at(DISCARD),
                "the other way round a parcel would arrive that can never sign in"
            );
        })
        .await;
}

#[tokio::test]
async fn deleted_too_late_the_parcel_is_followed_and_its_key_never_signs_in() {
    scene("late")
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            scene.sandbox.set_state(&order, 100).await;
            shipment.delete().await;
            let told =
                shipment.until("it says why it waits", |o| o.message().contains("too late to cancel")).await;
            assert!(told.message().contains("Orphan"), "and how to let go: {}", told.message());
            for state in [103, 104] {
                assert!(shipment.find().await.is_some(), "it is followed until the parcel is delivered");
                scene.sandbox.set_state(&order, state).await;
            }
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
            assert_eq!(scene.sandbox.count("activatePreregistrationEnrollment").await, 0);
            assert_eq!(scene.sandbox.count("sendPin").await, 0);
        })
        .await;
}

#[tokio::test]
async fn orphan_lets_go_at_once_and_writes_the_ids_to_an_event_on_the_connection() {
    scene("orphan")
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            let enrolment = shipment.get().await.text("/status/enrollment/id").to_owned();
            shipment.change(json!({"deletionPolicy": "Orphan"})).await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!((scene.sandbox.count(CANCEL).await, scene.sandbox.count(DISCARD).await), (0, 0));
            let events = scene.events("default", &scene.name).await;
            let told = events.iter().any(|(_, note)| note.contains(&order) && note.contains(&enrolment));
            assert!(told, "{order} and {enrolment} outlive the resource: {events:#?}");
        })
        .await;
}

#[tokio::test]
async fn a_shipment_whose_connection_never_existed_goes_at_once() {
    scene("nowhere")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment =
                scene.ship_with("kim", &login, json!({"connectionRef": {"name": "no-such-thing"}})).await;
            let waiting = shipment.until_reason("ConnectionNotFound").await;
            assert!(waiting.message().contains("no-such-thing"), "{}", waiting.message());
            shipment.delete().await;
            shipment.until_gone().await;
        })
        .await;
}

#[tokio::test]
async fn a_connection_stays_while_an_order_needs_it() {
    scene("needed")
        .play(async |scene| {
            let (shipment, _) = ordered(scene).await;
            scene.connection().delete().await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty(), "it was still there to clean up with");
            scene.connection().until_gone().await;
        })
        .await;
}

#[tokio::test]
async fn an_order_whose_connection_was_torn_away_goes_with_orphan() {
    scene("torn")
        .play(async |scene| {
            let (shipment, _) = ordered(scene).await;
            scene.connection().wipe().await;
            scene.connection().until_gone().await;
            shipment.change(json!({"deletionPolicy": "Orphan"})).await;
            shipment.delete().await;
            shipment.until_gone().await;
        })
        .await;
}

#[tokio::test]
async fn a_cancelled_shipment_frees_the_person_for_another() {
    scene("again")
        .play(async |scene| {
            let (shipment, order) = ordered(scene).await;
            shipment.delete().await;
            shipment.until_gone().await;
            let login = scene.login("kim");
            let next = scene.ship("kim", &login).await.until_ordered().await;
            assert_ne!(next.text("/status/order/shipmentId"), order);
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 1);
        })
        .await;
}

#[tokio::test]
async fn a_connection_that_was_torn_away_is_not_used_any_more() {
    scene("forgotten")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            scene.connection().wipe().await;
            scene.connection().until_gone().await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_reason("ConnectionNotFound").await;
            assert!(scene.sandbox.orders().await.is_empty());
        })
        .await;
}
