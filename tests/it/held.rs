//! What waits for a person, and that waiting sends nothing.

use serde_json::{Value, json};

use crate::support::{
    calls::{DISCARD, ENROLL, ORDER},
    object::Object,
    scene::{Scene, scene},
    shipment::Handle,
    until,
};

fn is_held(object: &Object) {
    assert_eq!((object.phase(), object.is("Ready"), object.is("Stalled")), ("Held", "False", "True"));
    assert!(object.has("/status/hold/id"), "a hold can be answered by its id");
}

#[tokio::test]
async fn a_person_who_has_a_key_gets_no_other() {
    scene("existing")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let path = format!("/people/{login}/enrollments");
            let there = scene.sandbox.post(&path, json!({"status": "ACTIVE", "ageMinutes": 600})).await;
            let held = scene.ship("kim", &login).await.until_reason("ExistingKey").await;
            is_held(&held);
            assert!(held.message().contains(there["id"].as_str().unwrap()), "{}", held.message());
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (0, 0));
        })
        .await;
}

#[tokio::test]
async fn two_shipments_for_one_person_order_one_key_and_the_other_says_which_comes_first() {
    scene("rivals")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let elsewhere = format!("{}-b", scene.name);
            scene.namespace(&elsewhere).await;
            let one = scene.ship_in(&scene.name, "kim", &login, json!({})).await;
            let two = scene.ship_in(&elsewhere, "kim-again", &login, json!({})).await;
            let (first, second) = both(&one, &two).await;
            let (name, held) = if first.is("Ordered") == "True" {
                (format!("{}/kim", scene.name), second)
            } else {
                (format!("{elsewhere}/kim-again"), first)
            };
            is_held(&held);
            assert_eq!(held.reason(), "AnotherOrderForUser");
            assert!(held.message().contains(&name), "{name} comes first: {}", held.message());
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 1));
        })
        .await;
}

/// Waits until one is ordered and the other held.
async fn both(one: &Handle, two: &Handle) -> (Object, Object) {
    let settled = until(async || {
        let (first, second) = (one.get().await, two.get().await);
        let is_ordered = [first.is("Ordered") == "True", second.is("Ordered") == "True"];
        let is_rival = [&first, &second].iter().any(|object| object.reason() == "AnotherOrderForUser");
        (is_ordered[0] != is_ordered[1] && is_rival).then_some((first, second))
    });
    settled.await.expect("one is ordered and the other held")
}

#[tokio::test]
async fn the_same_login_at_two_okta_orgs_is_two_people() {
    scene("orgs")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let name = format!("{}-b", scene.name);
            let org = scene.sandbox.post("/orgs", json!({"name": name, "countries": ["US"]})).await;
            let there = format!("/people?org={}", org["oktaOrganization"].as_str().unwrap());
            let mut person = scene.sandbox.get(&format!("/people/{login}")).await;
            scene
                .sandbox
                .post(&there, json!({"profile": person["profile"].take(), "status": "ACTIVE"}))
                .await;
            let mut spec = scene.connection_spec();
            spec["okta"]["orgUrl"] = org["okta"].clone();
            for member in ["clientId", "keyId", "algorithm"] {
                spec["okta"]["auth"]["privateKeyJwt"][member] = org[member].clone();
            }
            let mount = scene.mount_for(&name, &scene.sandbox.credentials(&name));
            scene.connect(&name, spec).await;
            let here = scene.ship("kim", &login).await;
            let there = scene.ship_with("kim-there", &login, json!({"connectionRef": {"name": name}})).await;
            here.until_ordered().await;
            there.until_ordered().await;
            mount.remove();
        })
        .await;
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_never_sent_again() {
    scene("unknown")
        .connection(json!({"calls": {"timeout": "2s", "settle": "14s"}}))
        .play(async |scene| {
            // Else it would be found and taken over.
            scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
            scene.sandbox.fault(ORDER, json!({"kind": "drop", "when": "after"})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_reason("OrderOutcomeUnknown").await;
            is_held(&held);
            assert_eq!(held.is("Ordered"), "Unknown");
            shipment.look_now().await;
            shipment.change(json!({"activation": {"after": "Shipment"}})).await;
            shipment.until("another look", Object::is_current).await;
            assert_eq!(shipment.get().await.reason(), "OrderOutcomeUnknown");
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (1, 1));
            assert_eq!(
                scene.sandbox.enrollments().await.len(),
                1,
                "the key in the parcel may still be activated"
            );
        })
        .await;
}

