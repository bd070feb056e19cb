//! The API server falls silent in the middle of an order: connections that carry nothing any more, and a server that stands
//! still. Nothing waits for ever, nothing is sent on the word of a write without an answer, and nothing is sent twice.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    calls::{ENROLL, MAIL, ORDER},
    operator::Launch,
    proxy::Proxy,
    scene::{Scene, own_scene},
    scrape::Scrape,
    shipment::Handle,
    until,
};

/// Longer than any call is waited for, than `settle`, and than a mark counts.
const PAUSE: Duration = Duration::from_mins(1);

/// What the operator says when a call got no answer.
const SILENT: &str = "the API server is silent";

/// The API server is reached through a wire whose connections can be muted.
async fn wired(scene: &Scene) -> Proxy {
    let wire = Proxy::to(scene.plane().address());
    let kubeconfig = scene.plane().operator_kubeconfig_by(wire.address);
    let launch = Launch::on(scene.plane(), "operator").set("KUBECONFIG", kubeconfig.to_str().unwrap());
    scene.operate(launch).await;
    wire
}

async fn begun(scene: &Scene, operation: &str) -> Handle {
    // The vendor has done it; its answer is on the way.
    scene.sandbox.fault(operation, json!({"kind": "delay", "ms": 6_000, "when": "after"})).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    scene.sandbox.counts(operation, 1).await;
    shipment
}

/// The order stands in the status without anybody's answer, and was made once.
async fn is_ordered_once(scene: &Scene, shipment: &Handle) {
    let object = shipment.until_ordered().await;
    let orders = scene.sandbox.orders().await;
    assert_eq!(orders.len(), 1, "{orders:#?}");
    assert_eq!(object.text("/status/order/shipmentId"), orders[0]["id"].as_str().unwrap());
    assert_eq!(scene.sandbox.count(ORDER).await, 1, "the order was sent once");
    assert_eq!(scene.sandbox.count(ENROLL).await, 1, "and one enrolment was made for it");
    assert_eq!(scene.sandbox.enrollments().await.len(), 1);
    scene.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
    shipment.until_reason("Activated").await;
    assert_eq!(scene.sandbox.count(MAIL).await, 1);
}

/// Calls of this kind that got no answer, as `/metrics` counts them.
async fn silences(scene: &Scene, call: &str) -> f64 {
    let address = scene.operator().as_ref().unwrap().address.clone();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = http.get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap();
    Scrape::of(&text).value("api_server_timeouts_total", &[&format!("call={call}")]).unwrap()
}

async fn counts(scene: &Scene, call: &str) {
    let counted = until(async || (silences(scene, call).await > 0.0).then_some(())).await;
    assert!(counted.is_some(), "no silent {call} is counted");
}

fn said(scene: &Scene) -> String {
    scene.operator().as_ref().unwrap().said()
}

/// With calls that never end it would be waited for as long as a process may take to end.
fn ends_by_itself(scene: &Scene) {
    let operator = scene.operator().take().unwrap();
    let log = operator.log.clone();
    operator.stop();
    let said = std::fs::read_to_string(log).unwrap();
    assert!(!said.contains("calls were still under way at the end"), "{said}");
}

#[tokio::test]
async fn an_order_whose_receipt_went_into_a_muted_connection_is_written_through_another() {
    own_scene("muted")
        .play(async |scene| {
            let wire = wired(scene).await;
            let shipment = begun(scene, ORDER).await;
            wire.mute();
            is_ordered_once(scene, &shipment).await;
            assert!(said(scene).contains(SILENT), "the log tells:\n{}", said(scene));
            counts(scene, "write").await;
            // Nothing of what changes is noticed before the watches are open again.
            counts(scene, "watch").await;
            wire.mute();
            ends_by_itself(scene);
        })
        .await;
}

#[tokio::test]
async fn an_order_is_written_once_an_api_server_that_stood_still_goes_on() {
    own_scene("paused-order")
        .play(async |scene| {
            let shipment = begun(scene, ORDER).await;
            scene.plane().pause();
            tokio::time::sleep(PAUSE).await;
            scene.plane().go_on();
            is_ordered_once(scene, &shipment).await;
            assert!(said(scene).contains(SILENT), "the log tells:\n{}", said(scene));
            counts(scene, "write").await;
            ends_by_itself(scene);
        })
        .await;
}

/// The enrolment is written together with the order's mark. That write gets no answer, and is done all the same, later:
/// the mark stands, and only this process knows that nothing was sent on its word.
#[tokio::test]
async fn an_order_whose_mark_got_no_answer_is_placed_without_anybodys_help() {
    own_scene("paused-mark")
        .play(async |scene| {
            let shipment = begun(scene, ENROLL).await;
            scene.plane().pause();
            tokio::time::sleep(PAUSE).await;
            assert_eq!(scene.sandbox.count(ORDER).await, 0, "nothing is sent on the word of such a write");
            scene.plane().go_on();
            is_ordered_once(scene, &shipment).await;
            ends_by_itself(scene);
        })
        .await;
}

#[tokio::test]
async fn it_ends_when_asked_while_the_api_server_stands_still() {
    own_scene("paused-end")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
            scene.plane().pause();
            ends_by_itself(scene);
            scene.plane().go_on();
        })
        .await;
}
