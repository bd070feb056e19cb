//! Many people at once: each asked for is answered, with few calls; new ones are made once and without a mail.

use std::collections::BTreeMap;

use domain::{
    directory::{Creation, NewPerson, UserActivation},
    failure::{Arrival, Reason},
    ids::{Login, UserId},
    vendor_states::UserStatus,
};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Reply, Seen, Server, bytes, error_body, in_a_hurry, user, wire::told, with_api_token};
use crate::http::testing::answer;

fn login(text: &str) -> Login {
    Login::new(text).unwrap()
}

/// Whether the parameter's expression names this value.
fn asks_for(seen: &Seen, parameter: &str, value: &str) -> bool {
    let query = seen.path().split('?').nth(1).unwrap_or_default();
    let text = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{parameter}=")));
    let text = percent_decode_str(text.unwrap_or_default()).decode_utf8().unwrap().into_owned();
    text.contains(&format!("\"{value}\""))
}

fn person(id: &str, login: &str) -> Value {
    json!({"id": id, "status": "ACTIVE", "profile": {"login": login}})
}

fn posts(seen: &Seen) -> bool {
    seen.line().starts_with("POST")
}

fn list(people: Vec<Value>) -> Reply {
    bytes(200, &Value::from(people).to_string())
}

proptest! {
    #![proptest_config(crate::testing::cases(16))]
    /// Whoever of them exists, and wherever Okta shows them, is found; nobody else is.
    #[test]
    fn everybody_asked_for_is_answered_in_order(places in prop::collection::vec(0..4_u8, 1..150)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let shown = places.clone();
            let server = Server::start(move |seen| {
                let parameter = if seen.path().contains("search=") { "search" } else { "filter" };
                let here = |place: u8| match parameter { "search" => place & 1 != 0, _ => place & 2 != 0 };
                let asked = shown.iter().enumerate().filter(|(n, _)| {
                    asks_for(seen, parameter, &format!("u{n}@example.com"))
                });
                let found = asked.filter(|(_, place)| here(**place));
                list(found.map(|(n, _)| person(&format!("00u{n}"), &format!("U{n}@example.com"))).collect())
            })
            .await;
            let logins: Vec<_> = (0..places.len()).map(|n| login(&format!("u{n}@example.com"))).collect();
            let found = in_a_hurry(&server).users_by_login(&logins).await.unwrap();
            assert_eq!(found.iter().map(|(login, _)| login).collect::<Vec<_>>(), logins.iter().collect::<Vec<_>>());
            for (n, (_, user)) in found.iter().enumerate() {
                let id = user.as_ref().map(|user| user.id.as_str().to_owned());
                assert_eq!(id, (places[n] != 0).then(|| format!("00u{n}")));
            }
            assert!(server.seen().len() <= 2 * places.len().div_ceil(40), "{} calls", server.seen().len());
        });
    }
}

#[tokio::test]
async fn where_the_filter_takes_one_term_only_each_is_asked_for_alone() {
    let server = Server::start(|seen| {
        let one = asks_for(seen, "filter", "a@example.com") ^ asks_for(seen, "filter", "b@example.com");
        match seen.path().contains("filter=") {
            true if !one => bytes(400, &error_body("E0000031")),
            true if asks_for(seen, "filter", "b@example.com") => list(vec![person("00ub", "b@example.com")]),
            _ => list(vec![]),
        }
    })
    .await;
    let logins = [login("a@example.com"), login("b@example.com")];
    let found = with_api_token(&server).users_by_login(&logins).await.unwrap();
    assert!(found[0].1.is_none());
    assert_eq!(found[1].1.as_ref().unwrap().id.as_str(), "00ub");
}

