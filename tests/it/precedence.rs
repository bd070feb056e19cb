//! Which of the shipments for one person comes first: who may never order bars nobody, and who only waits goes on by
//! itself.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    calls::{ENROLL, ORDER},
    mount::Mount,
    now,
    scene::{Scene, scene},
    shipment::Handle,
    until,
};

async fn effects(scene: &Scene) -> (usize, usize) {
    (scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await)
}

/// What keeps an older shipment from ordering, and whether it stands in the namespace that is not admitted.
fn bars() -> Vec<(&'static str, bool, Value)> {
    let nowhere = json!({"connectionRef": {"name": "nowhere"}});
    vec![
        ("outside", true, json!({})),
        ("outside-suspended", true, json!({"suspend": true})),
        ("suspended", false, json!({"suspend": true})),
        ("too-late", false, json!({"orderBefore": "2020-01-01T00:00:00Z"})),
        (
            "too-early",
            false,
            json!({"existingKeyPolicy": "OrderAnother", "existingKeyBefore": "2999-01-01T00:00:00Z"}),
        ),
        ("forbidden", false, json!({"recipient": {"firstName": "Eve"}})),
        ("unknown-model", false, json!({"key": {"model": "no-such-model"}})),
        ("nowhere", false, nowhere.clone()),
        ("nowhere-outside", true, nowhere),
    ]
}

/// Declares a shipment for each, which the operator has looked at where it looks at all; gives names and logins.
async fn barred(scene: &Scene) -> Vec<(&'static str, String)> {
    let elsewhere = format!("{}-else", scene.name);
    scene.namespace(&elsewhere).await;
    let names = json!({"allowedNamespaces": {"from": "Names", "names": [scene.name]}});
    scene.connection().change(names).await;
    scene.connection().until("the rule holds", |o| o.is("Ready") == "True" && o.is_current()).await;
    let mut all = Vec::new();
    for (name, outside, spec) in bars() {
        let login = scene.person(name, "ACTIVE").await;
        let namespace = if outside { &elsewhere } else { &scene.name };
        let older = scene.ship_in(namespace, name, &login, spec).await;
        older.until("it was looked at", |o| o.has("/status/conditions/0") && o.is_current()).await;
        all.push((name, login));
    }
    all
}

#[tokio::test]
async fn an_older_shipment_that_may_not_order_bars_nobody() {
    scene("barred")
        .play(async |scene| {
            let people = barred(scene).await;
            let mut official = Vec::new();
            for (name, login) in &people {
                official.push(scene.ship(&format!("{name}-official"), login).await);
            }
            for shipment in &official {
                shipment.until_ordered().await;
            }
            assert_eq!(effects(scene).await, (people.len(), people.len()));
        })
        .await;
}

#[tokio::test]
async fn a_rollout_serves_people_for_whom_others_declared_what_may_not_order() {
    scene("barredroll")
        .play(async |scene| {
            let people = barred(scene).await;
            let list: Vec<_> = people.iter().map(|(_, login)| json!({"login": login})).collect();
            let rollout = scene.roll("staff", json!({"users": {"list": list}}), json!({})).await;
            let all = i64::try_from(people.len()).unwrap();
            let served = rollout.until("everybody is served", |object| object.tally("served") == all).await;
            assert_eq!(served.skipped("OrderedElsewhere"), 0);
            scene.until_orders(u64::try_from(all).unwrap()).await;
        })
        .await;
}

/// A second connection to the same Okta org, whose HRIS gives no answer: what asks for it could order, and has not.
async fn slow_connection(scene: &Scene) -> (String, Mount) {
    let name = format!("{}-slow", scene.name);
    let mount = scene.mount_for(&name, &scene.sandbox.credentials("default"));
    let from = std::path::PathBuf::from(scene.sandbox.says("hrisCredentials"));
    mount.copy_file(&from, "hris-token");
    mount.copy_file(&from, "hris-ca.crt");
    let mut spec = scene.connection_spec();
    spec["recipientSource"] = json!({"http": {"url": scene.sandbox.says("hris")}});
    scene.connect(&name, spec).await.until("it can be used", |o| o.is("Ready") == "True").await;
    scene.sandbox.fault_always("GetRecipient", json!({"kind": "status", "status": 503})).await;
    (name, mount)
}

