//! `spec.suspend` stops every effect and no reading.

use serde_json::json;

use crate::support::{
    calls::{ACTIVATE, CANCEL, DISCARD, ENROLL, MAIL, ORDER, PARCEL},
    object::Object,
    scene::scene,
};

const EFFECTS: [&str; 6] = [ENROLL, ORDER, ACTIVATE, MAIL, CANCEL, DISCARD];

#[tokio::test]
async fn suspended_before_the_order_nothing_is_sent_until_it_is_unset() {
    scene("before")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship_with("kim", &login, json!({"suspend": true})).await;
            let resting = shipment.until_reason("Suspended").await;
            assert_eq!((resting.is("Ready"), resting.is("Stalled")), ("False", ""));
            shipment.look_now().await;
            for effect in EFFECTS {
                assert_eq!(scene.sandbox.count(effect).await, 0, "{effect}");
            }
            shipment.change(json!({"suspend": false})).await;
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn suspended_on_the_way_the_parcel_is_followed_and_responses_are_saved() {
    scene("onway")
        .connection(json!({"polling": {"firstAfter": "15s"}}))
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let ordered = shipment.until_ordered().await;
            let order = ordered.text("/status/order/shipmentId").to_owned();
            shipment.change(json!({"suspend": true})).await;
            let resting = shipment.until("the new spec was seen", Object::is_current).await;
            assert_eq!((resting.is("Ready"), resting.phase()), ("True", "Ordered"));
            scene.sandbox.set_state(&order, 103).await;
            let shipped = shipment.until_phase("Shipped").await;
            assert!(shipped.has("/status/responses/credential"));
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_phase("Delivered").await;
            let polls = scene.sandbox.count(PARCEL).await;
            scene.sandbox.counts(PARCEL, polls + 2).await;
            assert_eq!(scene.sandbox.count(ACTIVATE).await, 0);
            shipment.change(json!({"suspend": false})).await;
            shipment.until_reason("Activated").await;
        })
        .await;
}

#[tokio::test]
async fn suspended_and_deleted_nothing_is_cancelled_until_it_is_unset() {
    scene("delete")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_ordered().await;
            shipment.change(json!({"suspend": true})).await;
            shipment.until("the new spec was seen", Object::is_current).await;
            shipment.delete().await;
            let polls = scene.sandbox.count(PARCEL).await;
            scene.sandbox.counts(PARCEL, polls + 2).await;
            assert_eq!(scene.sandbox.count(CANCEL).await, 0);
            shipment.change(json!({"suspend": false})).await;
            shipment.until_gone().await;
            assert!(scene.sandbox.enrollments().await.is_empty());
        })
        .await;
}