#[tokio::test]
async fn capitals_decide_between_two_and_a_tie_is_refused() {
    let two = || list(vec![person("00u1", "Ann@example.com"), person("00u2", "ANN@example.com")]);
    let server = Server::start(move |_| two()).await;
    let okta = with_api_token(&server);
    let found = okta.users_by_login(&[login("ANN@example.com")]).await.unwrap();
    assert_eq!(found[0].1.as_ref().unwrap().id.as_str(), "00u2");
    let error = okta.users_by_login(&[login("ann@example.com")]).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::UnreadableAnswer);
    assert!(!error.failure.message.contains("ann"), "no login in a message");
}

/// Okta compares characters: a login may be there with its letters composed, or decomposed.
#[tokio::test]
async fn a_login_is_found_however_its_letters_are_spelt() {
    for (asked, there) in
        [("jose\u{301}@example.com", "josé@example.com"), ("josé@example.com", "Jose\u{301}@example.com")]
    {
        let server = Server::start(move |seen| {
            let found = asks_for(seen, "filter", there) || asks_for(seen, "filter", &there.to_lowercase());
            let found = seen.path().contains("filter=") && found;
            list(if found { vec![person("00u1", there)] } else { vec![] })
        })
        .await;
        let okta = with_api_token(&server);
        let found = okta.users_by_login(&[login(asked), login("kim@example.com")]).await.unwrap();
        assert_eq!(found[0].1.as_ref().unwrap().id.as_str(), "00u1", "{asked:?}");
        assert!(found[1].1.is_none());
        assert_eq!(okta.user_by_login(&login(asked)).await.unwrap().unwrap().id.as_str(), "00u1");
    }
}

#[tokio::test]
async fn who_is_missing_by_id_is_confirmed_by_id() {
    let server = Server::start(|seen| match seen.path() {
        "/api/v1/users/00u2" => bytes(200, &person("00u2", "new@example.com").to_string()),
        path if path.contains("search=") => list(vec![person("00u1", "a@example.com")]),
        _ => bytes(404, &error_body("E0000007")),
    })
    .await;
    let ids = ["00u1", "00u2", "00u3"].map(|id| UserId::new(id).unwrap());
    let found = with_api_token(&server).users_by_id(&ids).await.unwrap();
    let known: Vec<bool> = found.iter().map(|(_, user)| user.is_some()).collect();
    assert_eq!(known, [true, true, false]);
    assert_eq!(server.seen().len(), 3);
}

fn newcomer() -> NewPerson {
    let profile = [
        ("firstName", "Ann"),
        ("lastName", "Lee"),
        ("email", "ann.lee@example.com"),
        ("secondEmail", "ann@home.example"),
        ("city", "Secretville"),
    ];
    let profile: BTreeMap<String, String> =
        profile.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    NewPerson::new(login("ann.lee@example.com"), profile).unwrap()
}

#[tokio::test]
async fn a_person_is_made_staged_and_without_a_mail() {
    let server = Server::start(|_| {
        bytes(200, "{\"id\":\"00u1\",\"status\":\"STAGED\",\"profile\":{\"login\":\"ann.lee@example.com\"}}")
    })
    .await;
    let made = with_api_token(&server).create_staged(&newcomer()).await.unwrap();
    assert!(matches!(made, Creation::Made(user) if user.status == UserStatus::Staged));
    let seen = &server.seen()[0];
    assert_eq!(seen.line(), "POST /api/v1/users?activate=false HTTP/1.1");
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["profile"]);
    assert_eq!(body["profile"]["login"], "ann.lee@example.com");
}

const REFUSED: &str = "{\"errorCode\":\"E0000001\",\"errorSummary\":\"x\",\"errorCauses\":[\
    {\"errorSummary\":\"city: Secretville is no city\"},{\"errorSummary\":\"somethingElse: ann.lee\"}]}";

#[tokio::test]
async fn a_login_that_is_taken_is_left_as_it_is() {
    let server = Server::start(|seen| {
        if posts(seen) { bytes(400, REFUSED) } else { list(vec![person("00u7", "ann.lee@example.com")]) }
    })
    .await;
    let made = with_api_token(&server).create_staged(&newcomer()).await.unwrap();
    assert!(matches!(made, Creation::Existed(user) if user.id.as_str() == "00u7"));
}

