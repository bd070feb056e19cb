//! Credentials replaced in the mounted Secret while shipments are on their way: no restart, and no order is lost,
//! doubled or handed to a person.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    calls::{ENROLL, ORDER},
    object::Object,
    scene::{Scene, scene},
    shipment::Handle,
    until,
};

/// Less than the shortest rest after a fault of the connection.
const SOON: Duration = Duration::from_secs(30);

/// A new token of the account, which ends its old one.
async fn renewed_token(scene: &Scene) -> String {
    token_of(scene, json!({})).await
}

async fn token_of(scene: &Scene, account: Value) -> String {
    let made = scene.sandbox.post("/tokens/yubico", account).await;
    made["token"].as_str().unwrap().to_owned()
}

/// Reasons that were told about a shipment, in its Events.
async fn told(scene: &Scene, shipment: &Handle) -> Vec<String> {
    scene.events(&scene.name, &shipment.name).await.into_iter().map(|(reason, _)| reason).collect()
}

async fn orders_sent(scene: &Scene) -> Vec<Option<u16>> {
    let calls = scene.sandbox.calls().await.into_iter();
    calls.filter(|call| call.operation == ORDER).map(|call| call.status).collect()
}

#[tokio::test]
async fn an_order_refused_with_the_old_token_is_sent_once_more_with_the_new_one() {
    scene("renew")
        .connection(json!({"calls": {"lookDelay": "15s"}}))
        .play(async |scene| {
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            // Between the enrolment and the order.
            let enrolled = until(async || (scene.sandbox.count(ENROLL).await == 1).then_some(())).await;
            enrolled.expect("it is enrolled");
            let token = renewed_token(scene).await;
            shipment.until_reason("YubicoUnauthorized").await;
            scene.connection().until_reason("YubicoUnauthorized").await;
            assert_eq!(orders_sent(scene).await, [Some(401)], "refused for certain, and not sent again");
            let before = Instant::now();
            scene.mount.set("yubico-api-token", token.as_bytes());
            shipment.until_ordered().await;
            assert!(before.elapsed() < SOON, "it took {:?}", before.elapsed());
            assert_eq!(orders_sent(scene).await.len(), 2, "once with each token");
            assert_eq!(scene.sandbox.orders().await.len(), 1);
            assert_eq!(scene.sandbox.count(ENROLL).await, 1, "the sealed requests are still good");
            let told = told(scene, &shipment).await;
            assert!(!told.iter().any(|reason| reason == "OrderRefused"), "nobody was asked: {told:?}");
            assert_eq!(scene.connection().until_reason("Succeeded").await.is("Ready"), "True");
        })
        .await;
}

#[tokio::test]
async fn a_token_renewed_in_the_middle_of_many_orders_loses_and_doubles_none() {
    scene("many")
        .play(async |scene| {
            let mut shipments = Vec::new();
            for number in 0..6 {
                let name = format!("p{number}");
                let login = scene.person(&name, "ACTIVE").await;
                shipments.push(scene.ship(&name, &login).await);
            }
            let begun = until(async || (!orders_sent(scene).await.is_empty()).then_some(())).await;
            begun.expect("orders go on");
            let token = renewed_token(scene).await;
            scene.mount.set("yubico-api-token", token.as_bytes());
            for shipment in &shipments {
                shipment.until_ordered().await;
                let told = told(scene, shipment).await;
                assert!(!told.iter().any(|reason| reason == "OrderRefused"), "nobody was asked: {told:?}");
            }
            assert_eq!(scene.sandbox.orders().await.len(), shipments.len());
            assert_eq!(scene.sandbox.count(ENROLL).await, shipments.len());
        })
        .await;
}

#[tokio::test]
async fn two_accounts_that_take_turns_leave_no_moment_without_a_token() {
    scene("turns")
        .play(async |scene| {
            let end = async || scene.connection().get().await.message_of("CredentialsExpiring").to_owned();
            let has_end = |object: &Object| !object.message_of("CredentialsExpiring").is_empty();
            let before = scene.connection().until("its end is told", has_end).await;
            let before = before.message_of("CredentialsExpiring").to_owned();
            let other =
                token_of(scene, json!({"account": "second@example.com", "lifetimeSeconds": 8_000_000})).await;
            scene.mount.set("yubico-api-token", other.as_bytes());
            until(async || (end().await != before).then_some(())).await.expect("the new token is in use");
            // As on the page: only now the first account's token ends.
            renewed_token(scene).await;
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_ordered().await;
            let told = told(scene, &shipment).await;
            assert!(!told.iter().any(|reason| reason == "YubicoUnauthorized"), "{told:?}");
            assert_eq!(orders_sent(scene).await, [Some(200)]);
        })
        .await;
}

