use std::{ffi::OsString, os::unix::ffi::OsStringExt, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::failure::{Arrival, Reason};
use openssl::ssl::{SslAcceptor, SslMethod};
use proptest::prelude::*;
use url::Url;

use super::{
    super::testing::{Reply, Server as TestServer},
    *,
};
use crate::http::{Api, Call, CallMetrics, Http, Settings};

fn read(variables: &[(&str, &str)]) -> Result<Proxies, UnreadableProxy> {
    Proxies::read(|name| {
        variables.iter().find(|(own, _)| *own == name).map(|(_, value)| OsString::from(value))
    })
}

/// Where `HTTPS_PROXY` leads to with this value, and with which user and password.
fn way(value: &str) -> (String, Option<String>) {
    let proxies = read(&[("HTTPS_PROXY", value)]).unwrap_or_else(|fault| panic!("{value}: {fault}"));
    let (_, server) = proxies.https.unwrap();
    let login = server.login().map(|login| {
        let basic = login.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
        String::from_utf8(BASE64_STANDARD.decode(basic).unwrap()).unwrap()
    });
    (server.url(), login)
}

#[test]
fn what_is_clear_is_taken() {
    let ways = [
        ("http://proxy.example.com:3128", "http://proxy.example.com:3128", None),
        ("http://proxy.example.com:3128\n", "http://proxy.example.com:3128", None),
        ("\u{feff} http://proxy.example.com:3128/\r\n\t", "http://proxy.example.com:3128", None),
        ("HTTPS://Proxy.Example.com", "https://proxy.example.com:443", None),
        ("http://proxy", "http://proxy:80", None),
        ("proxy.example.com:3128", "http://proxy.example.com:3128", None),
        ("http://[::1]:3128", "http://[::1]:3128", None),
        ("http://[2001:DB8::1]", "http://[2001:db8::1]:80", None),
        ("http://10.0.0.7:8080", "http://10.0.0.7:8080", None),
        ("http://u:p@proxy:1", "http://proxy:1", Some("u:p")),
        ("http://u:p@ss@proxy:1", "http://proxy:1", Some("u:p@ss")),
        ("u:p@ss@proxy:1", "http://proxy:1", Some("u:p@ss")),
        ("http://u:p%40s%2Fs%3A%20%C3%BC@proxy:1", "http://proxy:1", Some("u:p@s/s: ü")),
        ("http://u:100%@proxy:1", "http://proxy:1", Some("u:100%")),
        ("http://u:a:b@proxy:1", "http://proxy:1", Some("u:a:b")),
        ("http://DOMAIN%5Cu:p@proxy:1", "http://proxy:1", Some("DOMAIN\\u:p")),
        ("http://u@[fd00::1]:1", "http://[fd00::1]:1", Some("u:")),
    ];
    for (value, url, login) in ways {
        assert_eq!(way(value), (url.to_owned(), login.map(str::to_owned)), "{value:?}");
    }
}

#[test]
fn what_cannot_be_read_stops_the_start_naming_the_variable_and_never_its_value() {
    let unreadable = [
        ("\"http://secretUser:secretWord@proxy:3128\"", "quotation marks"),
        ("'http://proxy.example.com:3128'", "quotation marks"),
        ("ftp://secretUser:secretWord@proxy:3128", "http:// and https://"),
        ("socks5://secretUser:secretWord@proxy:1080", "SOCKS"),
        ("htp://proxy.example.com:3128", "scheme"),
        ("http://secretUser:secret Word@proxy:3128", "%20"),
        ("http://secretUser:secretWörd@proxy:3128", "percent-encoded"),
        ("http://pröxy.example.com:3128", "xn--"),
        ("http://proxy.example.com\n:3128", "place 25"),
        ("http://secretUser:secret/Word@proxy:3128", "%2F"),
        ("http://secretUser:secret#Word@proxy:3128", "%23"),
        ("http://secretUser:secret?Word@proxy:3128", "%3F"),
        ("http://secretUser%3Ax:secretWord@proxy:3128", "colon"),
        ("http://secretUser:secretWord%0A@proxy:3128", "line end"),
        ("http://secretUser:%FF@proxy:3128", "UTF-8"),
        ("http://[::1:3128", "bracket"),
        ("http://::1:3128", "[::1]:3128"),
        ("http://[fe80::1%25eth0]:3128", "IPv6"),
        ("http://[::1]3128", "port"),
        ("http://proxy.example.com:", "port"),
        ("http://proxy.example.com:0", "port"),
        ("http://proxy.example.com:65536", "port"),
        ("http://proxy.example.com:31a8", "port"),
        ("http://proxy.example.com:3128/path", "path"),
        ("http://http://proxy.example.com:3128", "second scheme"),
        ("http:/proxy.example.com:3128", "path"),
        ("http://a.example.com:1,http://b.example.com:1", "path"),
        ("http://", "host"),
        ("http://:3128", "host"),
        ("http://secretUser:secretWord@", "host"),
        ("http://3128", "host"),
        ("http://proxy..example.com", "host"),
        ("http://${PROXY_HOST}:3128", "place 9"),
        ("http://$(PROXY_HOST):3128", "host"),
        ("none", "single word"),
        ("http://proxy%20:3128", "host"),
        ("http://proxy.example.com:3128;", "port"),
        ("http://proxy.example.com:3128,", "port"),
        ("DIRECT", "single word"),
        ("PROXY proxy.example.com:8080", "place 6"),
        ("http:\\\\proxy.example.com:3128", "place 6"),
        ("https//proxy.example.com:3128", "path"),
        ("http://wpad.example.com/proxy.pac", "path"),
        ("[http://proxy.example.com:3128](http://proxy.example.com:3128)", "scheme"),
        ("<http://proxy.example.com:3128>", "place 1"),
        ("http://proxy.example.com:\u{ff13}128", "place 26"),
        ("http://secretUser:secretWord@proxy.example.com:3128@", "host"),
        ("http://proxy.example.com:3128 # secret", "place 30"),
    ];
    for (value, words) in unreadable {
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"] {
            let said = read(&[(name, value)]).unwrap_err().to_string();
            assert!(said.contains(name) && said.contains(words), "{value:?}: {said}");
            assert!(said.contains("e.g. http://proxy.example.com:3128"), "{said}");
            assert!(!said.contains("secret") && !said.contains('ö') && !said.contains("Word"), "{said}");
            assert!(said.len() < 400 && !said.contains('\n'), "{said}");
        }
    }
    let bytes = OsString::from_vec(b"http://proxy\xff:1".to_vec());
    let said = Proxies::read(|name| (name == "HTTPS_PROXY").then(|| bytes.clone())).unwrap_err();
    assert!(said.to_string().contains("UTF-8"));
}