#[tokio::test]
async fn a_refused_order_waits_and_a_changed_spec_starts_again_with_a_fresh_enrolment() {
    scene("refused")
        .play(async |scene| {
            scene.sandbox.fault(ORDER, json!({"kind": "status", "status": 400})).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            is_held(&shipment.until_reason("OrderRefused").await);
            let before = only_enrollment(scene).await;
            shipment.look_now().await;
            assert_eq!(scene.sandbox.count(ORDER).await, 1, "it is not tried again by itself");
            shipment.change(json!({"delivery": "Expedited"})).await;
            shipment.until_ordered().await;
            let after = only_enrollment(scene).await;
            assert_ne!(before["id"], after["id"], "one enrolment serves one order attempt");
            assert_eq!(scene.sandbox.count(DISCARD).await, 1);
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (2, 2));
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

async fn only_enrollment(scene: &Scene) -> Value {
    let mut all = scene.sandbox.enrollments().await;
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[tokio::test]
async fn an_order_that_came_too_early_for_the_vendor_is_sent_again_with_the_same_enrolment() {
    scene("ratelimit")
        .play(async |scene| retried(scene, json!({"kind": "status", "status": 429})).await)
        .await;
}

#[tokio::test]
async fn an_order_refused_for_its_token_is_sent_again_with_the_same_enrolment() {
    scene("token").play(async |scene| retried(scene, json!({"kind": "expiredToken"})).await).await;
}

async fn retried(scene: &Scene, effect: Value) {
    scene.sandbox.fault(ORDER, effect).await;
    let login = scene.person("kim", "ACTIVE").await;
    scene.ship("kim", &login).await.until_ordered().await;
    assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await), (1, 2));
    assert_eq!((scene.sandbox.count(DISCARD).await, scene.sandbox.orders().await.len()), (0, 1));
}

#[tokio::test]
async fn an_enrolment_whose_answer_is_lost_is_not_followed_by_a_second_key() {
    scene("enroll")
        .connection(json!({"calls": {"timeout": "2s", "settle": "14s"}}))
        .play(async |scene| {
            let (shipment, lost) = lost_enrolment(scene).await;
            let held = shipment.until_reason("EnrollOutcomeUnknown").await;
            is_held(&held);
            assert!(held.message().contains("DiscardEnrollment"), "the way on is named: {}", held.message());
            shipment.look_now().await;
            assert_eq!(shipment.get().await.reason(), "EnrollOutcomeUnknown", "another look decides nothing");
            assert_eq!(only_enrollment(scene).await["id"], lost, "it may be anybody's, and stays");
            let counts = (scene.sandbox.count(ENROLL).await, scene.sandbox.count(ORDER).await);
            assert_eq!(counts, (1, 0), "never two keys for one person");
        })
        .await;
}

#[tokio::test]
async fn an_enrolment_whose_answer_is_lost_is_made_anew_by_the_only_cluster_that_orders() {
    scene("enroll-only")
        .connection(json!({"orderingCluster": "ThisCluster", "calls": {"timeout": "2s", "settle": "14s"}}))
        .play(async |scene| {
            let (shipment, lost) = lost_enrolment(scene).await;
            shipment.until_ordered().await;
            assert_ne!(
                only_enrollment(scene).await["id"],
                lost,
                "its requests are lost, so it opens no parcel"
            );
            assert_eq!((scene.sandbox.count(ENROLL).await, scene.sandbox.count(DISCARD).await), (2, 1));
            assert_eq!(scene.sandbox.count(ORDER).await, 1);
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

/// A shipment, and the enrolment at Okta whose answer it never saw.
async fn lost_enrolment(scene: &Scene) -> (Handle, String) {
    scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "after"})).await;
    let login = scene.person("kim", "ACTIVE").await;
    let shipment = scene.ship("kim", &login).await;
    let there = until(async || scene.sandbox.enrollments().await.first().cloned());
    let there = there.await.expect("Okta enrols");
    (shipment, there["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_enrolment_that_never_reached_okta_is_made_again() {
    scene("lostcall")
        .connection(json!({"calls": {"timeout": "2s", "settle": "14s"}}))
        .play(async |scene| {
            scene.sandbox.fault(ENROLL, json!({"kind": "drop", "when": "before"})).await;
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
            assert_eq!((scene.sandbox.enrollments().await.len(), scene.sandbox.orders().await.len()), (1, 1));
        })
        .await;
}