#[tokio::test]
async fn refused_attributes_are_named_without_their_values() {
    let server = Server::start(|seen| if posts(seen) { bytes(400, REFUSED) } else { list(vec![]) }).await;
    let error = with_api_token(&server).create_staged(&newcomer()).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Refused, Reason::InvalidRecipient, Some(400)));
    assert!(error.failure.message.contains("refused city of"), "{}", error.failure.message);
    for secret in ["Secretville", "somethingElse", "ann.lee"] {
        assert!(!error.failure.message.contains(secret), "{}", error.failure.message);
    }
}

#[tokio::test]
async fn a_creation_without_an_answer_is_unclear_and_not_repeated() {
    let server = Server::start(|_| Reply::Close).await;
    let error = with_api_token(&server).create_staged(&newcomer()).await.unwrap_err();
    assert_eq!(error.arrival, Arrival::Unclear);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_activation_sends_no_mail_and_active_already_is_as_good() {
    let path = "/api/v1/users/00uEXAMPLE0000000001";
    let server = Server::start(|_| {
        bytes(200, "{\"activationToken\":\"secret\",\"activationUrl\":\"https://x/secret\"}")
    })
    .await;
    let done = with_api_token(&server).activate_user(&user()).await;
    assert_eq!(done, Ok(UserActivation::Accepted));
    let seen = &server.seen()[0];
    assert_eq!(seen.line(), format!("POST {path}/lifecycle/activate?sendEmail=false HTTP/1.1"));
    assert_eq!(seen.headers("content-length"), ["0"]);

    for (status, expected) in [
        ("ACTIVE", Ok(UserActivation::AlreadyActive)),
        ("SUSPENDED", Err(Reason::UserNotEligible)),
        ("PROVISIONED", Err(Reason::UserNotEligible)),
    ] {
        for code in ["E0000016", "E0000038"] {
            let server = Server::start(move |seen| {
                if posts(seen) {
                    return bytes(403, &error_body(code));
                }
                bytes(200, &format!("{{\"id\":\"00uEXAMPLE0000000001\",\"status\":\"{status}\"}}"))
            })
            .await;
            let done = with_api_token(&server).activate_user(&user()).await;
            assert_eq!(done.map_err(|error| error.failure.reason), expected, "{status} {code}");
        }
    }
    // The role may leave out this user only.
    let server = Server::start(|_| bytes(403, &error_body("E0000006"))).await;
    let error = with_api_token(&server).activate_user(&user()).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Refused, Reason::UserForbidden, Some(403)));
}

#[tokio::test]
async fn only_an_active_webauthn_factor_counts() {
    let cases = [
        (json!([]), false),
        (json!([{"factorType": "push", "status": "ACTIVE"}]), false),
        (json!([{"factorType": "webauthn", "status": "PENDING_ACTIVATION"}]), false),
        (json!([{"factorType": "webauthn"}, {"status": "ACTIVE"}, {"factorType": 7, "status": null}]), false),
        (
            json!([{"factorType": "push", "status": "ACTIVE"}, {"factorType": "webauthn", "status": "ACTIVE"}]),
            true,
        ),
    ];
    for (body, expected) in cases {
        let text = body.to_string();
        let server = Server::start(move |_| bytes(200, &text)).await;
        assert_eq!(with_api_token(&server).has_webauthn_factor(&user()).await, Ok(expected), "{body}");
        assert_eq!(server.seen()[0].path(), "/api/v1/users/00uEXAMPLE0000000001/factors");
    }
    for (status, body, reason) in [
        (404, error_body("E0000007"), Reason::UserNotFound),
        (200, "{}".to_owned(), Reason::UnreadableAnswer),
    ] {
        let server = Server::start(move |_| {
            Reply::Bytes(answer(status, &[("content-type", "application/json")], &body))
        })
        .await;
        let error = with_api_token(&server).has_webauthn_factor(&user()).await.unwrap_err();
        assert_eq!(error.failure.reason, reason);
    }
}
