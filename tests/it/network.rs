//! The network between the operator and both vendors is cut in the middle of an order.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    calls::{ENROLL, MAIL, ORDER},
    operator::Launch,
    proxy::Proxy,
    scene::{Scene, own_scene},
    shipment::Handle,
};

/// Longer than any call is waited for, than `settle`, and than a connection is kept.
const OUTAGE: Duration = Duration::from_mins(1);

/// The vendors are reached through a wire that can be cut.
async fn wired(scene: &Scene) -> Proxy {
    let tunnel = Proxy::tunnel();
    let launch =
        Launch::on(scene.plane(), "operator").set("HTTPS_PROXY", &tunnel.url()).set("NO_PROXY", "127.0.0.1");
    scene.operate(launch).await;
    tunnel
}

/// The road goes on to its end, and there was one order only.
async fn arrives(scene: &Scene, shipment: &Handle) {
    let object = shipment.until_ordered().await;
    let orders = scene.sandbox.orders().await;
    assert_eq!(orders.len(), 1, "{orders:#?}");
    assert_eq!(object.text("/status/order/shipmentId"), orders[0]["id"].as_str().unwrap());
    scene.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
    shipment.until_reason("Activated").await;
    assert_eq!(scene.sandbox.count(ORDER).await, 1, "the order was sent once");
    assert_eq!(scene.sandbox.enrollments().await.len(), 1);
    assert_eq!(scene.sandbox.count(MAIL).await, 1);
}

#[tokio::test]
async fn an_order_whose_answer_a_cut_network_swallowed_is_found_again_and_never_sent_twice() {
    own_scene("cut")
        .connection(json!({"calls": {"timeout": "15s", "settle": "40s"}}))
        .play(async |scene| {
            let tunnel = wired(scene).await;
            scene.sandbox.fault(ORDER, json!({"kind": "delay", "ms": 12_000, "when": "after"})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            // The vendor has it; its answer is on the way.
            scene.sandbox.counts(ORDER, 1).await;
            tunnel.cut();
            tokio::time::sleep(OUTAGE).await;
            let object = shipment.get().await;
            assert_ne!(object.is("Ordered"), "True", "nothing passes: {}", object.message());
            assert_eq!(scene.sandbox.count(ORDER).await, 1);
            tunnel.mend();
            arrives(scene, &shipment).await;
        })
        .await;
}

#[tokio::test]
async fn an_order_that_a_cut_network_kept_from_leaving_is_sent_once_it_is_whole_again() {
    own_scene("cutoff")
        // Time to cut the wire to Yubico between the enrolment and the order.
        .connection(json!({"calls": {"timeout": "6s", "settle": "22s", "lookDelay": "15s"}}))
        .play(async |scene| {
            let tunnel = wired(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            scene.sandbox.counts(ENROLL, 1).await;
            tunnel.cut_port(scene.sandbox.port("yubico"));
            tokio::time::sleep(OUTAGE).await;
            let object = shipment.get().await;
            assert!(object.has("/status/order"), "an order was marked: {}", object.0["status"]);
            assert_eq!(scene.sandbox.count(ORDER).await, 0, "and could not leave");
            tunnel.mend();
            arrives(scene, &shipment).await;
        })
        .await;
}
