use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
    time::Duration,
};

use domain::failure::{Arrival, CallError, Reason};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{SslAcceptor, SslMethod},
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use proptest::prelude::*;
use reqwest::{Method, header};
use tokio::time::Instant;
use url::Url;

use super::{
    Answer, Api, BODY_LIMIT, Body, Call, CallMetrics, Http, Nature, Proxies, Settings, endpoint, fault,
    testing::{Reply, Server, answer, client, client_with, json},
};

fn order(url: &Url) -> Call {
    let mut call = Call::new(Api::Yubico, "order", Nature::Order, Method::POST, url.clone());
    call.body = Body::Json(b"{}".to_vec());
    call
}

#[expect(clippy::unnecessary_wraps, reason = "what `send` wants to read with")]
fn any(answer: &Answer) -> Result<u16, CallError> {
    Ok(answer.status)
}

async fn ordered(reply: Vec<u8>) -> Result<u16, CallError> {
    let server = Server::always(reply).await;
    client().send(order(&server.url), any).await
}

fn told(error: &CallError) -> (Arrival, Reason, Option<u16>) {
    (error.arrival, error.failure.reason, error.status)
}

#[test]
fn only_the_closed_list_refuses_an_order() {
    for status in 200..600 {
        let closed = matches!(status, 400 | 401 | 403 | 404 | 422 | 429);
        assert_eq!(fault::arrival(Nature::Order, status) == Arrival::Refused, closed, "order {status}");
        let clear = (400..500).contains(&status) && !matches!(status, 408 | 409);
        assert_eq!(fault::arrival(Nature::Change, status) == Arrival::Refused, clear, "change {status}");
        assert_ne!(fault::arrival(Nature::Order, status), Arrival::NotSent);
    }
}

/// As every client reads: a web page first.
fn of_the_api(answer: &Answer) -> Result<u16, CallError> {
    answer.web_page().map_or(Ok(answer.status), Err)
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_proves_nothing() {
    for status in [301, 302, 303, 307, 308] {
        let server =
            Server::always(answer(status, &[("location", "/elsewhere"), ("content-type", "text/html")], ""))
                .await;
        let error = client().send(order(&server.url), of_the_api).await.unwrap_err();
        assert_eq!(told(&error), (Arrival::Unclear, Reason::WrongAddress, None));
        assert!(error.failure.message.contains("redirect"), "{}", error.failure.message);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn without_an_answer_it_is_unclear() {
    let server = Server::start(|_| Reply::Close).await;
    let error = client().send(order(&server.url), any).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Unclear, Reason::YubicoUnavailable, None));
    assert_eq!(server.seen().len(), 1, "nothing is sent twice");
}

#[tokio::test]
async fn a_time_out_after_sending_is_unclear() {
    let server = Server::start(|_| Reply::Hang).await;
    let error = client_with(Duration::from_secs(3)).send(order(&server.url), any).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Unclear, Reason::YubicoUnavailable, None));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_cut_answer_is_unclear_unless_its_status_says_no() {
    let cut = |status| format!("HTTP/1.1 {status} Test\r\ncontent-length: 100\r\n\r\n{{\"a\":").into_bytes();
    let error = ordered(cut(200)).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Unclear, Reason::UnreadableAnswer, None));
    assert_eq!(ordered(cut(400)).await, Ok(400));
}

#[tokio::test]
async fn a_large_answer_is_not_read_to_its_end() {
    let body = |length| answer(200, &[("content-type", "application/json")], &" ".repeat(length));
    assert_eq!(ordered(body(BODY_LIMIT)).await, Ok(200));
    let error = ordered(body(BODY_LIMIT + 1)).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Unclear, Reason::UnreadableAnswer, None));
}

