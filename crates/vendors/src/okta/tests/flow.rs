//! Tokens, proofs, repeats and pages, on the wire.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use domain::{
    failure::{Arrival, Reason},
    ids::{Login, UserId},
    preflight::Authenticator,
    system_log::{LogPosition, LogQuery},
};
use jiff::Timestamp;
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

use super::{
    Auth, Client, Dpop, Reply, Seen, Server, activate_request, assertion, bytes, enroll_request, enrollment,
    error_body, okta, part, service_app, user, wire::told, with_api_token, with_headers,
};
use crate::http::testing::answer;

fn token(scheme: &str, value: &str) -> Reply {
    bytes(200, &format!("{{\"token_type\":\"{scheme}\",\"access_token\":\"{value}\",\"expires_in\":3600}}"))
}

fn is_token(seen: &Seen) -> bool {
    seen.path() == "/oauth2/v1/token"
}

/// Gives tokens without questions and `answer` to everything else.
async fn with_tokens(
    scheme: &'static str,
    dpop: Dpop,
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Server, Client) {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |seen| {
        if is_token(seen) {
            return token(scheme, &format!("token{}", count.fetch_add(1, Ordering::SeqCst)));
        }
        answer(seen)
    })
    .await;
    let client = okta(&server, service_app(dpop));
    (server, client)
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_bound() {
    let (server, okta) = with_tokens("DPoP", Dpop::Auto, |_| bytes(200, "[]")).await;
    let user = user();
    let (first, second) = tokio::join!(okta.enrollments(&user), okta.enrollments(&user));
    first.and(second).unwrap();
    okta.prepare().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.iter().filter(|seen| is_token(seen)).count(), 1, "single flight");
    let form: Vec<_> = url::form_urlencoded::parse(seen[0].body.as_bytes()).into_owned().collect();
    assert!(form.contains(&("grant_type".into(), "client_credentials".into())));
    assert!(form.contains(&("scope".into(), "okta.users.manage okta.users.read".into())));
    let claims = part(&assertion(&seen[0]), 1);
    assert_eq!(claims["aud"], format!("{}oauth2/v1/token", server.url));
    assert_eq!(part(&assertion(&seen[0]), 0)["kid"], "k1");
    for call in &seen[1..] {
        assert_eq!(call.header("authorization"), "DPoP token0");
        let proof = part(call.header("dpop"), 1);
        assert_eq!(proof["htm"], "GET");
        assert!(proof["ath"].is_string());
        assert_eq!(part(call.header("dpop"), 0)["jwk"], part(seen[0].header("dpop"), 0)["jwk"]);
    }
    assert_ne!(seen[1].header("dpop"), seen[2].header("dpop"));
}

#[tokio::test]
async fn whatever_kind_of_token_comes_back_is_used() {
    for (scheme, dpop, proofs) in [("Bearer", Dpop::Auto, 1), ("Bearer", Dpop::Never, 0)] {
        let (server, okta) = with_tokens(scheme, dpop, |_| bytes(200, "[]")).await;
        okta.enrollments(&user()).await.unwrap();
        let seen = server.seen();
        assert_eq!(seen[0].headers("dpop").len(), proofs);
        assert_eq!(seen[1].header("authorization"), "Bearer token0");
        assert!(seen[1].headers("dpop").is_empty());
    }
    let (_server, okta) = with_tokens("Bearer", Dpop::Always, |_| bytes(200, "[]")).await;
    let error = okta.prepare().await.unwrap_err();
    assert_eq!(told(&error), (Arrival::NotSent, Reason::ConnectionInvalid, None));
}

