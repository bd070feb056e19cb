//! The strict profile: what the documents leave open, against the caller.

use std::time::Duration;

use serde_json::{Value, json};

use crate::operator::{World, start_with, until};

async fn strict() -> World {
    let world = start_with(|settings| settings.profile = sandbox::Profile::Strict).await;
    // The helpers find people by a search, and ask again without a pause.
    let settings = json!({"searchLagMs": 0, "oktaRequestsAMinute": 1_000_000});
    world.command("POST", "/settings", settings).await;
    world
}

async fn yubico(world: &World, method: &str, path: &str) -> (u16, String, String) {
    let answer = world.yubico_request(method, path).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn lists_come_in_pages_without_a_total() {
    let world = strict().await;
    for (path, name) in [
        ("/v1/products", "products"),
        ("/v1/countries", "countries"),
        ("/v1/inventory", "organization_product_inventory"),
    ] {
        let (status, kind, body) = yubico(&world, "GET", &format!("{path}?limit=100")).await;
        let page: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, kind.as_str()), (200, "Application/JSON; Charset=\"UTF-8\""));
        assert!(page[name].as_array().unwrap().len() <= 2, "{page}");
        assert_eq!(page["total_count"], Value::Null);
    }
    let (_, _, first) = yubico(&world, "GET", "/v1/products").await;
    let (_, _, second) = yubico(&world, "GET", "/v1/products?offset=2").await;
    let (_, _, beyond) = yubico(&world, "GET", "/v1/products?offset=99").await;
    assert_ne!(first, second);
    assert!(beyond.contains("\"products\":[]"), "{beyond}");
}

#[tokio::test]
async fn an_enrolment_shows_late_a_page_each_and_under_another_status() {
    let world = strict().await;
    let token = world.token().await;
    let enrolled = world.enroll(&token, "bob.ray@example.com").await;
    world.enroll(&token, "bob.ray@example.com").await;
    let path = format!("/webauthn-registration/api/v1/users/{}/enrollments", enrolled.user_id);
    assert_eq!(world.okta_get(&token, &path).await, json!([]), "the list lags");
    let list = async || world.okta_request(&token, "GET", &path).send().await.unwrap();
    // Until both are shown, so that there is a next page.
    until(async || list().await.headers()["link"].to_str().unwrap().contains("REL=Next")).await;
    let answer = list().await;
    assert_eq!(answer.headers().get_all("x-rate-limit-limit").iter().count(), 2);
    let page: Value = answer.json().await.unwrap();
    assert_eq!(page.as_array().unwrap().len(), 1);
    assert_eq!(page[0]["status"], "PENDING_ACTIVATION");
    world.command("POST", &format!("/enrollments/{}", enrolled.id), json!({"ageMinutes": 1441})).await;
    assert_eq!(world.okta_get(&token, &path).await[0]["status"], "EXPIRED");
}

#[tokio::test]
async fn each_bucket_of_paths_has_its_own_limit() {
    let world = strict().await;
    let token = world.token().await;
    // A window that does not end while the test runs.
    let settings = json!({"oktaRequestsAMinute": 20, "oktaWindowSeconds": 1_000_000});
    world.command("POST", "/settings", settings).await;
    let limits = async |path: &str| {
        let answer = world.okta_request(&token, "GET", path).send().await.unwrap();
        let number = |name: &str| answer.headers()[name].to_str().unwrap().parse::<u32>().unwrap();
        (answer.status().as_u16(), number("x-rate-limit-limit"), number("x-rate-limit-remaining"))
    };
    assert_eq!(limits("/api/v1/logs?limit=1").await, (200, 2, 1));
    assert_eq!(limits("/api/v1/logs?limit=1").await, (200, 2, 0));
    assert_eq!(limits("/api/v1/logs?limit=1").await, (429, 2, 0));
    let enrollments = "/webauthn-registration/api/v1/users/00u1/enrollments";
    assert_eq!(limits(enrollments).await, (200, 8, 7));
    assert_eq!(limits("/api/v1/users?limit=1").await, (200, 20, 19));
    assert_eq!(limits("/api/v1/groups?limit=1").await, (200, 20, 19));
}

