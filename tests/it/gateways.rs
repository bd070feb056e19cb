//! A proxy, firewall or gateway that answers with a web page in a vendor's place: nobody's data is at fault, orders stop
//! for all alike, and go on by themselves when it lets them through.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    calls::{CANCEL, ENROLL, ORDER, USERS},
    object::Object,
    scene::{Scene, scene},
    shipment::Handle,
};

/// A page that asks to be left alone for so many seconds.
fn page(status: u16, seconds: u32) -> Value {
    json!({"kind": "webPage", "status": status, "headers": {"Retry-After": seconds.to_string()}})
}

async fn crowd(scene: &Scene, count: usize) -> Vec<Handle> {
    let mut all = Vec::new();
    for number in 0..count {
        let name = format!("kim-{number}");
        let login = scene.person(&name, "ACTIVE").await;
        all.push(scene.ship(&name, &login).await);
    }
    all
}

/// No hold was ever told, and the connection is as it was.
async fn nobody_is_blamed(scene: &Scene, crowd: &[Handle]) {
    for (number, shipment) in crowd.iter().enumerate() {
        let events = scene.events(&scene.name, &format!("kim-{number}")).await;
        let blamed =
            events.iter().find(|(reason, _)| reason.ends_with("Refused") || reason == "InvalidRecipient");
        assert_eq!(blamed, None);
        let object = shipment.get().await;
        // An order that was made a moment ago may still wait for its validation.
        let of_the_order = object.text("/status/hold/reason") == "OrderNeedsRepair";
        assert!(!object.has("/status/hold") || of_the_order, "{}", object.0["status"]["hold"]);
    }
    assert_eq!(scene.connection().get().await.is("Ready"), "True");
}

fn says(status: u16) -> impl Fn(&Object) -> bool {
    move |object| {
        object.message().contains("web page") && object.message().contains(&format!("HTTP {status}"))
    }
}

#[tokio::test]
async fn a_429_of_a_gateway_stops_everybody_for_as_long_as_it_wishes() {
    scene("page429")
        .play(async |scene| {
            scene.sandbox.fault_always(ORDER, page(429, 900)).await;
            let crowd = crowd(scene, 6).await;
            join_all(crowd.iter().map(|shipment| shipment.until("it waits and says why", says(429)))).await;
            for shipment in &crowd {
                let waits = shipment.get().await;
                assert_eq!((waits.reason(), waits.is("Stalled")), ("RateLimited", ""), "{}", waits.0);
            }
            assert_eq!(scene.sandbox.count(ORDER).await, 1, "one page is enough for all");
            nobody_is_blamed(scene, &crowd).await;
        })
        .await;
}

#[tokio::test]
async fn pages_that_ordered_nothing_are_waited_for_and_the_orders_follow_by_themselves() {
    scene("pages")
        .play(async |scene| {
            let pages = [
                page(400, 2),
                page(403, 2),
                page(404, 2),
                page(429, 2),
                json!({"kind": "webPage", "status": 422, "body": ""}),
                json!({"kind": "webPage", "status": 403, "body": "{\"message\": \"cut", "headers": {"Content-Type": "application/json"}}),
            ];
            for effect in &pages {
                scene.sandbox.fault(ORDER, effect.clone()).await;
            }
            let crowd = crowd(scene, 3).await;
            join_all(crowd.iter().map(Handle::until_ordered)).await;
            assert_eq!(scene.sandbox.orders().await.len(), 3, "one key each");
            assert_eq!(scene.sandbox.count(ENROLL).await, 3, "each order went with its first enrolment");
            nobody_is_blamed(scene, &crowd).await;
        })
        .await;
}

#[tokio::test]
async fn a_page_that_may_hide_an_accepted_order_is_never_followed_by_a_second_one() {
    scene("page502")
        .connection(json!({"calls": {"timeout": "2s", "settle": "14s"}}))
        .play(async |scene| {
            scene.sandbox.post("/settings", json!({"listPreregOrders": false})).await;
            let hidden = json!({"kind": "webPage", "status": 502, "when": "after"});
            scene.sandbox.fault(ORDER, hidden).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            let held = shipment.until_reason("OrderOutcomeUnknown").await;
            assert_eq!(held.phase(), "Held");
            assert!(held.message().contains("web page (HTTP 502)"), "{}", held.message());
            assert_eq!(held.number("/status/order/webPageStatus"), Some(502));
            shipment.look_now().await;
            assert_eq!((scene.sandbox.count(ORDER).await, scene.sandbox.orders().await.len()), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn pages_on_the_way_to_okta_blame_neither_the_person_nor_the_connection() {
    scene("page-okta")
        .play(async |scene| {
            scene.sandbox.fault(USERS, page(429, 2)).await;
            scene.sandbox.fault(ENROLL, page(403, 1)).await;
            let crowd = crowd(scene, 1).await;
            crowd[0].until_ordered().await;
            nobody_is_blamed(scene, &crowd).await;
            assert_eq!(scene.sandbox.orders().await.len(), 1);
        })
        .await;
}

#[tokio::test]
async fn a_page_does_not_make_a_cancellation_too_late() {
    scene("page-cancel")
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_ordered().await;
            scene.sandbox.fault(CANCEL, page(403, 1)).await;
            scene.sandbox.fault(CANCEL, page(404, 1)).await;
            shipment.delete().await;
            shipment.until_gone().await;
            assert_eq!(scene.sandbox.get("/state").await["counts"]["ordersNotDeleted"], 0);
        })
        .await;
}
