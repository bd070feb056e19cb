//! A fault of the connection is said there, and once at each shipment that waits for it. What is finished or held is not
//! touched: not by the fault, not by its end, and not by the connection's deletion. Counted by the API server's audit log.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{
    audit,
    plane::operator_user,
    scene::{Scene, own_scene},
    shipment::Handle,
    until,
};

/// With these the figures of the issue were measured; `FINISHED=1000` measures them again.
const FINISHED: usize = 120;
const OPEN: usize = 50;

fn finished() -> usize {
    std::env::var("FINISHED").ok().and_then(|text| text.parse().ok()).unwrap_or(FINISHED)
}

/// So many that are as this one is, for other people and with other ids.
async fn copies(scene: &Scene, pattern: &Handle, name: &str, count: usize) -> Vec<Handle> {
    let pattern = pattern.get().await.0;
    let one = async |number: usize| {
        let mut text = json!({"spec": pattern["spec"], "status": pattern["status"]}).to_string();
        let ids =
            ["/spec/userRef/login", "/status/userId", "/status/enrollment/id", "/status/order/shipmentId"];
        for pointer in ids {
            let id = pattern.pointer(pointer).and_then(Value::as_str).unwrap();
            text = text.replace(id, &format!("{name}{number}x{}", pointer.len()));
        }
        let copy: Value = serde_json::from_str(&text).unwrap();
        let handle = Handle::shipment(&scene.client, &scene.name, &format!("{name}-{number}"));
        handle.create("YubiKeyShipment", copy["spec"].clone()).await;
        handle.patch(json!({"metadata": {"finalizers": ["fidoprereg.dev/vendors-in-order"]}})).await;
        handle.set_status(copy["status"].clone()).await;
        handle
    };
    stream::iter(0..count).map(one).buffer_unordered(8).collect().await
}

/// Patches of the operator since a line of the log, by shipment.
fn patches(scene: &Scene, from: usize) -> BTreeMap<String, usize> {
    let log = scene.plane().audit_log.clone().unwrap();
    let mut counted = BTreeMap::new();
    for request in audit::read(&log).split_off(from) {
        let ours = request.user() == operator_user() && request.is_write() && request.succeeded();
        if ours && request.resource().starts_with("yubikeyshipments") {
            *counted.entry(request.name().to_owned()).or_default() += 1;
        }
    }
    counted
}

fn lines(scene: &Scene) -> usize {
    audit::read(scene.plane().audit_log.as_ref().unwrap()).len()
}

/// Waits until all of these are as described.
async fn all(
    shipments: &[Handle],
    what: &str,
    holds: impl Fn(&crate::support::object::Object) -> bool + Copy,
) {
    for shipment in shipments {
        shipment.until(what, holds).await;
    }
}

fn none_of(touched: &BTreeMap<String, usize>, rests: &str, when: &str) {
    let found: Vec<_> = touched.iter().filter(|(name, _)| name.starts_with(rests)).collect();
    assert!(found.is_empty(), "{when}: {} of {rests} were written, as {:?}", found.len(), found.first());
}

fn each_at_most(touched: &BTreeMap<String, usize>, open: &str, most: usize, when: &str) {
    let found: Vec<_> =
        touched.iter().filter(|(name, count)| name.starts_with(open) && **count > most).collect();
    assert!(found.is_empty(), "{when}: written more than {most} times: {found:?}");
}

#[tokio::test]
async fn a_fault_of_the_connection_is_said_once_by_those_who_wait_for_it_and_touches_nobody_else() {
    // Looks happen on request only.
    own_scene("once")
        .connection(json!({"polling": {"firstAfter": "1h", "interval": "1h"}}))
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let pattern = scene.ship("kim", &login).await;
            let order = pattern.until_ordered().await.text("/status/order/shipmentId").to_owned();
            scene.rest_operator();
            let open = copies(scene, &pattern, "open", OPEN).await;
            scene.start_operator().await;
            scene.sandbox.set_state(&order, 104).await;
            pattern.look_now().await;
            pattern.until_reason("Activated").await;
            let missing = scene.login("missing");
            scene.ship("held", &missing).await.until_reason("UserNotFound").await;
            scene.rest_operator();
            let done = copies(scene, &pattern, "done", finished()).await;
            scene.start_operator().await;
            let witness = async |name: &str| {
                let login = scene.person(name, "ACTIVE").await;
                scene.ship(name, &login).await
            };
            witness("first").await.until_ordered().await;

            // Thrice at fault, and well again.
            for round in 0..3 {
                let from = lines(scene);
                let before = scene.mount.files();
                // A key that is only wrong would leave the one before in use; one that was taken away does not.
                let without = before.iter().filter(|(name, _)| name != "okta-private-key").cloned();
                scene.mount.swap(&without.collect::<Vec<_>>());
                scene.connection().until_reason("CredentialsMissing").await;
                all(&open, "it waits", |o| o.text("/status/failure/reason") == "CredentialsMissing").await;
                let waiting = witness(&format!("waits-{round}")).await;
                waiting.until_reason("CredentialsMissing").await;
                // Found again and again, and said once.
                for _ in 0..3 {
                    scene.connection().look_now().await;
                }
                scene.mount.swap(&before);
                scene.connection().until_reason("Succeeded").await;
                waiting.until_ordered().await;
                all(&open, "it goes on", |o| !o.has("/status/failure")).await;
                let touched = patches(scene, from);
                for rests in ["done", "held"] {
                    none_of(&touched, rests, "fault and recovery");
                }
                each_at_most(&touched, "open", 2, "fault and recovery");
                println!(
                    "round {round}: {} finished, {OPEN} open: {} patches",
                    done.len(),
                    touched.values().sum::<usize>()
                );
            }

            // A deletion waits for those that are open, and says for whom.
            let from = lines(scene);
            scene.connection().delete().await;
            let told =
                scene.connection().until("it says who keeps it", |c| c.is("Terminating") == "True").await;
            let said = told.message_of("Terminating");
            assert!(said.contains(&format!("{}/", scene.name)) && said.contains(" more"), "{said}");
            assert!(said.len() < 1_000 && said.contains("Orphan"), "{said}");
            let leaving = witness("leaves").await;
            leaving.until_reason("ConnectionNotReady").await;
            assert!(leaving.get().await.message().contains("is being deleted"));
            scene.connection().patch(json!({"metadata": {"finalizers": null}})).await;
            let gone = until(async || scene.connection().find().await.is_none().then_some(())).await;
            assert!(gone.is_some(), "the connection is gone");
            leaving.until_reason("ConnectionNotFound").await;
            all(&open, "there is no connection", |o| o.reason() == "ConnectionNotFound").await;
            open[0].delete().await;
            let told = open[0].until("it names the way out", |o| o.message().contains("Orphan")).await;
            assert!(told.message().contains("YubiKeyConnection"), "{}", told.message());
            let touched = patches(scene, from);
            for rests in ["done", "held"] {
                none_of(&touched, rests, "a deletion");
            }
            each_at_most(&touched, "open", 2, "a deletion");
            let events = scene.events(&scene.name, "done-0").await;
            assert!(events.is_empty(), "{events:#?}");
        })
        .await;
}