/// An older shipment that could order and has not, and a younger one that waits behind it.
async fn in_line(scene: &Scene, name: &str, slow: &str, namespace: &str) -> (Handle, Handle) {
    let login = scene.person(name, "ACTIVE").await;
    let older = scene.ship_in(namespace, name, &login, json!({"connectionRef": {"name": slow}})).await;
    let object = older.until_reason("RecipientSourceUnavailable").await;
    // Of two that are made within one second the uid decides.
    let made: jiff::Timestamp = object.text("/metadata/creationTimestamp").parse().unwrap();
    until(async || (now().duration_since(made) >= jiff::SignedDuration::from_secs(1)).then_some(()))
        .await
        .unwrap();
    let younger = scene.ship(&format!("{name}-younger"), &login).await;
    let held = younger.until_held("AnotherOrderForUser", &[]).await;
    assert!(held.message().contains(&format!("{namespace}/{name} ")), "{}", held.message());
    (older, younger)
}

#[tokio::test]
async fn who_waits_behind_an_older_one_goes_on_by_itself_when_that_one_goes_or_may_not_order_any_more() {
    scene("inline")
        .play(async |scene| {
            let elsewhere = format!("{}-else", scene.name);
            scene.namespace(&elsewhere).await;
            let (slow, mount) = slow_connection(scene).await;
            let deleted = in_line(scene, "deleted", &slow, &scene.name).await;
            let suspended = in_line(scene, "suspended", &slow, &scene.name).await;
            let shut_out = in_line(scene, "shut-out", &slow, &elsewhere).await;
            assert_eq!(effects(scene).await, (0, 0));

            deleted.0.delete().await;
            deleted.1.until_ordered().await;
            suspended.0.change(json!({"suspend": true})).await;
            suspended.1.until_ordered().await;
            let names = json!({"allowedNamespaces": {"from": "Names", "names": [scene.name]}});
            Handle::connection(&scene.client, &slow).change(names).await;
            shut_out.1.until_ordered().await;
            assert_eq!(effects(scene).await, (3, 3));
            mount.remove();
        })
        .await;
}

/// A connection admits namespaces by their labels; they change without any change of a shipment.
#[tokio::test]
async fn a_namespace_that_loses_its_label_bars_nobody_any_more() {
    scene("label")
        .play(async |scene| {
            let elsewhere = format!("{}-else", scene.name);
            scene.namespace(&elsewhere).await;
            let (slow, mount) = slow_connection(scene).await;
            let selector = json!({"from": "Selector", "selector": {"matchLabels": {"keys": "yes"}}});
            let connection = Handle::connection(&scene.client, &slow);
            scene.kubectl().run(&["label", "namespace", &elsewhere, "keys=yes"]).await.fine();
            connection.change(json!({"allowedNamespaces": selector})).await;
            connection.until("the rule holds", |o| o.is("Ready") == "True" && o.is_current()).await;
            let (_, younger) = in_line(scene, "kim", &slow, &elsewhere).await;
            scene.kubectl().run(&["label", "namespace", &elsewhere, "keys-"]).await.fine();
            younger.look_now().await;
            younger.until_ordered().await;
            assert_eq!(effects(scene).await, (1, 1));
            mount.remove();
        })
        .await;
}

#[tokio::test]
async fn shipments_for_one_person_that_may_all_order_from_one_moment_on_are_one_key() {
    scene("atonce")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let mut all = Vec::new();
            for number in 0..6 {
                let shipment =
                    scene.ship_with(&format!("kim-{number}"), &login, json!({"suspend": true})).await;
                shipment.until_reason("Suspended").await;
                all.push(shipment);
            }
            join_all(all.iter().rev().map(|shipment| shipment.change(json!({"suspend": false})))).await;
            let settled = until(async || {
                let mut reasons = BTreeSet::new();
                let mut ordered = 0;
                for shipment in &all {
                    let object = shipment.get().await;
                    ordered += usize::from(object.is("Ordered") == "True");
                    if object.is("Ordered") != "True" {
                        reasons.insert(object.reason().to_owned());
                    }
                }
                (ordered == 1 && reasons == BTreeSet::from(["AnotherOrderForUser".to_owned()])).then_some(())
            });
            settled.await.expect("one is ordered, and the others yield to it");
            assert_eq!(effects(scene).await, (1, 1));
        })
        .await;
}
