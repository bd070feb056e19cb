//! Misbehaviour by rule, and what the journal says of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::operator::{World, start, until};

async fn rule(world: &World, matches: Value, effect: Value) {
    world.command("POST", "/faults", json!({"match": matches, "effect": effect})).await;
}

async fn post_order(world: &World, body: &Value) -> Result<reqwest::Response, reqwest::Error> {
    world.yubico_request("POST", "/v1/fpr/shipments").json(body).send().await
}

async fn orders(world: &World) -> i64 {
    world.look("/state").await["counts"]["orders"].as_i64().unwrap()
}

async fn last_call(world: &World) -> Value {
    world.look("/journal").await.as_array().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn a_connection_drops_before_or_after_the_order_is_in_the_books() {
    let world = start().await;
    let token = world.token().await;
    let body = World::order_body(&world.enroll(&token, "ann.lee@example.com").await);
    let ordering = json!({"operation": "CreateFPRShipment"});

    rule(&world, ordering.clone(), json!({"kind": "drop", "when": "before"})).await;
    assert!(post_order(&world, &body).await.is_err());
    assert_eq!(orders(&world).await, 0);
    let call = last_call(&world).await;
    assert_eq!(
        (&call["status"], &call["committed"], &call["faulted"]),
        (&Value::Null, &json!(false), &json!(true))
    );

    rule(&world, ordering.clone(), json!({"kind": "drop", "when": "after"})).await;
    assert!(post_order(&world, &body).await.is_err());
    assert_eq!(orders(&world).await, 1);
    let call = last_call(&world).await;
    assert_eq!((&call["status"], &call["committed"]), (&Value::Null, &json!(true)));
    assert!(call["shipmentId"].is_string());

    rule(&world, ordering, json!({"kind": "status", "status": 502, "when": "after", "body": "bad gateway"}))
        .await;
    assert_eq!(post_order(&world, &body).await.unwrap().status(), 502);
    assert_eq!(orders(&world).await, 2);
    // Each rule has had its one call.
    assert_eq!(post_order(&world, &body).await.unwrap().status(), 200);
}

#[tokio::test]
async fn bodies_break_off_are_garbled_or_respelt() {
    let world = start().await;
    let token = world.token().await;
    let body = World::order_body(&world.enroll(&token, "ann.lee@example.com").await);
    let id = world.order(&body).await;
    let get = async || world.yubico_request("GET", &format!("/v1/fpr/shipments/{id}")).send().await.unwrap();
    let reading = json!({"api": "yubico", "method": "get", "path": "^/v1/fpr/shipments/"});

    rule(&world, reading.clone(), json!({"kind": "truncate"})).await;
    assert!(get().await.bytes().await.is_err());
    rule(&world, reading.clone(), json!({"kind": "malformed"})).await;
    assert!(get().await.json::<Value>().await.is_err());
    rule(&world, reading.clone(), json!({"kind": "wrongCasing"})).await;
    assert_eq!(get().await.json::<Value>().await.unwrap()["shipmentState"]["shipmentStateId"], 1);
    rule(&world, reading.clone(), json!({"kind": "state", "state": 77})).await;
    assert_eq!(get().await.json::<Value>().await.unwrap()["shipment_state"]["shipment_state_id"], 77);
    rule(&world, reading, json!({"kind": "expiredToken"})).await;
    assert_eq!(get().await.status(), 401);
    assert_eq!(get().await.status(), 200);
}

#[tokio::test]
async fn a_limit_comes_with_its_headers_and_on_the_call_it_was_meant_for() {
    let world = start().await;
    let token = world.token().await;
    let headers = json!({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "1", "Retry-After": "2"});
    let effect =
        json!({"kind": "status", "status": 429, "headers": headers, "body": {"errorCode": "E0000047"}});
    rule(&world, json!({"operation": "listUsers", "nth": 2}), effect).await;
    let ask = async || world.okta_request(&token, "GET", "/api/v1/users").send().await.unwrap();
    assert_eq!(ask().await.status(), 200);
    let limited = ask().await;
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["x-rate-limit-reset"], "1");
    assert_eq!(limited.headers()["retry-after"], "2");
    assert_eq!(ask().await.status(), 200);
}

#[tokio::test]
async fn a_client_that_gives_up_does_not_undo_the_order() {
    let world = start().await;
    let token = world.token().await;
    let body = World::order_body(&world.enroll(&token, "ann.lee@example.com").await);
    rule(
        &world,
        json!({"operation": "CreateFPRShipment"}),
        json!({"kind": "delay", "ms": 300, "when": "before"}),
    )
    .await;
    let request =
        world.yubico_request("POST", "/v1/fpr/shipments").json(&body).timeout(Duration::from_millis(60));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(orders(&world).await, 0);
    until(async || orders(&world).await == 1).await;
    until(async || last_call(&world).await["finishedAt"].is_string()).await;
    assert_eq!(last_call(&world).await["committed"], true);
}

#[tokio::test]
async fn rules_can_be_seen_and_taken_back() {
    let world = start().await;
    rule(&world, json!({"times": 0}), json!({"kind": "status", "status": 503})).await;
    let url = format!("{}/.well-known/okta-organization", world.okta());
    for _ in 0..3 {
        assert_eq!(world.http.get(&url).send().await.unwrap().status(), 503);
    }
    assert_eq!(world.look("/faults").await[0]["hits"], 3);
    world.command("DELETE", "/faults", json!({})).await;
    assert_eq!(world.http.get(&url).send().await.unwrap().status(), 200);
    let wrong = json!({"match": {"pathh": "x"}, "effect": {"kind": "drop"}});
    assert_eq!(world.control("POST", "/faults", Some(&wrong)).await.status(), 400);
}

#[tokio::test]
async fn a_gateway_answers_with_a_page_and_a_vendor_with_its_own_refusal() {
    let world = start().await;
    let token = world.token().await;
    let body = World::order_body(&world.enroll(&token, "ann.lee@example.com").await);
    let ordering = json!({"operation": "CreateFPRShipment"});
    let wish = json!({"Retry-After": "7"});
    rule(&world, ordering.clone(), json!({"kind": "webPage", "status": 429, "headers": wish})).await;
    let page = post_order(&world, &body).await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(page.headers()["content-type"], "text/html");
    assert!(page.text().await.unwrap().contains("<html>"));
    let plain = json!({"Content-Type": "text/plain"});
    rule(&world, ordering.clone(), json!({"kind": "webPage", "status": 403, "body": "no", "headers": plain}))
        .await;
    let page = post_order(&world, &body).await.unwrap();
    assert_eq!(page.headers().get_all("content-type").iter().count(), 1);
    assert_eq!(
        (page.headers()["content-type"].to_str().unwrap(), page.status().as_u16()),
        ("text/plain", 403)
    );
    rule(&world, ordering, json!({"kind": "status", "status": 400})).await;
    let own = post_order(&world, &body).await.unwrap();
    assert!(own.json::<Value>().await.unwrap()["code"].is_string());
    assert_eq!(orders(&world).await, 0);
    rule(&world, json!({"operation": "listUsers"}), json!({"kind": "status", "status": 403})).await;
    let own = world.okta_request(&token, "GET", "/api/v1/users").send().await.unwrap();
    assert_eq!(own.json::<Value>().await.unwrap()["errorCode"], "E0000006");
}
