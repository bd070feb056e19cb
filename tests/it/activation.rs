//! Answers to the activation and to the PIN mail that are late, lost or bad.

use serde_json::json;

use crate::support::{
    calls::{ACTIVATE, MAIL},
    scene::{Scene, scene},
    shipment::Handle,
};

async fn delivered(scene: &Scene) -> Handle {
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    let object = shipment.until_ordered().await;
    scene.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
    shipment
}

async fn mails(scene: &Scene) -> u64 {
    scene.sandbox.get("/state").await["counts"]["mails"].as_u64().unwrap()
}

#[tokio::test]
async fn an_activation_that_okta_could_not_answer_is_tried_again() {
    scene("once")
        .play(async |scene| {
            scene.sandbox.fault(ACTIVATE, json!({"kind": "status", "status": 500})).await;
            delivered(scene).await.until_reason("Activated").await;
            assert_eq!((scene.sandbox.count(ACTIVATE).await, mails(scene).await), (2, 1));
        })
        .await;
}

#[tokio::test]
async fn an_activation_whose_answer_is_lost_is_found_in_the_list_and_mails_one_pin() {
    scene("found")
        .play(async |scene| {
            scene.sandbox.fault(ACTIVATE, json!({"kind": "drop", "when": "after"})).await;
            delivered(scene).await.until_reason("Activated").await;
            assert_eq!((scene.sandbox.count(ACTIVATE).await, mails(scene).await), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn okta_is_asked_for_three_pin_mails_a_day_at_most() {
    scene("mails")
        .connection(json!({"calls": {"timeout": "2s", "settle": "14s"}}))
        .play(async |scene| {
            scene.sandbox.fault_always(MAIL, json!({"kind": "status", "status": 500})).await;
            let shipment = delivered(scene).await;
            let resting = shipment.until_reason("PinLimitReached").await;
            assert_eq!(
                (resting.is("Ready"), resting.is("Activated"), resting.is("PinSent")),
                ("True", "True", "False")
            );
            shipment.look_now().await;
            assert_eq!(scene.sandbox.count(MAIL).await, 3);
        })
        .await;
}