/// A new key at the app; the old one stays until it is removed.
async fn new_key(scene: &Scene) -> Value {
    let path = format!("/apps/{}/keys", scene.sandbox.says("clientId"));
    scene.sandbox.post(&path, json!({"algorithm": scene.sandbox.says("algorithm")})).await
}

/// The old key and everything that was signed with it are gone.
async fn remove_old_key(scene: &Scene) {
    let (client, key) = (scene.sandbox.says("clientId"), scene.sandbox.says("keyId"));
    scene.sandbox.delete(&format!("/apps/{client}/keys/{key}")).await;
    scene.sandbox.post("/tokens/expire", json!({"okta": true})).await;
}

async fn name_key(scene: &Scene, key: &Value) {
    let change = json!({"okta": {"auth": {"privateKeyJwt": {"keyId": key["keyId"]}}}});
    scene.connection().change(change).await;
}

/// Only one half of the new pair is there: it is told, and shipments go on with the pair from before.
async fn half_way(scene: &Scene, reason: &str, name: &str) -> Object {
    let object = scene.connection().until_reason(reason).await;
    assert_eq!((object.is("Ready"), object.is("Stalled")), ("False", "True"));
    assert!(object.message().contains("credentials from before"), "{}", object.message());
    let login = scene.person(name, "ACTIVE").await;
    scene.ship(name, &login).await.until_ordered().await;
    object
}

/// The new pair is whole: the old one is not needed any more.
async fn all_the_way(scene: &Scene) {
    let object = scene.connection().until_reason("Succeeded").await;
    assert_eq!((object.is("Ready"), object.is("Stalled")), ("True", ""));
    remove_old_key(scene).await;
    let login = scene.person("last", "ACTIVE").await;
    scene.ship("last", &login).await.until_ordered().await;
}

#[tokio::test]
async fn a_new_private_key_may_come_before_its_id() {
    scene("keyfirst")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            let key = new_key(scene).await;
            scene.mount.set("okta-private-key", key["privateKeyPem"].as_str().unwrap().as_bytes());
            half_way(scene, "OktaUnauthorized", "kim").await;
            name_key(scene, &key).await;
            all_the_way(scene).await;
        })
        .await;
}

#[tokio::test]
async fn the_id_of_a_new_private_key_may_come_before_its_file() {
    scene("idfirst")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            let key = new_key(scene).await;
            name_key(scene, &key).await;
            half_way(scene, "OktaUnauthorized", "kim").await;
            scene.mount.set("okta-private-key", key["privateKeyJwk"].to_string().as_bytes());
            all_the_way(scene).await;
        })
        .await;
}

#[tokio::test]
async fn a_half_written_key_is_named_while_the_one_before_is_used() {
    scene("halfkey")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            let whole = std::fs::read(scene.mount.dir().join("okta-private-key")).unwrap();
            scene.mount.set("okta-private-key", &whole[..whole.len() / 2]);
            let told = half_way(scene, "CredentialsInvalid", "kim").await;
            assert!(told.message().contains("okta-private-key"), "{}", told.message());
            scene.mount.set("okta-private-key", &whole);
            scene.connection().until_reason("Succeeded").await;
        })
        .await;
}

#[tokio::test]
async fn a_secret_that_loses_a_key_stops_its_connection_until_the_key_is_back() {
    scene("lostkey")
        .play(async |scene| {
            scene.connection().until_reason("Succeeded").await;
            let files = scene.mount.files();
            let rest: Vec<_> = files.iter().filter(|(name, _)| name != "yubico-api-token").cloned().collect();
            scene.mount.swap(&rest);
            let told = scene.connection().until_reason("CredentialsMissing").await;
            let path = scene.mount.dir().join("yubico-api-token");
            for word in
                [path.to_str().unwrap(), "add the key `yubico-api-token` to its Secret", "existingSecret"]
            {
                assert!(told.message().contains(word), "{word} in: {}", told.message());
            }
            let login = scene.person("kim", "ACTIVE").await;
            let shipment = scene.ship("kim", &login).await;
            shipment.until_reason("CredentialsMissing").await;
            assert_eq!(scene.sandbox.count(ENROLL).await, 0, "what was taken away is not used");
            scene.mount.swap(&files);
            shipment.until_ordered().await;
        })
        .await;
}
