//! From the enrolment to the sign-in, as the operator and the user go it.

use crate::operator::start;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_is_ordered_delivered_activated_and_used() {
    let world = start().await;
    let token = world.token().await;
    let (enrolled, id, shipment) = world.delivered(&token).await;
    let list_path = format!("/webauthn-registration/api/v1/users/{}/enrollments", enrolled.user_id);
    assert_eq!(world.okta_get(&token, &list_path).await[0]["status"], "FULFILLMENT_PENDING");

    // What comes back is sealed for the key that Okta named at the enrolment.
    let sealed =
        shipment["shipment_items"][0]["product_data"][0]["fido_credential_responses"][0].as_str().unwrap();
    let header = URL_SAFE_NO_PAD.decode(sealed.split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["kid"], json!(enrolled.key_id));

    let body = world.activate_body(&enrolled, &shipment).await;
    let answer = world.activate(&token, &body).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["authenticatorEnrollmentIds"], json!([enrolled.id]));
    let factor = world.okta_get(&token, &list_path).await[0].clone();
    assert_eq!(factor["status"], "ACTIVE");
    assert_eq!(factor["profile"]["presetPinAvailable"], true);

    assert_eq!(world.send_pin(&token, &enrolled).await.status(), 204);
    let mail = world.look("/outbox").await[0].clone();
    assert_eq!(mail["to"], json!(["ann.lee@example.com", "ann.lee@private.example"]));

    world.command("POST", "/people/ann.lee@example.com/activate", json!({})).await;
    let line = sandbox::sign_in::run(&world.hand_over(&id).await).await.unwrap();
    assert!(line.starts_with("Welcome, Ann!"), "{line}");
    let factor = world.okta_get(&token, &list_path).await[0].clone();
    assert_eq!(factor["profile"]["presetPinAvailable"], false);
    // The PIN was used: it is not sent again.
    assert_eq!(world.send_pin(&token, &enrolled).await.status(), 403);

    let exact: Value = world
        .yubico_request("GET", &format!("/v1/shipments_exact/{id}"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(exact["shipment_state_id"], 104);
    assert_eq!(exact["carrier"], "UPS");
    assert_eq!(world.look("/state").await["counts"]["initiateFulfillmentRequests"], 0);
}

#[tokio::test]
async fn the_journal_holds_every_call_in_order_and_no_secret() {
    let world = start().await;
    world.ready_to_sign_in().await;
    let journal = world.look("/journal").await;
    let operations: Vec<&str> =
        journal.as_array().unwrap().iter().map(|entry| entry["operation"].as_str().unwrap()).collect();
    assert_eq!(
        operations,
        [
            "token",
            "token",
            "listUsers",
            "GetTransportKeys",
            "enrollPreregistrationEnrollment",
            "CreateFPRShipment",
            "GetFPRShipmentById",
            "GetSigningKeys",
            "activatePreregistrationEnrollment",
            "sendPin"
        ]
    );
    let activate = &journal[8];
    assert_eq!(activate["committed"], true);
    assert!(activate["userId"].is_string() && activate["enrollmentId"].is_string());

    let secrets = world.look("/secrets").await;
    let kinds: std::collections::BTreeSet<&str> =
        secrets.as_array().unwrap().iter().map(|secret| secret["kind"].as_str().unwrap()).collect();
    for kind in [
        "accessToken",
        "clientAssertion",
        "dpopProof",
        "jwe",
        "phone",
        "pin",
        "privateKey",
        "street",
        "yubicoApiToken",
    ] {
        assert!(kinds.contains(kind), "{kind}");
    }
    let text = journal.to_string();
    for secret in secrets.as_array().unwrap() {
        assert!(!text.contains(secret["value"].as_str().unwrap()), "{} leaked", secret["kind"]);
    }
}
