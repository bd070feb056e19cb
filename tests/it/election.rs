//! Several operators on one cluster: one acts, and another goes on where it ended.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::support::{
    audit,
    calls::{ENROLL, MAIL, ORDER, PARCEL},
    now,
    operator::{Launch, Operator},
    plane::operator_user,
    proxy::Proxy,
    scene::{Scene, own_scene},
    shipment::Handle,
    until,
};

/// As the chart grants it.
const LEASE: &str = "yubikey-shipments/yubikey-shipment-operator";

fn replica(scene: &Scene, name: &str, seconds: u64) -> Launch {
    let seconds = seconds.to_string();
    Launch::on(scene.plane(), name).with(&["--lease", LEASE, "--lease-seconds", &seconds, "--identity", name])
}

/// Starts one and waits until it watches.
async fn running(launch: Launch) -> Operator {
    let operator = launch.go().await;
    operator.is_ready().await;
    operator
}

const LEADS: &str = "this process leads";

/// When a log last said this.
fn when(said: &str, words: &str) -> Option<Timestamp> {
    let line = said.lines().rfind(|line| line.contains(words))?;
    line.split_whitespace().next()?.parse().ok()
}

async fn says(operator: &Operator, words: &str) -> Timestamp {
    let at = until(async || when(&operator.said(), words)).await;
    at.unwrap_or_else(|| panic!("it never says {words}:\n{}", operator.tail(20)))
}

async fn ordered(scene: &Scene, name: &str) -> (Handle, String) {
    let login = scene.person(name, "ACTIVE").await;
    let shipment = scene.ship(name, &login).await;
    let object = shipment.until_ordered().await;
    (shipment, object.text("/status/order/shipmentId").to_owned())
}

#[tokio::test]
async fn one_replica_acts_and_another_takes_over_as_soon_as_it_ends() {
    own_scene("replicas")
        .play(async |scene| {
            scene.rest_operator();
            // So long that nobody would wait for its end.
            let seconds = 120;
            let leader = running(replica(scene, "a", seconds)).await;
            says(&leader, LEADS).await;
            let (tunnel, kubeconfig) = (Proxy::tunnel(), scene.plane().another_kubeconfig("b").await);
            let standby = replica(scene, "b", seconds)
                .set("KUBECONFIG", kubeconfig.to_str().unwrap())
                .set("HTTPS_PROXY", &tunnel.url())
                .set("NO_PROXY", "127.0.0.1");
            let standby = running(standby).await;
            let (shipment, order) = ordered(scene, "kim").await;
            assert!(!tunnel.was_used(), "the standby calls no vendor");
            let before = written(scene);
            assert_eq!(before.len(), 1, "only the leader writes");

            leader.stop();
            let released = when(&said(scene, "a"), "the lease is released").expect("it lets go of the lease");
            let led = says(&standby, LEADS).await;
            let gap = led.duration_since(released).unsigned_abs();
            println!("a standby leads {gap:?} after the lease was let go");
            assert!(gap < Duration::from_secs(seconds) / 4, "it does not wait for the lease to run out");

            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
            assert!(tunnel.was_used());
            assert_eq!(written(scene).len(), 2, "now the other writes");
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (1, 1));
            standby.stop();
        })
        .await;
}

fn said(scene: &Scene, replica: &str) -> String {
    std::fs::read_to_string(scene.plane().dir.join(format!("{replica}.log"))).unwrap()
}

/// Tokens that the operator's account wrote with, after the operator of the scene was ended.
fn written(scene: &Scene) -> std::collections::BTreeSet<String> {
    let log = audit::read(scene.plane().audit_log.as_ref().unwrap());
    let ours = log.iter().filter(|r| r.user() == operator_user() && r.is_write());
    // The scene's connection was examined by the operator that began it.
    let shipments = ours.filter(|request| request.resource().starts_with("yubikeyshipments"));
    shipments.map(|request| request.credential().to_owned()).collect()
}

#[tokio::test]
async fn a_replica_that_dies_is_followed_by_another_when_its_lease_has_run_out() {
    own_scene("widow")
        .play(async |scene| {
            scene.rest_operator();
            let seconds = 8;
            let leader = running(replica(scene, "a", seconds)).await;
            says(&leader, LEADS).await;
            let standby = running(replica(scene, "b", seconds)).await;
            let (shipment, order) = ordered(scene, "kim").await;
            leader.kill();
            let renewed = renewal(scene).await;
            let led = says(&standby, LEADS).await;
            let gap = led.duration_since(renewed);
            assert!(gap.as_secs() >= i64::try_from(seconds).unwrap(), "the lease had not run out: {gap:#}");
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (1, 1));
            standby.stop();
        })
        .await;
}

/// When the leader last renewed its lease.
async fn renewal(scene: &Scene) -> Timestamp {
    let (namespace, name) = LEASE.split_once('/').unwrap();
    let arguments = ["get", "lease", name, "-n", namespace, "-o", "jsonpath={.spec.renewTime}"];
    scene.kubectl().run(&arguments).await.fine().parse().unwrap()
}

