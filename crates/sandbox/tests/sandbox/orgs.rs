//! More than one org, more than one app, and what an IT admin does.

use serde_json::{Value, json};

use crate::operator::{World, start};

#[tokio::test]
async fn a_second_connection_is_another_org_and_another_organization() {
    let world = start().await;
    let other = world.command("POST", "/orgs", json!({"name": "emea", "countries": ["DE"]})).await;
    let metadata = async |url: &str| -> Value {
        world
            .http
            .get(format!("{url}/.well-known/okta-organization"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let (first, second) = (metadata(world.okta()).await, metadata(other["okta"].as_str().unwrap()).await);
    assert_eq!(first["pipeline"], "idx");
    assert_eq!(first["id"], json!(world.sandbox.ready.okta_organization));
    assert_ne!(first["id"], second["id"]);
    for file in ["okta-private-key", "yubico-api-token", "ca.crt"] {
        assert!(world.sandbox.ready.credentials.join("emea").join(file).is_file(), "{file}");
    }
    // The other organization's token does not see our order.
    let token = world.token().await;
    let id = world.order(&World::order_body(&world.enroll(&token, "ann.lee@example.com").await)).await;
    let url = format!("{}/v1/fpr/shipments/{id}", world.yubico());
    let theirs =
        world.http.get(url).bearer_auth(other["yubicoApiToken"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(theirs.status(), 404);
    // A person of the other org.
    let path = format!("/people?org={}", other["oktaOrganization"].as_str().unwrap());
    let profile = json!({"firstName": "Uma", "lastName": "Fox", "email": "uma@example.com"});
    world.command("POST", &path, json!({"profile": profile})).await;
    assert_eq!(world.control("GET", "/people/uma@example.com", None).await.status(), 404);
}

#[tokio::test]
async fn every_algorithm_is_accepted_and_an_unbound_app_gets_a_bearer_token() {
    let world = start().await;
    for algorithm in ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"] {
        let app = world.command("POST", "/apps", json!({"algorithm": algorithm, "dpop": false})).await;
        let header = json!({"alg": algorithm, "kid": app["keyId"]});
        let mut claims = world.assertion_claims();
        claims["iss"] = app["clientId"].clone();
        claims["sub"] = app["clientId"].clone();
        let assertion = signed(algorithm, &header, &claims, &app["privateKeyJwk"]);
        let answer = world.token_with(&assertion, None).await;
        assert_eq!(answer.status(), 200, "{algorithm}");
        assert_eq!(answer.json::<Value>().await.unwrap()["token_type"], "Bearer");
    }
}

fn signed(algorithm: &str, header: &Value, claims: &Value, key: &Value) -> String {
    use josekit::jws::{ES256, ES384, ES512, JwsHeader, JwsSigner, RS256, RS384, RS512, serialize_compact};
    let key = josekit::jwk::Jwk::from_map(key.as_object().unwrap().clone()).unwrap();
    let signer: Box<dyn JwsSigner> = match algorithm {
        "RS256" => Box::new(RS256.signer_from_jwk(&key).unwrap()),
        "RS384" => Box::new(RS384.signer_from_jwk(&key).unwrap()),
        "RS512" => Box::new(RS512.signer_from_jwk(&key).unwrap()),
        "ES256" => Box::new(ES256.signer_from_jwk(&key).unwrap()),
        "ES384" => Box::new(ES384.signer_from_jwk(&key).unwrap()),
        _ => Box::new(ES512.signer_from_jwk(&key).unwrap()),
    };
    let header = JwsHeader::from_map(header.as_object().unwrap().clone()).unwrap();
    serialize_compact(claims.to_string().as_bytes(), &header, signer.as_ref()).unwrap()
}

#[tokio::test]
async fn people_are_made_changed_activated_and_removed() {
    let world = start().await;
    let token = world.token().await;
    let profile =
        json!({"firstName": "Cy", "lastName": "Orr", "email": "cy@example.com", "login": "cy@example.com"});
    let created = world.okta_post(&token, "/api/v1/users?activate=false", &json!({"profile": profile})).await;
    assert_eq!(created.status(), 200);
    assert_eq!(created.json::<Value>().await.unwrap()["status"], "STAGED");
    let again = world.okta_post(&token, "/api/v1/users?activate=false", &json!({"profile": profile})).await;
    assert_eq!(again.json::<Value>().await.unwrap()["errorCode"], "E0000001");
    let changed = world.command("POST", "/people/cy@example.com", json!({"profile": {"city": "Oslo"}})).await;
    assert_eq!(changed["profile"]["city"], "Oslo");
    let activated = world.command("POST", "/people/cy@example.com/activate", json!({})).await;
    assert_eq!(activated["status"], "PROVISIONED");
    world.command("DELETE", "/people/cy@example.com", json!({})).await;
    assert_eq!(world.control("GET", "/people/cy@example.com", None).await.status(), 404);
}

#[tokio::test]
async fn groups_come_in_pages_and_the_log_goes_on() {
    let world = start().await;
    let token = world.token().await;
    let members = json!(["ann.lee@example.com", "bob.ray@example.com", "eve.long@example.com"]);
    let group = world.command("POST", "/groups", json!({"name": "Keys", "members": members})).await;
    let path = format!("/api/v1/groups/{}/users?limit=2", group["id"].as_str().unwrap());
    let first = world.okta_request(&token, "GET", &path).send().await.unwrap();
    let next = first
        .headers()
        .get_all("link")
        .iter()
        .find_map(|link| link.to_str().unwrap().strip_suffix("; rel=\"next\""))
        .unwrap()
        .trim_matches(['<', '>'])
        .to_string();
    assert_eq!(first.json::<Value>().await.unwrap().as_array().unwrap().len(), 2);
    let rest = world.okta_get(&token, next.strip_prefix(world.okta()).unwrap()).await;
    assert_eq!(rest.as_array().unwrap().len(), 1);

    let ann = world.person(&token, "ann.lee@example.com").await["id"].as_str().unwrap().to_string();
    let hers = world.okta_get(&token, &format!("/api/v1/users/{ann}/groups")).await;
    let names: Vec<&Value> = hers.as_array().unwrap().iter().map(|group| &group["profile"]["name"]).collect();
    assert_eq!(names, ["YubiKey new users", "Keys"]);

    let order = json!({"productId": "29", "inventoryProductId": "106", "customizationId": "RXJN83"});
    world.command("POST", "/people/ann.lee@example.com/console-order", order).await;
    let filter: String =
        url::form_urlencoded::byte_serialize(b"eventType eq \"system.mfa.preregister.initiate\"").collect();
    let log =
        world.okta_request(&token, "GET", &format!("/api/v1/logs?filter={filter}")).send().await.unwrap();
    assert!(log.headers()["link"].to_str().unwrap().contains("rel=\"next\""));
    let events: Value = log.json().await.unwrap();
    assert_eq!(events[0]["target"][0]["detailEntry"]["yubico_product_id"], "29");
}

#[tokio::test]
async fn the_page_shows_the_pin_in_the_mail_only() {
    let world = start().await;
    world.ready_to_sign_in().await;
    let text = world.look("/outbox").await[0]["text"].as_str().unwrap().to_string();
    let pin = text.lines().find_map(|line| line.strip_prefix("PIN: ")).unwrap().to_string();
    assert_eq!(world.look("/outbox/latest?person=ann.lee@example.com").await["id"], 1);
    assert_eq!(world.control("GET", "/outbox/latest?person=bob.ray@example.com", None).await.status(), 404);
    let page = world.control("GET", "/", None).await.text().await.unwrap();
    assert_eq!(page.matches(&pin).count(), 1);
    assert!(page.contains("Delivered."));
    assert!(!world.look("/state").await.to_string().contains(&pin));
    world.command("POST", "/reset", json!({})).await;
    let state = world.look("/state").await;
    assert_eq!((&state["counts"]["orders"], &state["enrollments"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn an_app_has_as_many_keys_as_it_is_given_until_they_are_removed() {
    let world = start().await;
    let app = world.command("POST", "/apps", json!({"dpop": false})).await;
    let keys = format!("/apps/{}/keys", app["clientId"].as_str().unwrap());
    let other = world.command("POST", &keys, json!({"algorithm": "RS256"})).await;
    assert_ne!(app["keyId"], other["keyId"]);
    let answered = async |key: &Value| {
        let algorithm = key["algorithm"].as_str().unwrap();
        let mut claims = world.assertion_claims();
        claims["iss"] = app["clientId"].clone();
        claims["sub"] = app["clientId"].clone();
        let header = json!({"alg": algorithm, "kid": key["keyId"]});
        let assertion = signed(algorithm, &header, &claims, &key["privateKeyJwk"]);
        world.token_with(&assertion, None).await.status().as_u16()
    };
    assert_eq!((answered(&app).await, answered(&other).await), (200, 200));
    let old = format!("{keys}/{}", app["keyId"].as_str().unwrap());
    assert_eq!(world.control("DELETE", &old, None).await.status(), 204);
    assert_eq!((answered(&app).await, answered(&other).await), (401, 200));
    assert_eq!(world.control("DELETE", &old, None).await.status(), 404);
    assert_eq!(world.control("POST", "/apps/nobody/keys", Some(&json!({}))).await.status(), 404);
}

/// A new token of YubiEnterprise, as an admin of its console makes it.
async fn yubico_token(world: &World, body: Value) -> String {
    let made = world.command("POST", "/tokens/yubico", body).await;
    made["token"].as_str().unwrap().to_owned()
}

/// What a call with this token is answered.
async fn inventory_status(world: &World, token: &str) -> u16 {
    let url = format!("{}/v1/inventory", world.yubico());
    world.http.get(url).bearer_auth(token).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_token_of_yubico_lives_as_long_as_is_said_and_tells_so_or_nothing() {
    let world = start().await;
    let made = async |body| yubico_token(&world, body).await;
    let status = async |token: &str| inventory_status(&world, token).await;
    assert_eq!(status(&made(json!({"lifetimeSeconds": 600})).await).await, 200);
    assert_eq!(status(&made(json!({"lifetimeSeconds": -1})).await).await, 401);
    let opaque = made(json!({"opaque": true})).await;
    assert!(!opaque.contains('.'), "{opaque}");
    assert_eq!(status(&opaque).await, 200);
    assert_eq!(made(json!({})).await.split('.').count(), 3);
}

#[tokio::test]
async fn an_account_has_one_token_and_another_account_its_own() {
    let world = start().await;
    let made = async |body| yubico_token(&world, body).await;
    let status = async |token: &str| inventory_status(&world, token).await;
    let file = world.sandbox.ready.credentials.join("default/yubico-api-token");
    let first = std::fs::read_to_string(file).unwrap().trim().to_owned();
    let second = made(json!({"account": "second@example.com"})).await;
    assert_eq!((status(&first).await, status(&second).await), (200, 200));
    let renewed = made(json!({})).await;
    assert_eq!((status(&first).await, status(&renewed).await), (401, 200), "the old one ends");
    assert_eq!(status(&second).await, 200, "the other account's stays");
}

#[tokio::test]
async fn an_org_begins_as_the_guides_want_it_and_is_spoiled_one_setting_at_a_time() {
    let world = start().await;
    let token = world.token().await;
    let enrollment = async || {
        let policies = world.okta_get(&token, "/api/v1/policies?type=MFA_ENROLL").await;
        policies[0]["settings"]["authenticators"][0]["enroll"]["self"].clone()
    };
    let authenticator = async || world.okta_get(&token, "/api/v1/authenticators").await[1]["status"].clone();
    assert_eq!((enrollment().await, authenticator().await), (json!("REQUIRED"), json!("ACTIVE")));
    world.command("POST", "/okta", json!({"settings": {"webauthnStatus": "INACTIVE"}})).await;
    assert_eq!((enrollment().await, authenticator().await), (json!("REQUIRED"), json!("INACTIVE")));
    let set = world.command("POST", "/okta", json!({"settings": {"enroll": "OPTIONAL"}})).await;
    assert_eq!((enrollment().await, authenticator().await), (json!("OPTIONAL"), json!("INACTIVE")));
    assert_eq!(set["settings"]["pipeline"], "idx");
    let unknown = json!({"settings": {"webAuthnStatus": "INACTIVE"}});
    assert_eq!(world.control("POST", "/okta", Some(&unknown)).await.status(), 400);
}

#[tokio::test]
async fn oktas_clock_may_differ_as_its_answers_show_it() {
    let world = start().await;
    let there = async || {
        let url = format!("{}/.well-known/okta-organization", world.okta());
        let answer = world.http.get(url).send().await.unwrap();
        let date = answer.headers()["date"].to_str().unwrap().to_owned();
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&date).unwrap()
    };
    let before = there().await;
    world.command("POST", "/okta", json!({"settings": {"clockSkewSeconds": 36_000}})).await;
    let ahead = there().await.duration_since(before);
    assert!(ahead.as_hours() >= 9, "{ahead:?}");
    world.command("POST", "/okta", json!({"settings": {"clockSkewSeconds": -36_000}})).await;
    assert!(there().await < before);
}

#[tokio::test]
async fn yubicos_catalogue_and_keys_are_shown_as_a_command_says() {
    let world = start().await;
    let organization = &world.sandbox.ready.yubico_organization;
    world.command("POST", "/countries", json!({"countries": ["FR"], "organization": organization})).await;
    world
        .command("POST", "/stock", json!({"inventoryProductId": 106, "quantity": 4, "productMapping": [29]}))
        .await;
    let made = world.command("POST", "/tokens/yubico", json!({})).await;
    let read = async |path: &str| -> Value {
        let request = world.http.get(format!("{}{path}", world.yubico()));
        request.bearer_auth(made["token"].as_str().unwrap()).send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(read("/v1/countries").await["countries"][0]["country_code_2"], "FR");
    let bucket = read("/v1/inventory").await["organization_product_inventory"][0].clone();
    assert_eq!(
        (&bucket["organization_product_quantity"], &bucket["product_mapping"]),
        (&json!(4), &json!([29]))
    );
    let keys = async || read("/.well-known/yubico-sign.jwks").await["keys"].clone();
    assert_eq!(keys().await.as_array().unwrap().len(), 2);
    let publish = async |shown: &str| {
        world.command("POST", "/keys/publish", json!({"set": "signing", "as": shown})).await;
    };
    publish("another-curve").await;
    assert_eq!(keys().await[0]["crv"], "P-256");
    publish("empty").await;
    assert_eq!(keys().await, json!([]));
    publish("whole").await;
    assert_eq!(keys().await[0]["crv"], "P-384");
}
