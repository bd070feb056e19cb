//! Enrolling and ordering: what is refused, and what becomes of an order.

use serde_json::{Value, json};

use crate::operator::{World, start, start_with, until};

async fn refused_order(world: &World, change: impl FnOnce(&mut Value)) -> String {
    let token = world.token().await;
    let enrolled = world.enroll(&token, "ann.lee@example.com").await;
    let mut body = World::order_body(&enrolled);
    change(&mut body);
    let answer = world.yubico_request("POST", "/v1/fpr/shipments").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    answer.text().await.unwrap()
}

#[tokio::test]
async fn an_order_is_checked_whole() {
    let world = start().await;
    let text = refused_order(&world, |body| {
        body["recipient"]["recipient_firstname"] = json!("Evangelina-Maximiliana");
        body["recipient"]["recipient_telephone"] = json!("555-0100 ext. 3");
        body["mailing_address"]["region"] = json!("Massachusetts");
        body["mailing_address"]["street_line1"] = json!("x".repeat(61));
        body["shipment_items"][0]["product_quantity"] = json!(2);
        body["shipment_items"][0]["customization_id"] = json!("OTHER");
    })
    .await;
    for field in ["firstname", "telephone", "region", "street_line1", "product_quantity", "customization_id"]
    {
        assert!(text.contains(field), "{field}: {text}");
    }
    refused_order(&world, |body| body["shipment_product_quantity"] = json!(1)).await;
    refused_order(&world, |body| body["shipment_items"][0]["product_id"] = json!("29")).await;
    refused_order(&world, |body| body["shipment_items"][0]["product_id"] = json!(7)).await;
    refused_order(&world, |body| body["mailing_address"]["country_code_2"] = json!("AQ")).await;
    refused_order(&world, |body| body["delivery_type"] = Value::Null).await;
    assert_eq!(world.look("/state").await["counts"]["orders"], 0);
}

#[tokio::test]
async fn enroll_takes_the_documented_fields_only() {
    let world = start().await;
    let token = world.token().await;
    let id = world.person(&token, "ann.lee@example.com").await["id"].clone();
    let good = world.enroll_body(id.as_str().unwrap()).await;
    let status = async |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        world.okta_post(&token, "/webauthn-registration/api/v1/enroll", &body).await.status().as_u16()
    };
    assert_eq!(status(&|body| body["userID"] = json!("x")).await, 400);
    assert_eq!(status(&|body| body["yubicoTransportKeyJWK"]["alg"] = json!("ECDH-ES")).await, 400);
    assert_eq!(status(&|body| body["yubicoTransportKeyJWK"]["use"] = json!("sig")).await, 400);
    assert_eq!(status(&|body| body["enrollmentRpIds"] = json!(["https://localhost"])).await, 400);
    assert_eq!(status(&|body| body["enrollmentRpIds"] = json!(["example.com"])).await, 400);
    assert_eq!(status(&|body| body["enrollmentRpIds"] = json!([])).await, 400);
    assert_eq!(status(&|body| body["fulfillmentProvider"] = json!("Yubico")).await, 400);
    assert_eq!(status(&|body| body["userId"] = json!("ann.lee@example.com")).await, 404);
    world.command("POST", "/people/bob.ray@example.com", json!({"status": "SUSPENDED"})).await;
    let bob = world.person(&token, "bob.ray@example.com").await["id"].clone();
    assert_eq!(status(&|body| body["userId"] = bob.clone()).await, 403);
    assert_eq!(world.look("/state").await["enrollments"], json!([]));
}

#[tokio::test]
async fn mark_error_and_delete_need_what_okta_needs() {
    let world = start().await;
    let token = world.token().await;
    let enrolled = world.enroll(&token, "ann.lee@example.com").await;
    let path =
        format!("/webauthn-registration/api/v1/users/{}/enrollments/{}", enrolled.user_id, enrolled.id);
    let mark = format!("{path}/mark-error");
    assert_eq!(world.okta_request(&token, "POST", &mark).send().await.unwrap().status(), 411);
    let marked =
        world.okta_request(&token, "POST", &mark).header("content-length", "0").send().await.unwrap();
    assert_eq!(marked.status(), 204);
    let list = format!("/webauthn-registration/api/v1/users/{}/enrollments", enrolled.user_id);
    assert_eq!(world.okta_get(&token, &list).await[0]["status"], "FULFILLMENT_ERRORED");
    assert_eq!(world.okta_request(&token, "DELETE", &path).send().await.unwrap().status(), 204);
    assert_eq!(world.okta_request(&token, "DELETE", &path).send().await.unwrap().status(), 404);
    assert_eq!(world.okta_get(&token, &list).await, json!([]));
}

