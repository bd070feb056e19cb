//! What the warehouse and the carrier say, and what becomes of the shipment.

use serde_json::{Value, json};

use crate::support::{
    calls::{ACTIVATE, MAIL, PARCEL},
    object::Object,
    scene::{Scene, scene},
    shipment::Handle,
};

/// A shipment whose order is accepted, and the order.
async fn ordered(scene: &Scene, spec: Value) -> (Handle, String) {
    named(scene, "kim", spec).await
}

async fn named(scene: &Scene, name: &str, spec: Value) -> (Handle, String) {
    let login = scene.person(name, "ACTIVE").await;
    let shipment = scene.ship_with(name, &login, spec).await;
    let object = shipment.until_ordered().await;
    (shipment, object.text("/status/order/shipmentId").to_owned())
}

fn needs_a_person(object: &Object) {
    assert_eq!((object.is("Ready"), object.is("Stalled")), ("False", "True"), "{}", object.reason());
}

#[tokio::test]
async fn a_parcel_lost_on_the_way_holds_the_credential_back_until_it_turns_up() {
    scene("lost")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            scene.sandbox.set_state(&order, 105).await;
            let held = shipment.until_reason("ParcelLost").await;
            needs_a_person(&held);
            assert_eq!(held.phase(), "Held");
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn a_parcel_lost_after_the_activation_is_said_loudly() {
    scene("livelost")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({"activation": {"after": "Shipment"}})).await;
            scene.sandbox.set_state(&order, 103).await;
            shipment.until_reason("Activated").await;
            scene.sandbox.set_state(&order, 105).await;
            let told = shipment.until_reason("ParcelLost").await;
            needs_a_person(&told);
            assert_eq!(told.is("Activated"), "True");
            assert!(
                !told.message().contains("DiscardEnrollment"),
                "a live key is not pending: {}",
                told.message()
            );
        })
        .await;
}

#[tokio::test]
async fn a_state_that_nobody_knows_is_told_and_changes_nothing() {
    scene("mystery")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            scene.sandbox.set_state(&order, 4242).await;
            let told = shipment.until_reason("UnknownState").await;
            assert_eq!((told.is("Ready"), told.is("Stalled")), ("True", ""));
            assert!(told.message().contains("4242"), "{}", told.message());
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn an_order_that_needs_repair_says_so_until_it_moves_on() {
    scene("repair")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            scene.sandbox.set_state(&order, 7).await;
            let held = shipment.until_reason("OrderNeedsRepair").await;
            needs_a_person(&held);
            assert!(held.message().contains("Console"), "where to repair it: {}", held.message());
            scene.sandbox.set_state(&order, 100).await;
            let on = shipment.until_reason("AwaitingShipment").await;
            assert_eq!((on.is("Ready"), on.is("Stalled")), ("True", ""));
        })
        .await;
}

#[tokio::test]
async fn responses_of_another_enrolment_are_not_sent_to_okta() {
    scene("mixedup")
        .play(async |scene| {
            let (_, other) = named(scene, "lou", json!({"suspend": false})).await;
            let (shipment, order) = ordered(scene, json!({})).await;
            scene.sandbox.set_state(&other, 103).await;
            // Yubico's answer about this order, with the responses of the other one.
            let mut answer = at_yubico(scene, &other).await;
            answer["shipment_id"] = json!(order);
            answer["shipment_state"] = json!({"shipment_state_id": 104});
            let matching = json!({"operation": PARCEL, "path": order, "times": 0});
            let effect = json!({"kind": "status", "status": 200, "body": answer});
            scene.sandbox.post("/faults", json!({"match": matching, "effect": effect})).await;
            let held = shipment.until_reason("WrongResponses").await;
            needs_a_person(&held);
            let about = shipment.get().await.text("/status/userId").to_owned();
            let calls = scene.sandbox.calls().await;
            let sent = calls.iter().any(|c| c.operation == ACTIVATE && c.user_id.as_deref() == Some(&about));
            assert!(!sent, "they are not sent");
        })
        .await;
}

pub(super) async fn at_yubico(scene: &Scene, order: &str) -> Value {
    let ca = std::fs::read(scene.sandbox.says("ca")).unwrap();
    let token =
        std::fs::read_to_string(scene.sandbox.credentials("default").join("yubico-api-token")).unwrap();
    let ca = reqwest::Certificate::from_pem(&ca).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_merge([ca]).build().unwrap();
    let url = format!("{}/v1/fpr/shipments/{order}", scene.sandbox.says("yubico"));
    let answer = http.get(url).bearer_auth(token.trim()).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_suspended_before_the_activation_gets_it_only_after_coming_back() {
    scene("usersus")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({})).await;
            let login = scene.login("kim");
            scene.sandbox.change_person(&login, json!({"status": "SUSPENDED"})).await;
            scene.sandbox.set_state(&order, 104).await;
            needs_a_person(&shipment.until_reason("UserNotEligible").await);
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
            scene.sandbox.change_person(&login, json!({"status": "ACTIVE"})).await;
            shipment.look_now().await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn a_carrier_that_stays_silent_too_long_is_held_for_a_person() {
    scene("silent")
        .play(async |scene| {
            let spec = json!({"activation": {"deliveryTimeout": "1s", "onTimeout": "Hold"}});
            let (shipment, order) = ordered(scene, spec).await;
            scene.sandbox.set_state(&order, 103).await;
            needs_a_person(&shipment.until_reason("DeliveryTimedOut").await);
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn a_carrier_that_stays_silent_too_long_can_be_taken_for_delivered() {
    scene("patience")
        .play(async |scene| {
            let spec = json!({"activation": {"deliveryTimeout": "1s", "onTimeout": "Activate"}});
            let (shipment, order) = ordered(scene, spec).await;
            scene.sandbox.set_state(&order, 103).await;
            shipment.until_reason("Activated").await;
            assert_eq!(shipment.get().await.is("Delivered"), "False");
        })
        .await;
}

#[tokio::test]
async fn the_gate_shipment_activates_in_transit_and_the_pin_can_wait_for_the_delivery() {
    scene("gates")
        .play(async |scene| {
            let spec = json!({"activation": {"after": "Shipment"}, "pin": {"after": "Delivery"}});
            let (shipment, order) = ordered(scene, spec).await;
            scene.sandbox.set_state(&order, 103).await;
            let active = shipment.until_phase("Activated").await;
            assert_eq!(
                (active.is("Activated"), active.is("PinSent"), active.is("Ready")),
                ("True", "False", "True")
            );
            assert_eq!(scene.sandbox.count(MAIL).await, 0);
            scene.sandbox.set_state(&order, 104).await;
            shipment.until("the PIN was mailed", |object| object.is("PinSent") == "True").await;
        })
        .await;
}

#[tokio::test]
async fn the_gate_approval_waits_for_a_person_and_is_no_fault() {
    scene("approval")
        .play(async |scene| {
            let (shipment, order) = ordered(scene, json!({"activation": {"after": "Approval"}})).await;
            scene.sandbox.set_state(&order, 104).await;
            let waiting = shipment.until_reason("AwaitingApproval").await;
            assert_eq!((waiting.is("Ready"), waiting.is("Stalled")), ("True", ""));
            assert!(waiting.message().contains("ApproveActivation"), "{}", waiting.message());
            assert_eq!(waiting.0.pointer("/status/hold/choices"), Some(&json!(["ApproveActivation"])));
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
        })
        .await;
}