#[tokio::test]
async fn a_leader_that_loses_the_api_server_stops_acting_before_another_begins() {
    own_scene("islanded")
        .play(async |scene| {
            scene.rest_operator();
            // The leader gives up after two thirds of it, the other begins after all of it: ten seconds between.
            let seconds = 30;
            let wire = Proxy::to(scene.plane().address());
            let kubeconfig = scene.plane().operator_kubeconfig_by(wire.address);
            let leader = replica(scene, "a", seconds).set("KUBECONFIG", kubeconfig.to_str().unwrap());
            let leader = running(leader).await;
            says(&leader, LEADS).await;
            let standby = running(replica(scene, "b", seconds)).await;
            let (shipment, order) = ordered(scene, "kim").await;
            scene.sandbox.counts(PARCEL, 2).await;

            wire.cut();
            let cut = now();
            let led = says(&standby, LEADS).await;
            let calls = scene.sandbox.calls().await;
            let between: Vec<_> = calls.iter().filter(|call| call.at > cut && call.at < led).collect();
            assert!(!between.is_empty(), "cut off, the leader still reads the parcel for a while");
            let quiet = Duration::from_secs(3);
            let late: Vec<_> =
                between.iter().filter(|call| led.duration_since(call.at).unsigned_abs() < quiet).collect();
            assert!(late.is_empty(), "the old leader acts until the new one begins: {late:#?}");

            // Back again, the old one only watches.
            wire.mend();
            scene.sandbox.set_state(&order, 104).await;
            shipment.until_reason("Activated").await;
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (1, 1));
            assert_eq!(scene.sandbox.count(MAIL).await, 1);
            standby.stop();
            leader.stop();
        })
        .await;
}

#[tokio::test]
async fn asked_to_end_in_the_middle_of_an_order_it_writes_the_receipt_first() {
    own_scene("farewell")
        .play(async |scene| {
            scene.rest_operator();
            let operator = running(replica(scene, "a", 15)).await;
            scene.sandbox.fault(ORDER, json!({"kind": "delay", "ms": 5000, "when": "after"})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            scene.sandbox.counts(ORDER, 1).await;
            // It must end well, and by itself.
            operator.stop();
            let object = shipment.get().await;
            let orders = scene.sandbox.orders().await;
            assert_eq!(object.is("Ordered"), "True", "the answer came after the signal and is written");
            assert_eq!(object.text("/status/order/shipmentId"), orders[0]["id"].as_str().unwrap());
            assert_eq!(orders.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn two_operators_without_a_lease_order_one_key_a_person() {
    own_scene("crowd")
        .play(async |scene| {
            let other = running(Launch::on(scene.plane(), "other")).await;
            let mut shipments = Vec::new();
            for number in 0..10 {
                let name = format!("kim-{number}");
                let login = scene.person(&name, "ACTIVE").await;
                shipments.push(scene.ship(&name, &login).await);
            }
            for shipment in &shipments {
                let object = shipment.until_ordered().await;
                scene.sandbox.set_state(object.text("/status/order/shipmentId"), 104).await;
            }
            for shipment in &shipments {
                shipment.until_reason("Activated").await;
            }
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (10, 10));
            assert_eq!(scene.sandbox.enrollments().await.len(), 10);
            assert_eq!(scene.sandbox.count(MAIL).await, 10, "one PIN each");
            other.stop();
        })
        .await;
}

#[tokio::test]
async fn a_leader_that_loses_its_lease_between_two_steps_keeps_what_the_first_one_gave() {
    own_scene("dethroned")
        // Long enough for the lease to be lost between the enrolment and the second look.
        .connection(json!({"calls": {"timeout": "10s", "settle": "60s", "lookDelay": "25s"}}))
        .play(async |scene| {
            scene.rest_operator();
            let leader = running(replica(scene, "a", 15)).await;
            says(&leader, LEADS).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            scene.sandbox.counts(ENROLL, 1).await;
            // Somebody takes the lease, and nobody acts for it.
            let (namespace, name) = LEASE.split_once('/').unwrap();
            let taken = json!({"spec": {"holderIdentity": "a-stranger", "leaseDurationSeconds": 600}});
            let arguments =
                ["patch", "lease", name, "-n", namespace, "--type=merge", "-p", &taken.to_string()];
            scene.kubectl().run(&arguments).await.fine();
            let object = shipment.until("the receipt stands", |o| o.has("/status/enrollment/id")).await;
            assert_eq!(object.text("/status/enrollment/outcome"), "Made");
            assert!(!object.has("/status/order"), "and nothing more was begun: {}", object.0["status"]);
            assert_eq!(scene.sandbox.count(ORDER).await, 0);
            leader.stop();
        })
        .await;
}