#[tokio::test]
async fn json_of_another_form_differs_from_no_json() {
    async fn read(content_type: &str, body: &str) -> Reason {
        let server = Server::always(answer(200, &[("content-type", content_type)], body)).await;
        let call = Call::get(Api::Okta, "read", server.url.clone());
        client().send(call, Answer::json::<Vec<u32>>).await.unwrap_err().failure.reason
    }
    assert_eq!(read("application/json", "{}").await, Reason::UnreadableAnswer);
    assert_eq!(read("application/json", "[1,").await, Reason::UnreadableAnswer);
    assert_eq!(read("text/plain", "{}").await, Reason::UnreadableAnswer);
    assert_eq!(read("text/plain", "welcome").await, Reason::WrongAddress);
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let url: Url = "http://127.0.0.1:1".parse().unwrap();
    let error = client().send(order(&url), any).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::NotSent, Reason::Unreachable, None));
    assert!(error.failure.message.contains("connection refused"), "{}", error.failure.message);
}

#[tokio::test]
async fn a_failed_handshake_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 16_384]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let error = client().send(order(&url), any).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::NotSent, Reason::Unreachable, None));
    assert!(error.failure.message.contains("TLS handshake"), "{}", error.failure.message);
}

/// A certificate for 127.0.0.1 that signs itself.
pub(crate) fn certificate() -> (X509, PKey<Private>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "test").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    let san =
        SubjectAlternativeName::new().ip("127.0.0.1").build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(san).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

/// A TLS server that answers each connection once.
fn tls_server(certificate: &X509, key: &PKey<Private>) -> Url {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_certificate(certificate).unwrap();
    builder.set_private_key(key).unwrap();
    let acceptor = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Ok(mut stream) = acceptor.accept(stream) {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(&json(200, "{}"));
                let _ = stream.shutdown();
            }
        }
    });
    url
}

#[tokio::test]
async fn a_certificate_must_be_trusted_or_given() {
    let (certificate, key) = certificate();
    let url = tls_server(&certificate, &key);
    let send = |extra_ca| {
        let settings = Settings {
            timeout: Duration::from_secs(30),
            extra_ca,
            allow_insecure_loopback: true,
            proxies: Proxies::default(),
        };
        let http = Http::new(&settings, Arc::default()).unwrap();
        let call = order(&url);
        async move { http.send(call, any).await }
    };
    let error = send(None).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::NotSent, Reason::UntrustedCertificate, None));
    assert_eq!(send(Some(certificate.to_pem().unwrap())).await, Ok(200));
}

#[test]
fn extra_certificates_must_be_certificates() {
    for pem in [&b""[..], b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let settings = Settings {
            timeout: Duration::from_secs(30),
            extra_ca: Some(pem.to_vec()),
            allow_insecure_loopback: false,
            proxies: Proxies::default(),
        };
        let failure = Http::new(&settings, Arc::default()).unwrap_err();
        assert_eq!(failure.reason, Reason::CredentialsInvalid);
    }
}

#[test]
fn plain_http_goes_to_loopback_only_and_only_when_allowed() {
    let allowed = |url: &str, insecure| endpoint::check(&url.parse().unwrap(), insecure).is_ok();
    assert!(allowed("https://acme.okta.com", false));
    for url in ["http://127.0.0.1:8080", "http://localhost:8080/v1", "http://[::1]"] {
        assert!(allowed(url, true) && !allowed(url, false), "{url}");
    }
    for url in ["http://acme.okta.com", "http://10.0.0.1", "ftp://localhost", "https://a:b@acme.okta.com"] {
        assert!(!allowed(url, true) && !allowed(url, false), "{url}");
    }
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let server = Server::always(json(200, "{}")).await;
    let call = Call { deadline: Some(Instant::now()), ..order(&server.url) };
    let error = client().send(call, any).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::NotSent, Reason::YubicoUnavailable, None));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_call_says_who_it_is_and_keeps_no_cookies() {
    let server = Server::always(answer(200, &[("set-cookie", "a=b")], "{}")).await;
    let (http, agent) = (client(), format!("yubikey-shipment-operator/{}", env!("CARGO_PKG_VERSION")));
    for _ in 0..2 {
        let call = Call::new(Api::Okta, "x", Nature::Change, Method::POST, server.url.clone());
        http.send(Call { body: Body::Empty, ..call }, any).await.unwrap();
    }
    for seen in server.seen() {
        assert_eq!(seen.header("user-agent"), agent);
        assert_eq!(seen.header("accept"), "application/json");
        assert_eq!(seen.headers("content-length"), ["0"]);
        assert!(seen.headers("cookie").is_empty() && seen.headers("accept-encoding").is_empty());
    }
}

