//! What a person must do is said as long as it is so, and in words that can be followed.

use serde_json::json;

use crate::support::{
    calls::{CANCEL, USERS},
    object::Object,
    scene::scene,
};

#[tokio::test]
async fn a_failed_look_replaces_nothing_that_a_person_must_do() {
    scene("reread")
        .play(async |scene| {
            let login = scene.person("eve", "ACTIVE").await;
            scene.sandbox.change_person(&login, json!({"profile": {"city": null}})).await;
            let shipment = scene.ship("eve", &login).await;
            let held = shipment.until_reason("InvalidRecipient").await;
            let before = scene.events(&scene.name, "eve").await;
            for fault in [
                json!({"kind": "status", "status": 503}),
                json!({"kind": "webPage", "status": 403}),
                json!({"kind": "status", "status": 429, "headers": {"Retry-After": "1"}}),
            ] {
                let calls = scene.sandbox.count(USERS).await;
                let rule = scene.sandbox.fault_always(USERS, fault.clone()).await;
                shipment.look_now().await;
                scene.sandbox.counts(USERS, calls + 1).await;
                // Whatever comes of the look is written before the annotation is answered.
                let after = shipment.until("the look is over", Object::is_current).await;
                assert_eq!((after.phase(), after.reason()), ("Held", "InvalidRecipient"), "{fault}");
                assert_eq!(after.text("/status/hold/id"), held.text("/status/hold/id"));
                assert_eq!(after.message(), held.message());
                scene.sandbox.mend(rule).await;
            }
            assert_eq!(scene.events(&scene.name, "eve").await, before, "nobody is told again");
            scene.sandbox.change_person(&login, json!({"profile": {"city": "Concord"}})).await;
            shipment.look_now().await;
            shipment.until_ordered().await;
        })
        .await;
}

#[tokio::test]
async fn an_attribute_of_another_type_is_told_as_what_it_is() {
    scene("types")
        .play(async |scene| {
            let login = scene.person("eve", "ACTIVE").await;
            let profile = json!({"zipCode": 1742, "primaryPhone": ["+1 617-555-0142"]});
            scene.sandbox.change_person(&login, json!({"profile": profile})).await;
            let held = scene.ship("eve", &login).await.until_reason("InvalidRecipient").await;
            for told in
                ["(profile.zipCode) is a number", "(profile.primaryPhone) is a list", "a text is needed"]
            {
                assert!(held.message().contains(told), "{told}: {}", held.message());
            }
            assert!(!held.message().contains("is missing") && !held.message().contains("1742"));
        })
        .await;
}

#[tokio::test]
async fn an_unknown_model_is_told_with_those_that_there_are() {
    scene("models")
        .play(async |scene| {
            let login = scene.person("eve", "ACTIVE").await;
            let unknown = json!({"key": {"model": "yubikey-6"}});
            let held = scene.ship_with("eve", &login, unknown).await.until_reason("UnknownKeyModel").await;
            for told in ["yubikey-6", "yubikey-5c-nfc", "cannot be changed", "delete this shipment"] {
                assert!(held.message().contains(told), "{told}: {}", held.message());
            }
        })
        .await;
}

#[tokio::test]
async fn a_cancellation_that_came_too_late_is_said_by_reason_and_phase_alike() {
    scene("too-late")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            scene.sandbox.fault_always(CANCEL, json!({"kind": "status", "status": 403})).await;
            shipment.delete().await;
            let told = |object: &Object| object.reason() == "CancelImpossible";
            let late = shipment.until("it says why it stays", told).await;
            assert_eq!((late.is("Ready"), late.phase()), ("True", "Ordered"), "{}", late.0);
            assert!(late.message().contains("too late to cancel"), "{}", late.message());
            scene.sandbox.set_state(&order, 103).await;
            shipment.look_now().await;
            let shipped = shipment.until_phase("Shipped").await;
            assert_eq!(shipped.reason(), "CancelImpossible");
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_gone().await;
        })
        .await;
}