#[tokio::test]
async fn a_nonce_is_answered_once_with_everything_fresh() {
    let server = Server::start(|seen| {
        let nonce = part(seen.header("dpop"), 1)["nonce"].as_str().map(str::to_owned);
        match (is_token(seen), nonce.as_deref()) {
            (true, None) => with_headers(400, &[("dpop-nonce", "n1")], "{\"error\":\"use_dpop_nonce\"}"),
            (true, _) => token("DPoP", "t"),
            (false, Some("n2")) => bytes(200, "[]"),
            (false, _) => {
                let challenge = "DPoP error=\"use_dpop_nonce\"";
                with_headers(401, &[("dpop-nonce", "n2"), ("www-authenticate", challenge)], "")
            }
        }
    })
    .await;
    let okta = okta(&server, service_app(Dpop::Auto));
    okta.enrollments(&user()).await.unwrap();
    okta.enrollments(&user()).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 5, "two for the token, two for the first call, one for the second");
    assert_ne!(part(&assertion(&seen[0]), 1)["jti"], part(&assertion(&seen[1]), 1)["jti"]);
    let jtis: std::collections::HashSet<String> =
        seen.iter().map(|seen| part(seen.header("dpop"), 1)["jti"].to_string()).collect();
    assert_eq!(jtis.len(), 5);
}

#[tokio::test]
async fn endless_nonces_end() {
    let server = Server::start(|_| {
        with_headers(
            400,
            &[("dpop-nonce", "n"), ("www-authenticate", "DPoP error=\"use_dpop_nonce\"")],
            "{\"error\":\"use_dpop_nonce\"}",
        )
    })
    .await;
    let error = okta(&server, service_app(Dpop::Auto)).prepare().await.unwrap_err();
    assert_eq!(told(&error), (Arrival::NotSent, Reason::OktaUnauthorized, None));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let (server, okta) = with_tokens("DPoP", Dpop::Auto, |seen| match seen.header("authorization") {
        "DPoP token1" => bytes(200, "{\"userId\":\"u\"}"),
        _ => bytes(401, &error_body("E0000011")),
    })
    .await;
    okta.activate(&activate_request()).await.unwrap();
    assert_eq!(server.seen().len(), 4);
    let (server, okta) = with_tokens("DPoP", Dpop::Auto, |_| bytes(401, &error_body("E0000011"))).await;
    let error = okta.enroll(&enroll_request()).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Refused, Reason::OktaUnauthorized, Some(401)));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn what_is_wrong_with_the_app_is_said_and_nothing_else_is_sent() {
    let cases = [
        (401, "{\"error\":\"invalid_client\"}", Reason::OktaUnauthorized, "keyId"),
        (400, "{\"error\":\"invalid_scope\"}", Reason::ScopeMissing, "okta.users.manage"),
        (400, "{\"error\":\"unauthorized_client\"}", Reason::OktaUnauthorized, "API Services"),
        (400, "{\"error\":\"invalid_dpop_proof\"}", Reason::OktaUnauthorized, "clock"),
        (404, "{}", Reason::WrongAddress, "URL"),
        (500, "{}", Reason::OktaUnavailable, "status page"),
        (429, "{\"errorCode\":\"E0000047\"}", Reason::RateLimited, "fewer"),
    ];
    for (status, body, reason, hint) in cases {
        let server = Server::start(move |_| bytes(status, body)).await;
        let okta = okta(&server, service_app(Dpop::Auto));
        let error = okta.user_by_id(&user()).await.unwrap_err();
        // Above all: the 404 of a token endpoint is not the 404 of a user.
        assert_eq!(told(&error), (Arrival::NotSent, reason, None), "{body}");
        assert!(error.failure.message.contains(hint), "{}", error.failure.message);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_rejected_proof_blames_clock_or_proxy() {
    let challenge = [("www-authenticate", "DPoP error=\"invalid_dpop_proof\"")];
    for status in [400, 401] {
        let (_server, okta) =
            with_tokens("DPoP", Dpop::Auto, move |_| with_headers(status, &challenge, "")).await;
        let error = okta.enroll(&enroll_request()).await.unwrap_err();
        assert_eq!(told(&error), (Arrival::Refused, Reason::OktaUnauthorized, Some(status)));
        assert!(error.failure.message.contains("clock"));
    }
}

#[tokio::test]
async fn a_list_is_followed_on_the_same_host_only() {
    let server = Server::start(|seen| {
        let next = format!("<http://{}{}?after=2>; rel=\"next\"", seen.header("host"), seen.path());
        if seen.path().contains("after") {
            return bytes(200, "[{\"id\":\"a\"},{\"id\":\"b\"}]");
        }
        with_headers(200, &[("link", "</self>; rel=\"self\""), ("link", &next)], "[{\"id\":\"a\"}]")
    })
    .await;
    let list = with_api_token(&server).enrollments(&user()).await.unwrap();
    let ids: Vec<&str> = list.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);

    let elsewhere = [("link", "<https://evil.example.com/next>; rel=\"next\"")];
    let server = Server::start(move |_| with_headers(200, &elsewhere, "[]")).await;
    let error = with_api_token(&server).enrollments(&user()).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::UnreadableAnswer);
}