#[test]
fn an_empty_variable_hides_no_other_and_capitals_come_first() {
    let server = |variables: &[(&str, &str)]| {
        let proxies = read(variables).unwrap();
        proxies.https.as_ref().map(|(name, server)| (*name, server.url()))
    };
    let at = |name, url: &str| Some((name, url.to_owned()));
    assert_eq!(
        server(&[("HTTPS_PROXY", ""), ("https_proxy", "http://a:1")]),
        at("https_proxy", "http://a:1")
    );
    assert_eq!(server(&[("HTTPS_PROXY", " \n"), ("ALL_PROXY", "http://a:1")]), at("ALL_PROXY", "http://a:1"));
    assert_eq!(server(&[("all_proxy", "http://a:1")]), at("all_proxy", "http://a:1"));
    assert_eq!(
        server(&[("HTTPS_PROXY", "http://a:1"), ("ALL_PROXY", "http://b:1")]),
        at("HTTPS_PROXY", "http://a:1")
    );
    assert_eq!(server(&[("HTTPS_PROXY", ""), ("ALL_PROXY", "")]), None);
    assert_eq!(server(&[]), None);
    // A CGI program is told other things by these names; this is none.
    assert_eq!(
        server(&[("REQUEST_METHOD", "GET"), ("https_proxy", "http://a:1")]),
        at("https_proxy", "http://a:1")
    );
    assert!(read(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "nonsense\"")]).is_err(), "it was meant");
}

