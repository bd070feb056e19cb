//! Groups of Okta: who joins gets a key, who leaves may lose the order, and a source that is suddenly small is doubted.

use serde_json::{Value, json};

use crate::support::{
    scene::{Scene, scene},
    shipment::Handle,
    until,
};

/// Members of a new group: its id and theirs.
async fn group(scene: &Scene, name: &str, count: usize) -> (String, Vec<String>) {
    let mut members = Vec::new();
    for number in 0..count {
        members.push(
            scene.sandbox.person(&scene.login(&format!("{}{number}", name.replace(' ', ""))), "ACTIVE").await,
        );
    }
    let group = scene.sandbox.post("/groups", json!({"name": name, "members": members})).await;
    (group["id"].as_str().unwrap().to_owned(), members)
}

fn by_name(names: &[&str]) -> Value {
    let groups: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
    json!({"oktaGroup": {"groups": groups, "interval": "1m"}})
}

async fn join(scene: &Scene, group: &str, members: &[String]) {
    scene.sandbox.post(&format!("/groups/{group}"), json!({"add": members})).await;
}

async fn leave(scene: &Scene, group: &str, members: &[String]) {
    scene.sandbox.post(&format!("/groups/{group}"), json!({"remove": members})).await;
}

async fn until_shipments(scene: &Scene, count: usize) {
    let met = until(async || (scene.shipments().await.len() == count).then_some(()));
    assert!(met.await.is_some(), "{} shipments, not {count}", scene.shipments().await.len());
}

#[tokio::test]
async fn each_group_has_its_own_key_and_a_person_in_both_gets_the_first() {
    scene("groups")
        .connection(json!({"keys": [
            {"name": "nfc", "productId": 1, "inventoryProductId": 106, "customizationId": "RXJN83"},
            {"name": "5c", "productId": 29, "inventoryProductId": 106, "customizationId": "RXJN83"},
        ]}))
        .play(async |scene| {
            let (_, nfc) = group(scene, "YubiKey 5 NFC", 2).await;
            let (both, usbc) = group(scene, "YubiKey 5C NFC", 1).await;
            join(scene, &both, &nfc[..1]).await;
            let source = json!({"oktaGroup": {"groups": [
                {"name": "YubiKey 5 NFC", "key": {"model": "nfc"}}, {"id": both, "key": {"model": "5c"}},
            ]}});
            let rollout = scene.roll("two", source, json!({"template": null})).await;
            let done = scene.deliver_until(&rollout, "all have keys", |o| o.tally("activated") == 3).await;
            done.adds_up();
            assert_eq!((done.tally("members"), scene.sandbox.orders().await.len()), (3, 3));
            for shipment in scene.shipments().await {
                let user = shipment.text("/spec/userRef/id").to_owned();
                let wanted = if user == usbc[0] { "5c" } else { "nfc" };
                assert_eq!(shipment.text("/spec/key/model"), wanted, "{user}");
            }
        })
        .await;
}

#[tokio::test]
async fn who_joins_is_served_and_who_leaves_is_cancelled_and_not_served_again() {
    scene("churn")
        .play(async |scene| {
            let (id, members) = group(scene, "staff", 3).await;
            let rollout =
                scene.roll("churn", by_name(&["staff"]), json!({"onLeave": "CancelIfNotShipped"})).await;
            scene.until_orders(3).await;
            leave(scene, &id, &members[..1]).await;
            let left = rollout.until("the order is cancelled", |o| o.ledger(&members[0]) == "Left").await;
            left.adds_up();
            scene.until_orders(2).await;

            join(scene, &id, &members[..1]).await;
            let back = rollout.until("a person is asked", |o| !o.hold("ShipmentDeleted").is_empty()).await;
            assert_eq!(scene.sandbox.orders().await.len(), 3, "nobody is served twice by themselves");
            let hold = back.hold("ShipmentDeleted");
            let decision = scene.proceed(&rollout, &hold, json!({"userIDs": [members[0]]})).await;
            scene.accepted_by_rollout(&decision).await;
            scene.until_orders(3).await;
            let object = rollout.until("it is seen", |o| o.ledger(&members[0]) == "Made").await;
            assert_eq!(object.number(&format!("/status/ledger/{}/times", members[0])), Some(2));
            assert_eq!(object.tally("served"), 4, "the budget counts every key");
        })
        .await;
}

#[tokio::test]
async fn a_group_that_everybody_left_is_told_apart_from_one_that_was_always_empty() {
    scene("deserted")
        .play(async |scene| {
            group(scene, "empty", 0).await;
            let empty = scene.roll("empty", by_name(&["empty"]), json!({})).await;
            empty.until_reason("NoPeople").await;
            let (id, members) = group(scene, "moved", 2).await;
            let rollout = scene.roll("moved", by_name(&["moved"]), json!({})).await;
            scene.until_orders(2).await;
            leave(scene, &id, &members).await;
            let told = rollout.until_reason("EverybodyLeft").await;
            assert_eq!((told.is("Ready"), told.is("Stalled")), ("False", "True"));
            assert!(told.message().contains("Keys of 2 people"), "{}", told.message());
            assert_eq!(empty.get().await.reason(), "NoPeople");
            assert_eq!(scene.sandbox.orders().await.len(), 2, "they keep their keys");
        })
        .await;
}