/// A client, and where its calls are counted.
fn counted() -> (Http, Registry) {
    let metrics = Arc::new(CallMetrics::default());
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let settings = Settings {
        timeout: Duration::from_secs(30),
        extra_ca: None,
        allow_insecure_loopback: true,
        proxies: Proxies::default(),
    };
    (Http::new(&settings, metrics).unwrap(), registry)
}

#[tokio::test]
async fn outcomes_are_counted_under_bounded_labels() {
    let (http, registry) = counted();
    let server = Server::always(json(200, "{}")).await;
    http.send(order(&server.url), any).await.unwrap();
    http.send(order(&server.url), |a| Err::<(), _>(a.unreadable("x"))).await.unwrap_err();
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let line =
        |outcome| format!("remote_calls_total{{api=\"yubico\",operation=\"order\",outcome=\"{outcome}\"}} 1");
    assert!(text.contains(&line("ok")) && text.contains(&line("UnreadableAnswer")), "{text}");
    assert!(
        text.contains("remote_call_duration_seconds_count{api=\"yubico\",operation=\"order\"} 2"),
        "{text}"
    );
}

#[tokio::test]
async fn waits_are_counted_whether_we_keep_our_pace_or_a_vendor_asks_for_it() {
    let (http, registry) = counted();
    let server = Server::always(json(429, "{}")).await;
    let wish = |a: &Answer| Err::<(), _>(a.rate_limited(Some(Duration::from_secs(40))));
    http.send(order(&server.url), wish).await.unwrap_err();
    http.send(order(&server.url), |a| Err::<(), _>(a.unavailable())).await.unwrap_err();
    http.note_wait(Api::Okta, Duration::from_millis(200));
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    for line in [
        "rate_limit_wait_seconds_sum{api=\"yubico\"} 40.0",
        "rate_limit_wait_seconds_count{api=\"yubico\"} 1",
        "rate_limit_wait_seconds_bucket{le=\"0.1\",api=\"okta\"} 0",
        "rate_limit_wait_seconds_bucket{le=\"0.5\",api=\"okta\"} 1",
    ] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
}

#[test]
fn a_secret_header_does_not_print() {
    let url: Url = "https://acme.okta.com".parse().unwrap();
    let call = Call::get(Api::Okta, "x", url.clone());
    let call = call.secret_header(header::AUTHORIZATION, "SSWS very-secret").unwrap();
    assert!(!format!("{:?}", call.headers).contains("secret"));
    let error = Call::get(Api::Okta, "x", url).secret_header(header::AUTHORIZATION, "very\nsecret").err();
    assert!(!error.unwrap().failure.message.contains("very"));
}

proptest! {
    #[test]
    fn an_id_stays_one_segment(id in "\\PC{1,40}") {
        let base: Url = "https://api.example.com/v1/".parse().unwrap();
        match endpoint::join(&base, &["fpr", "shipments", &id]) {
            Ok(url) => {
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 4);
                let decoded = percent_encoding::percent_decode_str(segments[3]).decode_utf8().unwrap();
                prop_assert_eq!(decoded.as_ref(), id.as_str());
                prop_assert!(url.query().is_none() && url.fragment().is_none());
                prop_assert_eq!(url.host_str(), Some("api.example.com"));
            }
            Err(_) => prop_assert!(id == "." || id == ".."),
        }
    }
}
