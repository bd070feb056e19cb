//! What bounds the stock: orders that nobody follows any more keep their place, letting go can be forbidden, and so can
//! keys that are none of the connection's models.

use serde_json::{Value, json};

use crate::support::{
    calls::{CANCEL, ENROLL},
    object::Object,
    scene::{Scene, own_scene, scene},
    shipment::Handle,
    until,
};

async fn declared(scene: &Scene, namespace: &str, name: &str, more: Value) -> Handle {
    let login = scene.person(name, "ACTIVE").await;
    scene.ship_in(namespace, name, &login, more).await
}

/// Lets go of a shipment, whatever its policy was.
async fn let_go(shipment: &Handle) {
    shipment.change(json!({"deletionPolicy": "Orphan"})).await;
    shipment.delete().await;
    shipment.until_gone().await;
}

/// Orders of a namespace that the connection's status counts.
fn counted(connection: &Object, namespace: &str) -> u64 {
    let all = connection.0["status"]["letGo"].as_array().cloned().unwrap_or_default();
    all.iter()
        .filter(|entry| entry["namespace"] == namespace)
        .filter_map(|entry| entry["orders"].as_u64())
        .sum()
}

async fn waits(shipment: &Handle) -> Object {
    shipment.until_reason("TooManyOpenOrders").await
}

#[tokio::test]
async fn orders_that_were_let_go_keep_their_place_through_a_restart_until_they_must_have_arrived() {
    own_scene("let-go")
        .connection(json!({"policy": {"maxOpenOrders": 2}}))
        .play(async |scene| {
            let elsewhere = format!("{}-b", scene.name);
            scene.namespace(&elsewhere).await;
            for name in ["kim", "lou"] {
                let shipment = declared(scene, &scene.name, name, json!({})).await;
                shipment.until_ordered().await;
                let_go(&shipment).await;
            }
            let connection = scene.connection().get().await;
            assert_eq!((counted(&connection, &scene.name), counted(&connection, &elsewhere)), (2, 0));
            let max = declared(scene, &scene.name, "max", json!({})).await;
            let said = waits(&max).await;
            assert!(said.message().contains("2 of them were let go"), "{}", said.message());

            scene.rest_operator();
            scene.start_operator().await;
            let mia = declared(scene, &scene.name, "mia", json!({})).await;
            waits(&mia).await;
            declared(scene, &elsewhere, "ned", json!({})).await.until_ordered().await;
            assert_eq!(scene.sandbox.orders().await.len(), 3, "two of this namespace, one of another");

            let past = json!([{"namespace": scene.name, "day": "2026-01-31", "orders": 2}]);
            scene.connection().set_status(json!({"letGo": past})).await;
            for shipment in [&max, &mia] {
                shipment.until_ordered().await;
            }
            assert_eq!(scene.sandbox.orders().await.len(), 5);
        })
        .await;
}

#[tokio::test]
async fn what_has_arrived_was_cancelled_or_never_ordered_is_not_counted_when_it_goes() {
    scene("arrived")
        .play(async |scene| {
            let arrived =
                declared(scene, &scene.name, "kim", json!({"activation": {"after": "Approval"}})).await;
            let order = arrived.until_ordered().await.text("/status/order/shipmentId").to_owned();
            scene.sandbox.set_state(&order, 104).await;
            arrived.until_reason("AwaitingApproval").await;
            let_go(&arrived).await;
            let cancelled = declared(scene, &scene.name, "lou", json!({})).await;
            cancelled.until_ordered().await;
            cancelled.delete().await;
            cancelled.until_gone().await;
            let held = declared(scene, &scene.name, "max", json!({"key": {"model": "no-such-model"}})).await;
            held.until_reason("UnknownKeyModel").await;
            let_go(&held).await;
            assert_eq!(counted(&scene.connection().get().await, &scene.name), 0);
            let under_way = declared(scene, &scene.name, "mia", json!({})).await;
            under_way.until_ordered().await;
            let_go(&under_way).await;
            assert_eq!(counted(&scene.connection().get().await, &scene.name), 1);
        })
        .await;
}

#[tokio::test]
async fn many_that_are_let_go_at_once_are_all_counted() {
    const MANY: usize = 12;
    scene("crowd")
        .play(async |scene| {
            let mut shipments = Vec::new();
            for number in 0..MANY {
                shipments.push(declared(scene, &scene.name, &format!("p{number}"), json!({})).await);
            }
            for shipment in &shipments {
                shipment.until_ordered().await;
                shipment.change(json!({"deletionPolicy": "Orphan"})).await;
            }
            for shipment in &shipments {
                shipment.delete().await;
            }
            for shipment in &shipments {
                shipment.until_gone().await;
            }
            let connection = scene.connection().get().await;
            assert_eq!(counted(&connection, &scene.name), MANY as u64, "{}", connection.0["status"]["letGo"]);
            assert!(connection.0["status"]["letGo"].as_array().unwrap().len() <= 2, "one entry a day");
        })
        .await;
}