#[tokio::test]
async fn an_order_shows_little_and_a_cancellation_late() {
    let world = strict().await;
    let token = world.token().await;
    let enrolled = world.enroll(&token, "bob.ray@example.com").await;
    let mut body = World::order_body(&enrolled);
    body.as_object_mut().unwrap().remove("delivery_type");
    let refused = world.yubico_request("POST", "/v1/fpr/shipments").json(&body).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().starts_with("<!DOCTYPE html>"));

    let id = world.order(&World::order_body(&enrolled)).await;
    let shipment = world.shipment(&id).await;
    assert_eq!(shipment["shipment_state"]["shipment_state_id"], "5");
    assert_eq!(shipment["shipment_items"][0]["product_data"], Value::Null);
    assert_eq!(shipment["recipient"], Value::Null);
    let exact = format!("/v1/shipments_exact/{id}");
    assert_eq!(yubico(&world, "GET", &exact).await.0, 404);

    let cancel = world.yubico_request("DELETE", &exact).send().await.unwrap();
    assert_eq!(cancel.status(), 204);
    let path = format!("/v1/fpr/shipments/{id}");
    let seen = async || world.yubico_request("GET", &path).send().await.unwrap().status();
    assert_eq!(seen().await, 200, "a cancellation shows later");
    until(async || seen().await == 404).await;
}

#[tokio::test]
async fn who_is_locked_out_is_not_enrolled_and_activation_is_for_the_key_it_names() {
    let world = strict().await;
    let token = world.token().await;
    let bob = world.person(&token, "bob.ray@example.com").await;
    let body = world.enroll_body(bob["id"].as_str().unwrap()).await;
    let enroll = async || {
        world.okta_post(&token, "/webauthn-registration/api/v1/enroll", &body).await.status().as_u16()
    };
    for status in ["LOCKED_OUT", "RECOVERY", "PASSWORD_EXPIRED", "SUSPENDED", "DEPROVISIONED"] {
        world.command("POST", "/people/bob.ray@example.com", json!({"status": status})).await;
        assert_eq!(enroll().await, 403, "{status}");
    }
    world.command("POST", "/people/bob.ray@example.com", json!({"status": "ACTIVE"})).await;
    world.command("POST", "/okta", json!({"rpId": "example.com"})).await;
    assert_eq!(enroll().await, 400, "the authenticator has another RP id");
    world.command("POST", "/okta", json!({"rpId": ""})).await;

    let (enrolled, _, shipment) = world.delivered(&token).await;
    let good = world.activate_body(&enrolled, &shipment).await;
    for name in ["serial", "version"] {
        let mut wrong = good.clone();
        wrong[name] = json!("1.2.3");
        assert_eq!(world.activate(&token, &wrong).await.status(), 400, "{name}");
    }
    assert_eq!(world.activate(&token, &good).await.status(), 200);
    world.command("POST", "/people/ann.lee@example.com", json!({"profile": {"secondEmail": null}})).await;
    assert_eq!(
        world.send_pin(&token, &enrolled).await.status(),
        400,
        "Ann is not active and has one address"
    );
}

#[tokio::test]
async fn a_second_order_at_the_same_time_is_refused() {
    let world = strict().await;
    let token = world.token().await;
    let enrolled = world.enroll(&token, "bob.ray@example.com").await;
    let body = World::order_body(&enrolled);
    let slow = json!({"match": {"operation": "CreateFPRShipment"}, "effect": {"kind": "delay", "ms": 2000}});
    world.command("POST", "/faults", slow).await;
    let first = world.yubico_request("POST", "/v1/fpr/shipments").json(&body);
    let first = tokio::spawn(async move { first.send().await.unwrap().status() });
    until(async || world.look("/journal").await.to_string().contains("CreateFPRShipment")).await;
    let second = world.yubico_request("POST", "/v1/fpr/shipments").json(&body);
    let second = second.timeout(Duration::from_secs(10)).send().await.unwrap();
    assert_eq!(second.status(), 409);
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(world.look("/state").await["counts"]["orders"], 1);
}

#[tokio::test]
async fn a_profile_is_chosen_while_it_runs_and_kept_by_a_reset() {
    let world = start_with(|_| ()).await;
    assert_eq!(world.look("/settings").await["stateIdsAsText"], false);
    world.command("POST", "/profile", json!({"name": "strict"})).await;
    world.command("POST", "/settings", json!({"yubicoPage": 7})).await;
    world.control("POST", "/reset", None).await;
    let settings = world.look("/settings").await;
    assert_eq!((&settings["stateIdsAsText"], &settings["yubicoPage"]), (&json!(true), &json!(2)));
    world.command("POST", "/profile", json!({"name": "default"})).await;
    assert_eq!(world.look("/settings").await["stateIdsAsText"], false);
}
