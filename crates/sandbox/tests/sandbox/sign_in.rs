//! The sign-in really verifies: the key, its PIN, the relying party, the person.

use sandbox::SoftKey;
use sandbox::sign_in::run;
use serde_json::{Value, json};

use crate::operator::{World, start};

#[tokio::test]
async fn a_wrong_pin_costs_a_try_and_the_right_one_still_works() {
    let world = start().await;
    let mut with = world.ready_to_sign_in().await;
    with.pin = Some("00000000".into());
    let reason = run(&with).await.unwrap_err();
    assert_eq!(reason, "wrong PIN, 7 tries left");
    with.pin = None;
    assert!(run(&with).await.is_ok());
}

#[tokio::test]
async fn eight_wrong_pins_leave_a_dead_key() {
    let world = start().await;
    let mut with = world.ready_to_sign_in().await;
    with.pin = Some("00000000".into());
    for _ in 0..7 {
        assert!(run(&with).await.unwrap_err().starts_with("wrong PIN"));
    }
    assert!(run(&with).await.unwrap_err().contains("blocked"));
    with.pin = None;
    assert!(run(&with).await.unwrap_err().contains("blocked"));
}

#[tokio::test]
async fn another_rp_gets_nothing_from_the_key() {
    let world = start().await;
    let mut with = world.ready_to_sign_in().await;
    with.rp_id = Some("example.okta.com".into());
    assert!(run(&with).await.unwrap_err().contains("no credential for the RP id"));
    // And Okta offers nothing once its own RP id has changed.
    with.rp_id = None;
    world.command("POST", "/okta", json!({"rpId": "example.com"})).await;
    assert!(run(&with).await.unwrap_err().contains("no activated key of this person is for example.com"));
}

#[tokio::test]
async fn only_an_active_person_signs_in_and_only_with_an_activated_key() {
    let world = start().await;
    let token = world.token().await;
    let with = world.ready_to_sign_in().await;
    world.command("POST", "/people/ann.lee@example.com", json!({"status": "SUSPENDED"})).await;
    assert!(run(&with).await.unwrap_err().contains("SUSPENDED"));
    world.command("POST", "/people/ann.lee@example.com", json!({"status": "ACTIVE"})).await;
    let ann = world.person(&token, "ann.lee@example.com").await["id"].as_str().unwrap().to_string();
    let list =
        world.okta_get(&token, &format!("/webauthn-registration/api/v1/users/{ann}/enrollments")).await;
    let id = list[0]["id"].as_str().unwrap();
    let path = format!("/webauthn-registration/api/v1/users/{ann}/enrollments/{id}");
    assert_eq!(world.okta_request(&token, "DELETE", &path).send().await.unwrap().status(), 204);
    assert!(run(&with).await.unwrap_err().contains("no activated key"));
}

async fn post(world: &World, path: &str, body: &Value) -> (u16, Value) {
    let answer = world.http.post(format!("{}{path}", world.okta())).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn an_assertion_is_good_once_and_only_for_its_challenge_and_origin() {
    let world = start().await;
    let with = world.ready_to_sign_in().await;
    let mut key: SoftKey = serde_json::from_slice(&std::fs::read(&with.parcel).unwrap()).unwrap();
    let text = world.look("/outbox").await[0]["text"].as_str().unwrap().to_string();
    let pin = text.lines().find_map(|line| line.strip_prefix("PIN: ")).unwrap().to_string();
    let begin = async || {
        let (status, started) =
            post(&world, "/sandbox-sign-in/start", &json!({"login": "ann.lee@example.com"})).await;
        assert_eq!(status, 200);
        started
    };
    let finish = async |started: &Value, credential: &Value| {
        let body = json!({"session": started["session"], "credential": credential});
        post(&world, "/sandbox-sign-in/finish", &body).await.0
    };
    let started = begin().await;
    let credential = key.assert(&pin, &started["publicKey"], world.okta()).unwrap();
    assert_eq!(finish(&started, &credential).await, 200);
    assert_eq!(finish(&started, &credential).await, 403);
    assert_eq!(finish(&begin().await, &credential).await, 403);

    let started = begin().await;
    let phished = key.assert(&pin, &started["publicKey"], "https://localhost.example").unwrap();
    assert_eq!(finish(&started, &phished).await, 403);

    // A clone of the key from before its last use shows by the counter.
    let mut clone: SoftKey = serde_json::from_slice(&std::fs::read(&with.parcel).unwrap()).unwrap();
    let started = begin().await;
    let cloned = clone.assert(&pin, &started["publicKey"], world.okta()).unwrap();
    assert_eq!(finish(&started, &cloned).await, 403);
}
