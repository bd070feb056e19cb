//! The end of Yubico's token: said in time, once each, in the condition, an Event and a metric; nothing stops for it.

use serde_json::{Value, json};

use crate::support::{
    object::Object,
    scene::{Scene, scene},
    until,
};

const CONDITION: &str = "CredentialsExpiring";
const DAY: i64 = 86_400;

/// Mounts a new token, and says when it ends.
async fn mount(scene: &Scene, token: Value) -> Option<i64> {
    let made = scene.sandbox.post("/tokens/yubico", token).await;
    let token = made["token"].as_str().unwrap();
    scene.mount.set("yubico-api-token", token.as_bytes());
    end_of(token)
}

/// As a JWT library would read it.
fn end_of(token: &str) -> Option<i64> {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Value>(&payload).ok()?["exp"].as_i64()
}

async fn is_told(scene: &Scene, status: &str, reason: &str) -> Object {
    let object = scene.connection().until(reason, |object| object.reason_of(CONDITION) == reason).await;
    assert_eq!(object.is(CONDITION), status, "{reason}");
    object
}

/// Events about the token, oldest first.
async fn warnings(scene: &Scene) -> Vec<String> {
    let events = scene.events("default", &scene.name).await.into_iter();
    events.map(|(reason, _)| reason).filter(|reason| reason.starts_with("Token")).collect()
}

async fn until_warned(scene: &Scene, reasons: &[&str]) {
    let warned = until(async || (warnings(scene).await.len() >= reasons.len()).then_some(())).await;
    let mut said = warnings(scene).await;
    said.sort();
    let mut expected = reasons.to_vec();
    expected.sort_unstable();
    assert!(warned.is_some() && said == expected, "{said:?} instead of {expected:?}");
}

/// The metric of the scene's connection.
async fn measured(scene: &Scene) -> Option<i64> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let address = scene.operator().as_ref().unwrap().address.clone();
    let text = http.get(format!("http://{address}/metrics")).send().await.ok()?.text().await.ok()?;
    let series = format!("credential_expiry_timestamp_seconds{{connection=\"{}\"", scene.name);
    let line = text.lines().find(|line| line.contains(&series))?;
    assert!(line.contains("credential=\"yubico-api-token\""), "{line}");
    line.split(' ').next_back()?.parse().ok()
}

async fn until_measured(scene: &Scene, end: Option<i64>) {
    let same = until(async || (measured(scene).await == end).then_some(())).await;
    assert!(same.is_some(), "the metric is {:?} instead of {end:?}", measured(scene).await);
}

#[tokio::test]
async fn the_end_of_a_token_is_told_in_stages_and_stops_nothing_before_it_comes() {
    scene("expiry")
        .play(async |scene| {
            let end = mount(scene, json!({"lifetimeSeconds": 31 * DAY})).await;
            until_measured(scene, end).await;
            is_told(scene, "False", "TokenValid").await;
            let mut told = Vec::new();
            for (seconds, reason) in [
                (29 * DAY, "TokenExpiresWithin30Days"),
                (6 * DAY, "TokenExpiresWithin7Days"),
                (DAY / 2, "TokenExpiresWithin1Day"),
            ] {
                let end = mount(scene, json!({"lifetimeSeconds": seconds})).await.unwrap();
                let object = is_told(scene, "True", reason).await;
                assert_eq!((object.is("Ready"), object.is("Stalled")), ("True", ""), "advice, not a fault");
                let day = jiff::Timestamp::from_second(end).unwrap().to_string();
                for word in [&day[..10], "Admin", "`yubico-api-token`", "existingSecret"] {
                    assert!(object.message_of(CONDITION).contains(word), "{}", object.message_of(CONDITION));
                }
                told.push(reason);
                until_warned(scene, &told).await;
                until_measured(scene, Some(end)).await;
            }
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
            scene.connection().look_now().await;
            until_warned(scene, &told).await;
            mount(scene, json!({"lifetimeSeconds": -60})).await;
            let object = is_told(scene, "True", "TokenExpired").await;
            assert!(object.message_of(CONDITION).contains("ended on"), "{}", object.message_of(CONDITION));
            told.push("TokenExpired");
            until_warned(scene, &told).await;
            mount(scene, json!({})).await;
            is_told(scene, "False", "TokenValid").await;
        })
        .await;
}

#[tokio::test]
async fn a_stage_that_begins_while_nothing_else_happens_is_told_at_its_time() {
    scene("crossing")
        .play(async |scene| {
            let end = mount(scene, json!({"lifetimeSeconds": 30 * DAY + 20})).await;
            until_measured(scene, end).await;
            is_told(scene, "True", "TokenExpiresWithin30Days").await;
            until_warned(scene, &["TokenExpiresWithin30Days"]).await;
        })
        .await;
}

#[tokio::test]
async fn of_an_opaque_token_nothing_is_known_unless_somebody_says_it() {
    scene("opaque")
        .play(async |scene| {
            mount(scene, json!({"opaque": true})).await;
            let object = is_told(scene, "Unknown", "TokenExpiryUnknown").await;
            assert_eq!(object.is("Ready"), "True");
            assert!(object.message_of(CONDITION).contains("a year"), "{}", object.message_of(CONDITION));
            until_measured(scene, None).await;
            scene.mount.set("yubico-api-token-expires", b"next spring\n");
            let object = is_told(scene, "Unknown", "TokenExpiryUnreadable").await;
            assert!(object.message_of(CONDITION).contains("yubico-api-token-expires"));
            assert_eq!(object.is("Ready"), "True");
            scene.mount.set("yubico-api-token-expires", b"2020-01-01T00:00:00Z\n");
            is_told(scene, "True", "TokenExpired").await;
            until_measured(scene, Some(1_577_836_800)).await;
            assert!(warnings(scene).await.iter().all(|reason| reason == "TokenExpired"));
            let login = scene.person("kim", "ACTIVE").await;
            scene.ship("kim", &login).await.until_ordered().await;
        })
        .await;
}