#[tokio::test]
async fn of_two_who_leave_the_one_whose_key_was_shipped_since_the_last_look_keeps_it() {
    // The status is as old as the last look, and nobody looks by themselves here.
    scene("on-its-way")
        .connection(json!({"polling": {"firstAfter": "1h", "interval": "1h"}}))
        .play(async |scene| {
            let (id, members) = group(scene, "crew", 3).await;
            let rollout =
                scene.roll("crew", by_name(&["crew"]), json!({"onLeave": "CancelIfNotShipped"})).await;
            let first = shipment_of(scene, &members[0]).await;
            let order = first.until_ordered().await.text("/status/order/shipmentId").to_owned();
            shipment_of(scene, &members[1]).await.until_ordered().await;
            scene.sandbox.set_state(&order, 103).await;
            leave(scene, &id, &members[..2]).await;
            first.until_phase("Shipped").await;
            rollout.until("the other is cancelled", |o| o.ledger(&members[1]) == "Left").await;
            scene.until_orders(2).await;
            scene.sandbox.set_state(&order, 104).await;
            first.look_now().await;
            first.until_reason("Activated").await;
            rollout.until("the one has a key", |o| o.ledger(&members[0]) == "Activated").await.adds_up();
        })
        .await;
}

async fn shipment_of(scene: &Scene, user: &str) -> Handle {
    let theirs = until(async || {
        let all = scene.shipments().await;
        let found = all.iter().find(|object| object.text("/spec/userRef/id") == user)?;
        Some(Handle::shipment(&scene.client, &scene.name, found.text("/metadata/name")))
    });
    theirs.await.expect("the person has a shipment")
}

#[tokio::test]
async fn many_who_leave_at_once_and_an_empty_group_cancel_nothing_until_a_person_says_so() {
    scene("brake")
        .play(async |scene| {
            let (id, members) = group(scene, "brake", 8).await;
            let rollout =
                scene.roll("brake", by_name(&["brake"]), json!({"onLeave": "CancelIfNotShipped"})).await;
            scene.until_orders(8).await;
            for (gone, reason) in [(&members[..7], "TooManyLeaving"), (&members[7..], "SourceEmpty")] {
                leave(scene, &id, gone).await;
                let held = rollout.until_reason(reason).await;
                assert_eq!((held.is("Ready"), held.is("Stalled")), ("False", "True"));
                assert!(held.message().contains("Proceed"), "{}", held.message());
            }
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 8);
            let hold = rollout.get().await.hold("SourceEmpty");
            let decision = scene.proceed(&rollout, &hold, json!({})).await;
            scene.accepted_by_rollout(&decision).await;
            until_shipments(scene, 0).await;
            scene.until_orders(0).await;
            assert!(scene.sandbox.enrollments().await.is_empty());
        })
        .await;
}

#[tokio::test]
async fn a_group_that_cannot_be_found_or_read_cancels_nothing() {
    scene("gone-group")
        .play(async |scene| {
            let (_, members) = group(scene, "exists", 1).await;
            let spec = json!({"onLeave": "CancelIfNotShipped"});
            let rollout = scene.roll("gone", by_name(&["exists"]), spec).await;
            scene.until_orders(1).await;
            rollout.change(json!({"source": {"oktaGroup": {"groups": [{"name": "no-such-group"}]}}})).await;
            let held = rollout.until_reason("GroupNotFound").await;
            assert_eq!((held.is("Synced"), held.is("Stalled")), ("False", "True"));
            assert!(held.message().contains("no-such-group"), "{}", held.message());
            rollout.change(json!({"source": {"oktaGroup": {"groups": [{"name": "exists"}]}}})).await;
            let rule =
                scene.sandbox.fault_always("listGroupUsers", json!({"kind": "status", "status": 503})).await;
            rollout.until("the source cannot be read", |o| o.reason_of("Synced") == "OktaUnavailable").await;
            scene.sandbox.mend(rule).await;
            let well = rollout
                .until("it is read again", |o| o.is("Synced") == "True" && o.is("Ready") == "True")
                .await;
            assert_eq!(well.ledger(&members[0]), "Made");
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 1);
        })
        .await;
}

#[tokio::test]
async fn a_change_of_a_group_is_noticed_by_the_system_log_long_before_the_interval() {
    scene("noticed")
        .play(async |scene| {
            let (id, _) = group(scene, "noticed", 1).await;
            let source = json!({"oktaGroup": {"groups": [{"id": id}], "interval": "12h"}});
            let rollout = scene.roll("noticed", source, json!({})).await;
            rollout.until("the first is served", |o| o.tally("served") == 1).await;
            let more = scene.sandbox.person(&scene.login("more"), "ACTIVE").await;
            join(scene, &id, std::slice::from_ref(&more)).await;
            served(&rollout, &more).await;
        })
        .await;
}

async fn served(rollout: &Handle, user: &str) {
    rollout.until("the person is served", |object| !object.ledger(user).is_empty()).await;
}