#[tokio::test]
async fn a_shipment_whose_enrolment_was_refused_needs_a_place_like_any_other() {
    scene("refused-place")
        .connection(json!({"policy": {"maxOpenOrders": 1}}))
        .play(async |scene| {
            let rule = scene.sandbox.fault(ENROLL, json!({"kind": "status", "status": 400})).await;
            let refused = declared(scene, &scene.name, "kim", json!({})).await;
            refused
                .until("its enrolment is refused", |o| o.text("/status/enrollment/outcome") == "Refused")
                .await;
            scene.sandbox.mend(rule).await;
            let other = declared(scene, &scene.name, "lou", json!({})).await;
            let both = until(async || {
                let (first, second) = (refused.get().await, other.get().await);
                let one_waits = [&first, &second].iter().any(|o| o.reason() == "TooManyOpenOrders");
                let ordered = [&first, &second].iter().filter(|o| o.is("Ordered") == "True").count();
                assert!(ordered < 2, "both are ordered: {} and {}", first.message(), second.message());
                (one_waits && ordered == 1).then_some(())
            });
            assert!(both.await.is_some(), "one is ordered and the other waits");
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn where_letting_go_is_forbidden_a_deletion_cancels_and_nobody_new_may_ask_for_it() {
    scene("no-orphans")
        .connection(json!({"policy": {"orphan": "Forbid"}}))
        .play(async |scene| {
            let shipment = declared(scene, &scene.name, "kim", json!({})).await;
            shipment.until_ordered().await;
            let_go(&shipment).await;
            assert_eq!(scene.sandbox.count(CANCEL).await, 1, "the order is cancelled");
            assert_eq!(counted(&scene.connection().get().await, &scene.name), 0);
            let enrolled = scene.sandbox.count(ENROLL).await;
            let asks = declared(scene, &scene.name, "lou", json!({"deletionPolicy": "Orphan"})).await;
            let said = asks.until_reason("ForbiddenByConnection").await;
            assert!(said.message().contains("policy.orphan"), "{}", said.message());
            assert_eq!(scene.sandbox.count(ENROLL).await, enrolled, "before any change at the vendors");
            asks.delete().await;
            asks.until_gone().await;
        })
        .await;
}

#[tokio::test]
async fn in_a_namespace_that_ends_an_order_may_be_let_go_although_it_is_forbidden_and_counts() {
    scene("ending")
        .connection(json!({"policy": {"orphan": "Forbid"}}))
        .play(async |scene| {
            let namespace = format!("{}-b", scene.name);
            scene.namespace(&namespace).await;
            let shipment = declared(scene, &namespace, "kim", json!({})).await;
            let order = shipment.until_ordered().await.text("/status/order/shipmentId").to_owned();
            scene.sandbox.set_state(&order, 103).await;
            shipment.until_phase("Shipped").await;
            shipment.change(json!({"deletionPolicy": "Orphan"})).await;
            shipment.delete().await;
            let stays =
                shipment.until("it says why it stays", |o| o.message().contains("policy.orphan")).await;
            assert!(stays.message().contains("too late to cancel"), "{}", stays.message());
            scene.kubectl().run(&["delete", "namespace", &namespace, "--wait=false"]).await.fine();
            shipment.until_gone().await;
            assert_eq!(counted(&scene.connection().get().await, &namespace), 1);
            assert_eq!(scene.sandbox.count(CANCEL).await, 0);
        })
        .await;
}

#[tokio::test]
async fn without_its_connection_an_order_may_be_let_go_although_it_was_forbidden() {
    scene("torn-away")
        .connection(json!({"policy": {"orphan": "Forbid"}}))
        .play(async |scene| {
            let shipment = declared(scene, &scene.name, "kim", json!({})).await;
            shipment.until_ordered().await;
            // The finalizer stays as long as the order needs the connection, until somebody removes it by force.
            let connection = scene.connection();
            connection.delete().await;
            connection.until("it is being deleted", |o| o.has("/metadata/deletionTimestamp")).await;
            connection.patch(json!({"metadata": {"finalizers": null}})).await;
            connection.until_gone().await;
            let_go(&shipment).await;
            assert_eq!(scene.sandbox.count(CANCEL).await, 0);
        })
        .await;
}

#[tokio::test]
async fn a_finalizer_that_is_removed_by_hand_frees_no_place() {
    scene("torn-shipment")
        .connection(json!({"policy": {"maxOpenOrders": 1}, "yubico": {"cancelBy": "Console"}}))
        .play(async |scene| {
            let shipment = declared(scene, &scene.name, "kim", json!({})).await;
            shipment.until_ordered().await;
            shipment.delete().await;
            shipment.until_held("CancelInConsole", &["ConfirmCancelled", "AdoptOrder"]).await;
            shipment.patch(json!({"metadata": {"finalizers": null}})).await;
            shipment.until_gone().await;
            let connection = scene.connection();
            connection.until("the order is counted", |o| counted(o, &scene.name) == 1).await;
            waits(&declared(scene, &scene.name, "lou", json!({})).await).await;
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn where_only_models_are_admitted_ids_order_nothing() {
    scene("models")
        .connection(json!({"policy": {"keys": "ModelsOnly"}}))
        .play(async |scene| {
            let ids = json!({"model": null, "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"});
            let by_ids = declared(scene, &scene.name, "kim", json!({"key": ids})).await;
            let said = by_ids.until_reason("ForbiddenByConnection").await;
            assert!(said.message().contains("policy.keys"), "{}", said.message());
            assert_eq!(scene.sandbox.count(ENROLL).await, 0);
            declared(scene, &scene.name, "lou", json!({})).await.until_ordered().await;
        })
        .await;
}