#[tokio::test]
async fn a_login_is_searched_where_the_filter_is_refused() {
    const FOUND: &str =
        "{\"id\":\"00u1\",\"status\":\"ACTIVE\",\"profile\":{\"login\":\"ann.lee@example.com\"}}";
    let server = Server::start(|seen| match seen.path() {
        path if path.starts_with("/api/v1/users?filter") => bytes(400, &error_body("E0000031")),
        path if path.starts_with("/api/v1/users?search") => bytes(200, &format!("[{FOUND}]")),
        _ => bytes(200, FOUND),
    })
    .await;
    let found = with_api_token(&server).user_by_login(&Login::new("ann.lee@example.com").unwrap()).await;
    assert_eq!(found.unwrap().unwrap().id.as_str(), "00u1");
}

#[tokio::test]
async fn a_login_is_filtered_then_searched_and_read_by_id() {
    const FOUND: &str =
        "{\"id\":\"00u1\",\"status\":\"STAGED\",\"profile\":{\"login\":\"Ann.Lee@example.com\"}}";
    let server = Server::start(|seen| match seen.path() {
        path if path.starts_with("/api/v1/users?filter") => bytes(200, "[]"),
        path if path.starts_with("/api/v1/users?search") => bytes(200, &format!("[{FOUND}]")),
        _ => bytes(200, FOUND),
    })
    .await;
    let okta = with_api_token(&server);
    let found = okta.user_by_login(&Login::new("ann.lee@example.com").unwrap()).await.unwrap().unwrap();
    assert_eq!(found.id.as_str(), "00u1");
    let seen = server.seen();
    let expression = "profile.login%20eq%20%22ann.lee%40example.com%22";
    assert_eq!(seen[0].path(), format!("/api/v1/users?filter={expression}"));
    assert_eq!(seen[1].path(), format!("/api/v1/users?search={expression}"));
    assert_eq!(seen[2].path(), "/api/v1/users/00u1");
    assert!(seen.iter().all(|seen| seen.header("content-type").contains("omitCredentials")));
    // A server that ignores the expression finds nobody.
    let other = okta.user_by_login(&Login::new("bob@example.com").unwrap()).await.unwrap();
    assert_eq!(other, None);
}

#[tokio::test]
async fn an_id_that_is_none_is_not_looked_up() {
    let other = "{\"id\":\"00uOTHER\",\"status\":\"ACTIVE\"}";
    let server = Server::start(move |_| bytes(200, other)).await;
    let okta = with_api_token(&server);
    for id in ["ann.lee@example.com", "../groups", "a b"] {
        assert_eq!(okta.user_by_id(&UserId::new(id).unwrap()).await, Ok(None));
    }
    assert!(server.seen().is_empty());
    // A short login leads to a user with another id.
    assert_eq!(okta.user_by_id(&UserId::new("annlee").unwrap()).await, Ok(None));
}

