//! Activation: only a true response, for this enrolment, signed by a key that was submitted.

use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use serde_json::{Value, json};

use crate::operator::{World, public, start};

/// Changes one character in the middle of a part of a compact JOSE text.
fn tampered(compact: &Value, part: usize) -> Value {
    let mut parts: Vec<String> = compact.as_str().unwrap().split('.').map(str::to_string).collect();
    let at = parts[part].len() / 2;
    let other = if &parts[part][at..=at] == "A" { "B" } else { "A" };
    parts[part].replace_range(at..=at, other);
    json!(parts.join("."))
}

async fn refused(world: &World, token: &str, body: &Value) {
    let answer = world.activate(token, body).await;
    assert_eq!(answer.status(), 400);
    let error: Value = answer.json().await.unwrap();
    if error["errorCode"] == "E0000001" {
        assert_eq!(error["errorSummary"], "Api validation failed: pinResponseJwe|webAuthnCredResponse");
        assert!(error["errorCauses"].is_object());
    }
}

#[tokio::test]
async fn only_the_submitted_keys_are_trusted() {
    let world = start().await;
    let token = world.token().await;
    let (enrolled, _, shipment) = world.delivered(&token).await;
    let good = world.activate_body(&enrolled, &shipment).await;

    let foreign = public(&Jwk::generate_ec_key(EcCurve::P384).unwrap());
    let mut body = good.clone();
    for key in body["yubicoSigningJwks"].as_array_mut().unwrap() {
        // Yubico's kid on somebody else's key.
        key["x"] = foreign["x"].clone();
        key["y"] = foreign["y"].clone();
    }
    refused(&world, &token, &body).await;

    let mut body = good.clone();
    body["yubicoSigningJwks"] = json!([]);
    refused(&world, &token, &body).await;
    let mut body = good.clone();
    body["yubicoSigningJwks"] = json!({"keys": good["yubicoSigningJwks"]});
    refused(&world, &token, &body).await;
    let mut body = good.clone();
    body["yubicoSigningJwks"][0]["x5c"] = json!(["AAAA"]);
    refused(&world, &token, &body).await;

    // After a rotation that withdraws the old keys, the current set does not verify, the kept one does.
    world.command("POST", "/keys/rotate", json!({"set": "signing", "old": "unlisted"})).await;
    let mut body = good.clone();
    body["yubicoSigningJwks"] = json!(world.signing_keys().await);
    refused(&world, &token, &body).await;
    assert_eq!(world.activate(&token, &good).await.status(), 200);
}

#[tokio::test]
async fn tampered_or_foreign_responses_are_refused() {
    let world = start().await;
    let token = world.token().await;
    let (enrolled, _, shipment) = world.delivered(&token).await;
    let good = world.activate_body(&enrolled, &shipment).await;
    for part in [1, 3, 4] {
        let mut body = good.clone();
        body["credResponses"][0]["credResponseJwe"] =
            tampered(&good["credResponses"][0]["credResponseJwe"], part);
        refused(&world, &token, &body).await;
        let mut body = good.clone();
        body["pinResponseJwe"] = tampered(&good["pinResponseJwe"], part);
        refused(&world, &token, &body).await;
    }
    // The PIN's response is no credential's.
    let mut body = good.clone();
    body["credResponses"][0]["credResponseJwe"] = good["pinResponseJwe"].clone();
    refused(&world, &token, &body).await;
    // A response made for one enrolment does not activate another.
    let other = world.enroll(&token, "ann.lee@example.com").await;
    let mut body = good.clone();
    body["credResponses"][0]["authenticatorEnrollmentId"] = json!(other.id);
    refused(&world, &token, &body).await;
    // A PIN is not sent before.
    assert_eq!(world.send_pin(&token, &enrolled).await.status(), 403);
    assert_eq!(world.activate(&token, &good).await.status(), 200);
    // And twice is once too often.
    refused(&world, &token, &good).await;
}

#[tokio::test]
async fn field_names_are_taken_literally() {
    let world = start().await;
    let token = world.token().await;
    let (enrolled, _, shipment) = world.delivered(&token).await;
    let good = world.activate_body(&enrolled, &shipment).await;
    let mut body = good.clone();
    let response = body["credResponses"][0].as_object_mut().unwrap();
    let value = response.remove("credResponseJwe").unwrap();
    response.insert("credResponseJWE".into(), value);
    refused(&world, &token, &body).await;
    let mut body = good.clone();
    body["serial"] = json!(good["serial"].as_str().unwrap().parse::<i64>().unwrap());
    refused(&world, &token, &body).await;
    let pin = json!({"userId": enrolled.user_id, "fulfillmentProvider": "yubico", "authenticatorEnrollmentId": [enrolled.id]});
    assert_eq!(world.okta_post(&token, "/webauthn-registration/api/v1/send-pin", &pin).await.status(), 400);
    let text = world
        .okta_request(&token, "POST", "/webauthn-registration/api/v1/activate")
        .header("content-type", "text/plain")
        .body(good.to_string());
    let error: Value = text.send().await.unwrap().json().await.unwrap();
    assert_eq!(error["errorCode"], "E0000021");
}

#[tokio::test]
async fn an_old_challenge_has_expired() {
    let world = start().await;
    let token = world.token().await;
    let (enrolled, _, shipment) = world.delivered(&token).await;
    let good = world.activate_body(&enrolled, &shipment).await;
    world.command("POST", "/settings", json!({"challengeMinutes": 0})).await;
    refused(&world, &token, &good).await;
}

#[tokio::test]
async fn an_errored_enrolment_is_not_activated() {
    let world = start().await;
    let token = world.token().await;
    let (enrolled, _, shipment) = world.delivered(&token).await;
    let path = format!(
        "/webauthn-registration/api/v1/users/{}/enrollments/{}/mark-error",
        enrolled.user_id, enrolled.id
    );
    let marked =
        world.okta_request(&token, "POST", &path).header("content-length", "0").send().await.unwrap();
    assert_eq!(marked.status(), 204);
    let good = world.activate_body(&enrolled, &shipment).await;
    refused(&world, &token, &good).await;
    world.command("POST", "/settings", json!({"activateAfterMarkError": true})).await;
    assert_eq!(world.activate(&token, &good).await.status(), 200);
}