#[test]
fn what_can_hardly_be_meant_is_told() {
    let warnings = |variables: &[(&str, &str)]| read(variables).unwrap().warnings().join("\n");
    assert!(warnings(&[("HTTP_PROXY", "http://a:1")]).contains("HTTPS_PROXY is not"));
    let two = warnings(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:1")]);
    assert!(two.contains("HTTPS_PROXY counts"), "{two}");
    let same = [("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://a:1\n"), ("ALL_PROXY", "http://b:1")];
    assert_eq!(warnings(&same), "");
}

#[test]
fn entries_of_no_proxy_that_can_match_nothing_are_named() {
    let bad = [
        ("https://acme.okta.com", "scheme"),
        ("acme.okta.com/oauth2", "path"),
        ("\"acme.okta.com\"", "quotation"),
        ("'acme.okta.com'", "quotation"),
        ("*.okta.com", "write .example.com"),
        ("*.", "write .example.com"),
        ("192.168.*", "`*`"),
        ("acme.okta.com:443", "port"),
        ("10.0.0.0/33", "0 to 32"),
        ("fd00::/129", "0 to 128"),
        ("10.0.0.0/", "0 to 32"),
        ("10.0.0/8", "network"),
        ("10.0", "neither"),
        (".", "neither"),
        ("a..b", "neither"),
        ("a.example;b.example", "commas"),
        ("localhost:8080", "port"),
        ("10.0.0.0-10.0.0.255", "neither"),
        ("10.0.0.0\\8", "neither"),
        ("okta.com/*", "path"),
        ("10.0.0.0/-8", "0 to 32"),
    ];
    for (entry, words) in bad {
        let value = format!("localhost,{entry} , .svc");
        let proxies = read(&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", &value)]).unwrap();
        let said = proxies.warnings().join("\n");
        assert!(
            said.contains("entry 2 of NO_PROXY") && said.contains(words) && said.contains(entry),
            "{said}"
        );
        assert_eq!(proxies.bypass, "localhost,.svc", "{entry} goes through the proxy");
    }
    let proxies = read(&[("no_proxy", "user:secretWord@acme.okta.com")]).unwrap();
    assert!(!proxies.warnings().join("").contains("secretWord"));
    let good = "10.1.2.3/8, [::1],::1 acme.okta.com. ,.Svc,müller.example\nfd00::/8,*,";
    let proxies = read(&[("NO_PROXY", ""), ("no_proxy", good)]).unwrap();
    assert_eq!(proxies.bypass, "10.1.2.3/8,::1,::1,acme.okta.com,.svc,xn--mller-kva.example,fd00::/8,*");
    assert!(proxies.warnings().join("").contains("everything is called directly"));
}

/// A call of `https://acme.example` by a proxy that gives this answer, and what the proxy saw.
async fn refused(answer: &'static str) -> (domain::failure::CallError, Vec<String>) {
    let proxy = TestServer::start(move |_| match answer {
        "" => Reply::Close,
        text => Reply::Bytes(text.as_bytes().to_vec()),
    })
    .await;
    let url = format!("http://user:secretWord@{}", proxy.url.authority());
    let error = call_by(&url, "https://acme.example:8443/x?secret").await;
    (error, proxy.seen().iter().map(|seen| seen.head.clone()).collect())
}

async fn call_by(proxy: &str, url: &str) -> domain::failure::CallError {
    let proxies = read(&[("HTTPS_PROXY", proxy)]).unwrap();
    let timeout = Duration::from_secs(30);
    let settings = Settings { timeout, extra_ca: None, allow_insecure_loopback: false, proxies };
    let http = Http::new(&settings, Arc::new(CallMetrics::default())).unwrap();
    let url: Url = url.parse().unwrap();
    http.send(Call::get(Api::Okta, "read", url), |answer| Ok(answer.status)).await.unwrap_err()
}

#[tokio::test]
async fn what_the_proxy_answers_is_told_as_its_answer() {
    let answers = [
        ("HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n", "HTTP 407"),
        ("HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\r\n<html>", "HTTP 403"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "HTTP 502"),
        ("HTTP/1.0 503 Service Unavailable\r\n\r\n", "HTTP 503"),
        ("HTTP/1.1 429 Too Many Requests\r\n\r\n", "HTTP 429"),
        ("HTTP/1.1 302 Found\r\nlocation: https://login.example\r\n\r\n", "HTTP 302"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "no HTTP 200"),
        ("SSH-2.0-OpenSSH_9.0\r\n", "no HTTP 200"),
        ("", "closed the connection"),
    ];
    for (answer, words) in answers {
        let (error, heads) = refused(answer).await;
        assert_eq!((error.arrival, error.status), (Arrival::NotSent, None), "nothing of the call has left");
        assert_eq!(error.failure.reason, Reason::Unreachable);
        let said = &error.failure.message;
        assert!(said.contains("the proxy of HTTPS_PROXY") && said.contains(words), "{answer}: {said}");
        assert!(said.contains("https://acme.example:8443") && !said.contains("secret"), "{said}");
        assert!(!said.contains("the name is unknown"), "{said}");
        for head in heads {
            assert!(head.starts_with("CONNECT acme.example:8443 "), "{head}");
            assert!(head.contains(&BASE64_STANDARD.encode("user:secretWord")), "{head}");
        }
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told_as_the_proxy() {
    for (proxy, words) in [
        ("http://127.0.0.1:1", "connection refused"),
        ("http://[::1]:1", ""),
        ("http://proxy.invalid:3128", "the name is unknown"),
    ] {
        let error = call_by(proxy, "https://acme.example").await;
        let said = &error.failure.message;
        assert_eq!((error.arrival, error.failure.reason), (Arrival::NotSent, Reason::Unreachable));
        assert!(
            said.contains("the proxy of HTTPS_PROXY cannot be reached") && said.contains(words),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_certificate_of_the_proxy_that_is_not_trusted_is_told_as_the_proxys() {
    let (certificate, key) = crate::http::tests::certificate();
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&certificate).unwrap();
    builder.set_private_key(&key).unwrap();
    let acceptor = builder.build();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(acceptor.accept(stream)));
    });
    let error = call_by(&proxy, "https://acme.example").await;
    assert_eq!((error.arrival, error.failure.reason), (Arrival::NotSent, Reason::UntrustedCertificate));
    assert!(error.failure.message.contains("the proxy of HTTPS_PROXY"), "{}", error.failure.message);
}

proptest! {
    #[test]
    fn a_password_arrives_as_it_is_and_is_never_told(password in "[^\\p{C}]{0,20}") {
        let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC);
        let (url, login) = way(&format!("http://u:{encoded}@proxy:3128"));
        prop_assert_eq!(url, "http://proxy:3128");
        prop_assert_eq!(login, Some(format!("u:{password}")));
    }

    #[test]
    fn whatever_is_set_is_a_proxy_or_stops_the_start(value in "\\PC{0,40}") {
        match read(&[("HTTPS_PROXY", &value)]) {
            Ok(proxies) => prop_assert_eq!(proxies.variable().is_some(), !value.trim().is_empty()),
            Err(fault) => prop_assert!(fault.to_string().contains("HTTPS_PROXY")),
        }
    }
}
