//! One person, one key, whoever asks for it and how often; and people whom the connection does not serve.

use std::collections::HashMap;

use serde_json::json;

use crate::support::{
    calls::{ACTIVATE, ENROLL, MAIL, ORDER},
    scene::{Scene, scene},
    shipment::Handle,
    until,
};

const ORDERING: [&str; 3] = ["AdoptOrder", "CancelOrder", "RetryOrder"];

async fn effects(scene: &Scene) -> (usize, usize) {
    (scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await)
}

#[tokio::test]
async fn eight_shipments_for_one_person_are_one_key_and_seven_name_the_one_they_yielded_to() {
    scene("eight")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let elsewhere = format!("{}-b", scene.name);
            scene.namespace(&elsewhere).await;
            let id = scene.sandbox.get(&format!("/people/{login}")).await["id"].clone();
            let mut all = Vec::new();
            for number in 0..8 {
                let namespace = if number % 2 == 0 { &scene.name } else { &elsewhere };
                // By login in any capitals, and by id.
                let user = match number % 3 {
                    0 => json!({"userRef": {"login": login.to_uppercase()}}),
                    1 => json!({"userRef": {"login": null, "id": id}}),
                    _ => json!({}),
                };
                let name = format!("kim-{number}");
                let handle = scene.ship_in(namespace, &name, &login, user).await;
                all.push((format!("{namespace}/{name}"), handle));
            }
            let (first, others) = settled(&all).await;
            let mut yielded = HashMap::new();
            for (name, handle) in all.iter().filter(|(name, _)| *name != first) {
                let object = handle.get().await;
                assert_eq!(object.reason(), "AnotherOrderForUser", "{name}");
                let to = all.iter().find(|(other, _)| object.message().contains(&format!("{other} ")));
                yielded.insert(name.clone(), to.expect("it says to whom").0.clone());
                assert!(object.has("/status/hold/id"), "{name} waits for a person");
            }
            // Whoever looks up whom each yielded to comes to the one that is ordered.
            for name in yielded.keys() {
                let mut at = name;
                for _ in 0..all.len() {
                    at = yielded.get(at).unwrap_or(&first);
                }
                assert_eq!(*at, first, "{name} in {yielded:?}");
            }
            assert_eq!((others, effects(scene).await), (7, (1, 1)));
        })
        .await;
}

/// Waits until one is ordered and all others are held; gives the name of the one and the number of the others.
async fn settled(all: &[(String, Handle)]) -> (String, usize) {
    let settled = until(async || {
        let (mut ordered, mut held) = (Vec::new(), 0);
        for (name, handle) in all {
            let object = handle.get().await;
            if object.is("Ordered") == "True" {
                ordered.push(name.clone());
            }
            held += usize::from(object.reason() == "AnotherOrderForUser");
        }
        (ordered.len() == 1 && held + 1 == all.len()).then(|| (ordered.remove(0), held))
    });
    settled.await.expect("one is ordered and the others are held")
}

#[tokio::test]
async fn who_yielded_goes_on_by_an_answer_or_a_changed_spec_and_not_because_the_other_is_gone() {
    scene("yielded")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let first = scene.ship("kim", &login).await;
            first.until_ordered().await;
            let answered = scene.ship("kim-answered", &login).await;
            let held = answered.until_held("AnotherOrderForUser", &ORDERING).await;
            let changed = scene.ship("kim-changed", &login).await;
            changed.until_held("AnotherOrderForUser", &ORDERING).await;
            assert_eq!(effects(scene).await, (1, 1));

            // Cancelled: order and enrolment are gone at the vendors.
            first.delete().await;
            first.until_gone().await;
            for shipment in [&answered, &changed] {
                shipment.look_now().await;
                assert_eq!(shipment.get().await.reason(), "AnotherOrderForUser");
            }
            assert_eq!(effects(scene).await, (1, 1), "nobody asked for another key");

            changed.change(json!({"delivery": "Expedited"})).await;
            let (one, two) = (changed.clone(), answered.clone());
            let asked = until(async || {
                let object = one.get().await;
                (object.is("Ordered") == "True" || object.message().contains("/kim-answered")).then_some(())
            });
            asked.await.expect("a changed spec asks again");
            scene.answer(&two, "RetryOrder", json!({})).await;
            let all = [
                (format!("{}/kim-changed", scene.name), changed),
                (format!("{}/kim-answered", scene.name), answered.clone()),
            ];
            settled(&all).await;
            assert_eq!(effects(scene).await, (2, 2), "one more key, not two");
            assert_ne!(held.text("/status/hold/id"), "");
        })
        .await;
}

#[tokio::test]
async fn an_order_that_two_shipments_name_stops_every_effect_of_both() {
    scene("claimed")
        .play(async |scene| {
            let mut both = Vec::new();
            for name in ["kim", "lou"] {
                let login = scene.person(name, "ACTIVE").await;
                let shipment = scene.ship(name, &login).await;
                let object = shipment.until_ordered().await;
                both.push((shipment, object.text("/status/order/shipmentId").to_owned()));
            }
            let [(kim, order), (lou, other)] = &both[..] else { panic!("two") };
            // A status that was copied by hand.
            lou.change_status(json!({"order": {"shipmentId": order}})).await;
            lou.until("it names the same order", |o| o.text("/status/order/shipmentId") == order).await;
            for known in [order, other] {
                scene.sandbox.set_state(known, 104).await;
            }
            let object = kim.until_reason("ClaimedTwice").await;
            assert!(object.message().contains(&format!("{}/lou", scene.name)), "{}", object.message());
            assert_eq!(object.is("Stalled"), "True");
            let object = lou.until_reason("ClaimedTwice").await;
            assert!(object.message().contains(&format!("{}/kim", scene.name)), "{}", object.message());
            for operation in [ACTIVATE, MAIL] {
                assert_eq!(scene.sandbox.count(operation).await, 0, "{operation}");
            }
        })
        .await;
}

#[tokio::test]
async fn who_is_not_in_the_connections_groups_gets_no_key_and_who_joins_does() {
    scene("groups")
        .play(async |scene| {
            let (kim, lou) = (scene.person("kim", "ACTIVE").await, scene.person("lou", "ACTIVE").await);
            let group = |name: &str, members: Vec<&str>| {
                let body = json!({"name": format!("{}-{name}", scene.name), "members": members});
                async move { scene.sandbox.post("/groups", body).await["id"].as_str().unwrap().to_owned() }
            };
            let allowed = group("allowed", vec![&lou]).await;
            let denied = group("denied", vec![&lou]).await;
            let groups = json!({"policy": {"userGroups": {"allow": [allowed], "deny": [denied]}}});
            scene.connection().change(groups).await;
            scene.connection().until("the policy holds", |o| o.is("Ready") == "True" && o.is_current()).await;
            let (outside, barred) = (scene.ship("kim", &kim).await, scene.ship("lou", &lou).await);
            for shipment in [&outside, &barred] {
                let object = shipment.until_reason("ForbiddenByConnection").await;
                assert!(object.message().contains("policy.userGroups"), "{}", object.message());
            }
            assert_eq!(effects(scene).await, (0, 0));

            scene.sandbox.post(&format!("/groups/{allowed}"), json!({"add": [kim]})).await;
            outside.look_now().await;
            outside.until_ordered().await;
            barred.look_now().await;
            assert_eq!(barred.get().await.reason(), "ForbiddenByConnection", "deny wins");
            assert_eq!(effects(scene).await, (1, 1));
        })
        .await;
}