#[tokio::test]
async fn groups_are_read_with_the_scopes_of_the_road() {
    let (server, client) = with_tokens("DPoP", Dpop::Auto, |seen| match seen.path() {
        "/api/v1/users/00uEXAMPLE0000000001/groups" => bytes(200, "[{\"id\":\"00g1\"},{\"id\":\"00g2\"}]"),
        _ => bytes(404, &error_body("E0000007")),
    })
    .await;
    assert_eq!(client.groups_of(&user()).await.unwrap(), ["00g1", "00g2"]);
    assert!(server.seen()[0].body.contains("scope=okta.users.manage+okta.users.read&"));
}

#[tokio::test]
async fn each_setting_is_asked_for_with_its_own_scope() {
    let (server, okta) = with_tokens("DPoP", Dpop::Auto, |seen| match seen.path() {
        "/api/v1/domains" => bytes(200, "{\"domains\":[]}"),
        _ => bytes(200, "[]"),
    })
    .await;
    assert_eq!(okta.authenticator().await, Ok((Authenticator::Absent, None)));
    assert_eq!(okta.domains().await, Ok(Vec::new()));
    assert_eq!(okta.enrollment_policies().await, Ok(Vec::new()));
    assert_eq!(okta.session_rules().await, Ok(Vec::new()));
    let start = LogPosition::Since(Timestamp::UNIX_EPOCH);
    assert!(okta.log_page(&LogQuery::ConsoleOrders, &start).await.is_ok());
    let seen = server.seen();
    let scopes: Vec<_> = seen.iter().filter(|seen| is_token(seen)).map(|seen| seen.body.clone()).collect();
    assert_eq!(scopes.len(), 4, "policies are asked for with one token");
    for (body, scope) in scopes.iter().zip(["authenticators", "domains", "policies", "logs"]) {
        assert!(body.contains(&format!("scope=okta.{scope}.read&")), "{body}");
    }
    // A scope that is not granted refuses only this question.
    let server = Server::start(|_| bytes(400, "{\"error\":\"invalid_scope\"}")).await;
    let error = okta_of(&server).domains().await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::ScopeMissing);
}

fn okta_of(server: &Server) -> Client {
    okta(server, service_app(Dpop::Auto))
}

#[tokio::test]
async fn a_denial_with_all_scopes_is_about_the_role() {
    let server = Server::start(|_| bytes(403, &error_body("E0000006"))).await;
    let error = with_api_token(&server).try_enrollments(&[]).await.unwrap_err();
    assert_eq!(error.failure.reason, Reason::RoleMissing);
    let nobody = Server::start(|_| bytes(200, "[]")).await;
    assert_eq!(with_api_token(&nobody).try_enrollments(&[]).await, Ok(None));
}

/// A server that denies these people and knows nothing of those; the org shows everybody.
async fn denying(denied: &'static [&'static str], gone: &'static [&'static str]) -> Server {
    Server::start(move |seen| {
        let of = |id: &&str| seen.path().contains(&format!("/users/{id}/"));
        if seen.path().starts_with("/api/v1/users?") {
            return bytes(200, "[{\"id\":\"00u1\"},{\"id\":\"00u2\"},{\"id\":\"00u8\"},{\"id\":\"00u9\"}]");
        }
        if denied.iter().any(of) {
            return bytes(403, &error_body("E0000006"));
        }
        if gone.iter().any(of) {
            return bytes(404, &error_body("E0000007"));
        }
        bytes(200, "[]")
    })
    .await
}

