//! What is asked, what is understood, and that nothing but a whole answer counts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    failure::{CallError, Kind, Reason},
    ids::{Login, UserId},
    recipient::Field,
    vendor_states::{User, UserStatus},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Client, Record, Settings};
use crate::http::{
    self, CallMetrics,
    testing::{Reply, Server, answer, json as reply},
};

fn person() -> User {
    User {
        id: UserId::new("00u1").unwrap(),
        login: Login::new("ann.lee@example.com").ok(),
        status: UserStatus::Active,
        profile: BTreeMap::new(),
        no_text: BTreeMap::new(),
    }
}

fn client(url: &url::Url, timeout: Duration) -> Client {
    let settings = Settings { url: url.join("people/recipient").unwrap(), token: "hrisTokenSecret".into() };
    let transport = http::Settings {
        timeout,
        extra_ca: None,
        allow_insecure_loopback: true,
        proxies: http::Proxies::default(),
    };
    Client::new(settings, &transport, Arc::new(CallMetrics::default())).unwrap()
}

async fn asked(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Server, Result<Record, CallError>) {
    let server = Server::start(move |_| reply()).await;
    let said = client(&server.url, Duration::from_secs(30)).recipient(&person()).await;
    (server, said)
}

async fn answered(status: u16, body: &str) -> Result<Record, CallError> {
    let bytes = reply(status, body);
    asked(move || Reply::Bytes(bytes.clone())).await.1
}

#[tokio::test]
async fn one_request_names_the_person_in_its_body_only() {
    let (server, said) = asked(|| Reply::Bytes(reply(200, "{}"))).await;
    assert_eq!(said, Ok(Record::new()));
    let [seen] = server.seen().try_into().ok().unwrap();
    assert_eq!(seen.line(), "POST /people/recipient HTTP/1.1");
    assert_eq!(seen.header("authorization"), "Bearer hrisTokenSecret");
    assert_eq!(seen.header("content-type"), "application/json");
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body, json!({"userId": "00u1", "login": "ann.lee@example.com"}));
}

#[tokio::test]
async fn every_field_is_read_under_its_own_name_and_blank_says_nothing() {
    let all: serde_json::Map<String, Value> = Field::ALL
        .iter()
        .map(|field| (field.name().to_owned(), Value::from(format!("a {}", field.name()))))
        .collect();
    let said = answered(200, &Value::Object(all).to_string()).await.unwrap();
    assert_eq!(said.len(), Field::ALL.len());
    for field in Field::ALL {
        assert_eq!(said[&field], format!("a {}", field.name()));
    }
    let said = answered(200, "{\"city\": null, \"region\": \"  \", \"phone\": \"+1\"}").await.unwrap();
    assert_eq!(said.keys().collect::<Vec<_>>(), [&Field::Phone]);
}

/// Whatever is not a whole answer makes the shipment wait, and says nothing of what was in it.
#[tokio::test]
async fn no_other_answer_counts() {
    let broken = [
        (200, "{\"zip\": \"02108\"}"),
        (200, "{\"city\": 7}"),
        (200, "[]"),
        (200, "{\"city\": \"Secretville\""),
        (204, ""),
        (302, ""),
        (400, "{\"city\": \"Secretville\"}"),
        (401, ""),
        (403, ""),
        (429, ""),
        (500, "Secretville"),
        (503, ""),
    ];
    for (status, body) in broken {
        let error = answered(status, body).await.unwrap_err();
        assert_eq!(error.failure.reason, Reason::RecipientSourceUnavailable, "{status} {body}");
        assert_eq!(error.failure.reason.kind(), Kind::Transient);
        for secret in ["Secretville", "ann.lee", "hrisTokenSecret", "02108"] {
            assert!(!error.failure.message.contains(secret), "{}", error.failure.message);
        }
    }
    for silence in [|| Reply::Close, || Reply::Hang] {
        let server = Server::start(move |_| silence()).await;
        let error = client(&server.url, Duration::from_millis(1500)).recipient(&person()).await.unwrap_err();
        assert_eq!(error.failure.reason, Reason::RecipientSourceUnavailable);
    }
    let nobody = "http://127.0.0.1:1".parse().unwrap();
    let error = client(&nobody, Duration::from_secs(5)).recipient(&person()).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::RecipientSourceUnavailable, "not the vendors' connection");
}

#[tokio::test]
async fn the_servers_wish_is_heard_and_a_stranger_is_named_as_one() {
    let busy = answer(503, &[("retry-after", "7")], "");
    let error = asked(move || Reply::Bytes(busy.clone())).await.1.unwrap_err();
    assert_eq!(error.failure.retry_after, None, "only a 429 asks for it");
    let busy = answer(429, &[("retry-after", "7")], "");
    let error = asked(move || Reply::Bytes(busy.clone())).await.1.unwrap_err();
    assert_eq!(error.failure.retry_after, Some(Duration::from_secs(7)));
    let error = answered(404, "{\"error\": \"ann.lee@example.com is unknown\"}").await.unwrap_err();
    assert_eq!((error.failure.reason, error.status), (Reason::InvalidRecipient, Some(404)));
    assert!(!error.failure.message.contains("ann.lee"), "{}", error.failure.message);
    // A page for people is another server.
    let page = answer(404, &[("content-type", "text/html")], "<h1>not here</h1>");
    let error = asked(move || Reply::Bytes(page.clone())).await.1.unwrap_err();
    assert_eq!(error.failure.reason, Reason::RecipientSourceUnavailable);
    assert!(error.failure.message.contains("so it is not the HRIS;"), "{}", error.failure.message);
    let error = answered(200, "[]").await.unwrap_err();
    assert!(error.failure.message.contains("docs/recipient.md"), "{}", error.failure.message);
}

#[test]
fn a_bad_bundle_of_certificates_is_named() {
    let settings = Settings { url: "https://hris.example.com".parse().unwrap(), token: "t".into() };
    let transport = http::Settings {
        timeout: Duration::from_secs(1),
        extra_ca: Some(b"no certificate".to_vec()),
        allow_insecure_loopback: false,
        proxies: http::Proxies::default(),
    };
    let error = Client::new(settings, &transport, Arc::default()).unwrap_err();
    assert_eq!(error.reason, Reason::CredentialsInvalid);
    assert!(error.message.contains("`hris-ca.crt`"), "{}", error.message);
}

#[test]
fn neither_settings_nor_client_print_the_token_or_a_path() {
    let url: url::Url = "http://127.0.0.1:9/a/secretpath".parse().unwrap();
    let client = client(&url, Duration::from_secs(1));
    for text in [format!("{client:?}"), format!("{:?}", client.settings)] {
        assert!(!text.contains("hrisTokenSecret") && !text.contains("recipient"), "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from)
    ];
    let names = "firstName|city|region|postalCode|countryCode|x";
    prop::collection::btree_map(names, leaf, 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    /// What was said is taken as it is, or the whole answer is not.
    #[test]
    fn an_answer_is_taken_whole_or_not_at_all(body in any_json()) {
        let read = serde_json::from_value::<super::wire::ResponseBody>(body.clone());
        let members = body.as_object().unwrap();
        let is_field = |name: &String| Field::ALL.iter().any(|field| field.name() == name);
        let fits = members.iter().all(|(name, value)| is_field(name) && (value.is_string() || value.is_null()));
        prop_assert_eq!(read.is_ok(), fits);
        if let Ok(read) = read {
            for (field, value) in read.into_record() {
                prop_assert_eq!(members[field.name()].as_str(), Some(value.as_str()));
            }
        }
    }
}