#[tokio::test]
async fn an_order_can_be_deleted_until_the_nightly_run() {
    let world = start().await;
    let token = world.token().await;
    let enrolled = world.enroll(&token, "ann.lee@example.com").await;
    let body = World::order_body(&enrolled);
    let (first, second) = (world.order(&body).await, world.order(&body).await);
    let delete = async |id: &str| {
        world
            .yubico_request("DELETE", &format!("/v1/shipments_exact/{id}"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(delete(&first).await, 204);
    let gone = world.yubico_request("GET", &format!("/v1/fpr/shipments/{first}")).send().await.unwrap();
    assert_eq!(gone.status(), 404);
    world.command("POST", "/advance", json!({"steps": 2})).await;
    assert_eq!(delete(&second).await, 409);
    let listed: Value = world
        .yubico_request("GET", "/v1/shipments_exact?limit=100&offset=0")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((listed["count"].as_i64(), listed["total_count"].as_i64()), (Some(1), Some(1)));
    assert_eq!(listed["shipments"][0]["shipment_id"], json!(second));
    assert_eq!(world.look("/state").await["yubicoOrganizations"][0]["buckets"][0]["quantity"], 499);
}

#[tokio::test]
async fn rubbish_instead_of_a_request_ends_in_a_processing_error() {
    let world = start().await;
    let token = world.token().await;
    let enrolled = world.enroll(&token, "ann.lee@example.com").await;
    let mut body = World::order_body(&enrolled);
    let customization = &mut body["shipment_items"][0]["product_customizations"][0];
    let mut tampered = enrolled.credential_request.clone().into_bytes();
    let at = tampered.len() - 30;
    tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
    customization["fido_credential_requests"] = json!([String::from_utf8(tampered).unwrap()]);
    let id = world.order(&body).await;
    world.command("POST", "/advance", json!({"steps": 4})).await;
    let shipment = world.shipment(&id).await;
    assert_eq!(shipment["shipment_state"]["shipment_state_id"], 8);
    assert!(shipment["shipment_items"][0].get("product_data").is_none());
}

#[tokio::test]
async fn a_dropped_transport_key_no_longer_opens_and_any_state_can_be_set() {
    let world = start().await;
    let token = world.token().await;
    let enrolled = world.enroll(&token, "ann.lee@example.com").await;
    let id = world.order(&World::order_body(&enrolled)).await;
    world.command("POST", "/keys/rotate", json!({"set": "transport", "old": "dropped"})).await;
    world.command("POST", &format!("/shipments/{id}/state"), json!({"id": 103})).await;
    assert_eq!(world.shipment(&id).await["shipment_state"]["shipment_state_id"], 8);
    world.command("POST", &format!("/shipments/{id}/state"), json!({"id": 4711})).await;
    assert_eq!(world.shipment(&id).await["shipment_state"]["shipment_state_id"], 4711);
}

#[tokio::test]
async fn the_clock_brings_a_parcel_to_its_door() {
    let world = start_with(|settings| settings.step = Some(std::time::Duration::from_millis(40))).await;
    let token = world.token().await;
    let enrolled = world.enroll(&token, "ann.lee@example.com").await;
    let id = world.order(&World::order_body(&enrolled)).await;
    until(async || world.shipment(&id).await["shipment_state"]["shipment_state_id"] == 104).await;
    let state = world.look("/state").await;
    let states: Vec<i64> = state["shipments"][0]["states"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| state["id"].as_i64().unwrap())
        .collect();
    assert_eq!(states, [1, 3, 100, 103, 104]);
}

#[tokio::test]
async fn stock_products_countries_and_addresses_can_be_asked_for() {
    let world = start().await;
    let get = async |path: &str| -> Value {
        world.yubico_request("GET", path).send().await.unwrap().json().await.unwrap()
    };
    let bucket = get("/v1/inventory").await["organization_product_inventory"][0].clone();
    assert_eq!(bucket["product_id"], 106);
    assert_eq!(bucket["organization_id"], json!(world.sandbox.ready.yubico_organization));
    assert!(bucket["product_mapping"].as_array().unwrap().contains(&json!(29)));
    assert_eq!(get("/v1/products/29").await["product_name"], "YubiKey 5C NFC");
    assert!(get("/v1/countries").await.to_string().contains("\"US\""));
    assert_eq!(get("/v1/shippablekeys").await["result_set"][0]["total_keys_available"], 500);
    let validate = async |street: &str| -> Value {
        let body = json!({"street_line1": street, "street_line2": "", "city": "Boston", "region": "MA",
                          "postal_code": "02108", "country_code_2": "US"});
        world
            .yubico_request("POST", "/v1/validate-address")
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    assert_eq!(validate("41 Maple Street").await["status"], "deliverable");
    assert_eq!(validate("1 Nowhere Lane").await["status"], "undeliverable");
    let wrong =
        world.http.get(format!("{}/v1/inventory", world.yubico())).bearer_auth("x").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
}

#[tokio::test]
async fn enrolments_of_other_hands_show_and_new_ones_may_lag() {
    let world = start().await;
    let token = world.token().await;
    let ann = world.person(&token, "ann.lee@example.com").await["id"].as_str().unwrap().to_string();
    let list = format!("/webauthn-registration/api/v1/users/{ann}/enrollments");
    let old = json!({"status": "EXPIRED", "ageMinutes": 90});
    let made = world.command("POST", "/people/ann.lee@example.com/enrollments", old).await;
    world.command("POST", "/settings", json!({"enrollmentListLagMs": 3_600_000})).await;
    world.enroll(&token, "ann.lee@example.com").await;
    let listed = world.okta_get(&token, &list).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["id"], &listed[0]["status"]), (&made["id"], &json!("EXPIRED")));
    world.command("POST", "/settings", json!({"enrollmentListLagMs": 0})).await;
    assert_eq!(world.okta_get(&token, &list).await.as_array().unwrap().len(), 2);
}