#[tokio::test]
async fn one_person_whom_the_role_leaves_out_is_not_the_role() {
    let people = ["00u1", "00u2", "00u3"].map(|id| UserId::new(id).unwrap());
    let tried = async |denied, gone, known: &[UserId]| {
        let server = denying(denied, gone).await;
        let tried = with_api_token(&server).try_enrollments(known).await;
        (tried.map_err(|error| error.failure.reason), server.seen().len())
    };
    assert_eq!(tried(&["00u1"], &[], &people).await, (Ok(Some(())), 2), "the next one is asked");
    assert_eq!(
        tried(&["00u1", "00u3"], &["00u2"], &people).await.0,
        Ok(Some(())),
        "whoever the org shows is asked"
    );
    assert_eq!(tried(&["00u1"], &[], &people[..1]).await.0, Ok(Some(())));
    assert_eq!(tried(&[], &["00u1"], &people[..1]).await.0, Ok(Some(())), "somebody is gone");
    let all = &["00u1", "00u2", "00u3", "00u8", "00u9"];
    assert_eq!(
        tried(all, &[], &people).await,
        (Err(Reason::RoleMissing), 6),
        "nobody may be read, nobody is asked twice"
    );
    assert_eq!(tried(&[], all, &people).await.0, Ok(None), "nobody is there to try it with");
}

#[tokio::test]
async fn a_denial_of_one_user_is_that_users_and_a_dead_session_is_the_connections() {
    let told = async |code: &'static str| {
        let server = Server::start(move |_| bytes(403, &error_body(code))).await;
        let okta = with_api_token(&server);
        [
            okta.enrollments(&user()).await.unwrap_err().failure.reason,
            okta.user_by_id(&user()).await.unwrap_err().failure.reason,
            okta.enroll(&enroll_request()).await.unwrap_err().failure.reason,
        ]
    };
    assert_eq!(told("E0000006").await, [Reason::UserForbidden; 3]);
    assert_eq!(told("E0000005").await, [Reason::OktaForbidden; 3]);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Every level of every library: nothing secret or personal, and Okta's ids for support.
#[tokio::test]
async fn no_log_line_tells_a_secret() {
    let log = Log::default();
    // With a single subscriber, a call site first met by another test's thread would stay silent here.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(log.clone());
    let _guard = tracing_subscriber::registry().with(layer).set_default();
    let answers = AtomicUsize::new(0);
    let (server, okta) =
        with_tokens("DPoP", Dpop::Auto, move |_| match answers.fetch_add(1, Ordering::SeqCst) {
            0 => bytes(200, "[]"),
            1 => {
                let body = "{\"errorCode\":\"E0000001\",\"errorId\":\"oae1\",\"errorSummary\":\"ann.lee\"}";
                with_headers(400, &[("x-okta-request-id", "req7")], body)
            }
            _ => Reply::Bytes(answer(200, &[], "{\"pinRequestJwe\":\"eyJsecretPin\"}")),
        })
        .await;
    let _ = okta.user_by_login(&Login::new("ann.lee@example.com").unwrap()).await;
    let _ = okta.activate(&activate_request()).await;
    let _ = okta.enroll(&enroll_request()).await;
    let _ = okta.send_pin(&user(), &enrollment()).await;
    let ssws = with_api_token(&server);
    let _ = ssws.enrollments(&user()).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("oae1") && text.contains("req7") && text.contains("E0000001"), "{text}");
    let token = Auth::ApiToken("sswsTokenSecret".into());
    let debug = format!("{okta:?} {ssws:?} {token:?} {:?} {:?}", service_app(Dpop::Auto), activate_request());
    let seen = server.seen();
    let proofs = seen.iter().map(|seen| seen.header("dpop")).filter(|proof| !proof.is_empty());
    let secrets =
        ["token0", "sswsTokenSecret", "eyJpin", "eyJcredential", "eyJsecretPin", "ann.lee", "PRIVATE KEY"];
    let assertion = assertion(&seen[0]);
    for secret in proofs.chain(secrets).chain([assertion.as_str()]) {
        assert!(!text.contains(secret), "the log tells {secret}: {text}");
        assert!(!debug.contains(secret), "Debug tells {secret}");
    }
}
