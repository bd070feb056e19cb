//! A restart is no event: what rests is neither written nor read because a process started.

use serde_json::json;

use crate::support::{
    audit,
    calls::{ENROLL, ORDER, PARCEL},
    plane::operator_user,
    sandbox::Call,
    scene::{Scene, own_scene},
    shipment::Handle,
    until,
};

/// One of each: held, ordered, activated; each at rest.
struct AtRest {
    shipments: Vec<Handle>,
    users: Vec<String>,
}

#[tokio::test]
async fn a_restart_writes_nothing_and_reads_no_object_at_rest() {
    // Looks happen on request only.
    own_scene("restart")
        .connection(json!({"polling": {"firstAfter": "1h", "interval": "1h"}}))
        .play(async |scene| {
            let resting = at_rest(scene).await;
            let operator = scene.operator().take().unwrap();
            operator.stop();
            stays_at_rest(scene, &resting, "after-stop").await;
            let operator = scene.operator().take().unwrap();
            operator.kill();
            stays_at_rest(scene, &resting, "after-kill").await;
        })
        .await;
}

async fn at_rest(scene: &Scene) -> AtRest {
    let mut resting = AtRest { shipments: Vec::new(), users: Vec::new() };
    scene.sandbox.accepts_at_once().await;
    for name in ["held", "ordered", "activated"] {
        let login = scene.login(name);
        resting.users.push(scene.sandbox.person(&login, "ACTIVE").await);
        if name == "held" {
            scene.sandbox.change_person(&login, json!({"profile": {"city": null}})).await;
        }
        let shipment = scene.ship(name, &login).await;
        match name {
            "held" => drop(shipment.until_reason("InvalidRecipient").await),
            "ordered" => drop(shipment.until_reason("AwaitingShipment").await),
            _ => activated(scene, &shipment).await,
        }
        resting.shipments.push(shipment);
    }
    resting
}

async fn activated(scene: &Scene, shipment: &Handle) {
    let ordered = shipment.until_ordered().await;
    scene.sandbox.set_state(ordered.text("/status/order/shipmentId"), 104).await;
    shipment.look_now().await;
    shipment.until_reason("Activated").await;
}

/// Starts the operator again; a shipment that is declared now and ordered shows that everything was looked through.
async fn stays_at_rest(scene: &Scene, resting: &AtRest, marker: &str) {
    let calls_before = scene.sandbox.last_call().await;
    let log = scene.plane().audit_log.clone().unwrap();
    let requests_before = audit::read(&log).len();
    scene.start_operator().await;
    let login = scene.person(marker, "ACTIVE").await;
    scene.ship(marker, &login).await.until_ordered().await;
    let writes = audit::read(&log).split_off(requests_before);
    let ours = writes.iter().filter(|r| r.user() == operator_user() && r.is_write());
    let touched: Vec<_> = ours
        .filter(|request| resting.shipments.iter().any(|shipment| shipment.name == request.name()))
        .map(|request| (request.verb().to_owned(), request.resource(), request.name().to_owned()))
        .collect();
    assert!(touched.is_empty(), "a restart writes nothing: {touched:#?}");
    let about = |call: &Call| call.user_id.as_ref().is_some_and(|user| resting.users.contains(user));
    let calls = scene.sandbox.calls_since(calls_before).await;
    let reads: Vec<_> = calls.iter().filter(|call| about(call)).collect();
    assert!(reads.is_empty(), "a restart asks the vendors about nobody: {reads:#?}");
    let polls: Vec<_> = calls.iter().filter(|call| call.operation == PARCEL).collect();
    assert!(polls.is_empty(), "a restart reads no order: {polls:#?}");
}

#[tokio::test]
async fn a_kill_while_others_order_loses_no_enrolment() {
    own_scene("queue")
        .connection(json!({"calls": {"timeout": "3m", "settle": "7m"}}))
        .play(async |scene| {
            // Longer than any machine takes to enrol the others: only the kill ends that call.
            let delay = json!({"kind": "delay", "ms": 150_000, "when": "before"});
            let slow = scene.sandbox.fault_always(ORDER, delay).await;
            let mut shipments = Vec::new();
            for number in 0..4 {
                let name = format!("kim-{number}");
                let login = scene.person(&name, "ACTIVE").await;
                shipments.push(scene.ship(&name, &login).await);
            }
            // One is in the call. What the others' enrolments gave stands in their status while they queue.
            let waiting = until(async || {
                let mut waiting = Vec::new();
                for shipment in &shipments {
                    let object = shipment.get().await;
                    if object.text("/status/enrollment/outcome") == "Made" && !object.has("/status/order") {
                        waiting.push(shipment);
                    }
                }
                (waiting.len() == 3).then_some(waiting)
            })
            .await
            .expect("three enrolments are written before their turn to order");
            let operator = scene.operator().take().unwrap();
            operator.kill();
            scene.sandbox.mend(slow).await;
            scene.start_operator().await;
            for shipment in waiting {
                shipment.until_ordered().await;
            }
            assert_eq!(scene.sandbox.count(ENROLL).await, 4, "nobody is enrolled again");
        })
        .await;
}

#[tokio::test]
async fn an_operator_that_is_asked_to_end_finishes_its_call_and_begins_no_other() {
    own_scene("finish")
        .play(async |scene| {
            let enroll = ENROLL;
            scene.sandbox.fault(enroll, json!({"kind": "delay", "ms": 5_000, "when": "after"})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            scene.sandbox.counts(enroll, 1).await;
            scene.rest_operator();
            let object = shipment.get().await;
            assert_eq!(object.text("/status/enrollment/outcome"), "Made", "{}", object.0["status"]);
            assert!(!object.has("/status/order"), "an order was begun at the end: {}", object.0["status"]);
            assert_eq!(scene.sandbox.count(ORDER).await, 0);
            scene.start_operator().await;
            shipment.until_ordered().await;
            assert_eq!((scene.sandbox.count(enroll).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}
