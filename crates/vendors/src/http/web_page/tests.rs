use std::time::Duration;

use domain::failure::{Arrival, Reason};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use system::clock;

use super::super::{Answer, Api, LONGEST_WISH, Nature};

fn answer(nature: Nature, status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    Answer {
        api: Api::Yubico,
        nature,
        place: "https://api.example.com".to_owned(),
        status,
        headers: headers.iter().map(pair).collect::<HeaderMap>(),
        body: body.as_bytes().to_vec(),
        sent: clock::now(),
        received: clock::now(),
    }
}

/// What answers in the place of an API, each as some product does.
const PAGES: [(&[(&str, &str)], &str); 8] = [
    (&[("content-type", "text/html; charset=utf-8")], "<html><h1>Blocked</h1></html>"),
    (&[("content-type", "TEXT/HTML")], "<HTML>"),
    (&[("content-type", "text/plain")], "upstream connect error"),
    (&[("content-type", "text/html")], "{\"message\": \"JSON in name only\"}"),
    (&[("content-type", "application/xml")], "<Error><Code>AccessDenied</Code></Error>"),
    (&[("content-type", "application/json")], "{\"message\": \"cut"),
    (&[], "no healthy upstream"),
    (&[], ""),
];

#[test]
fn the_status_of_a_page_says_whether_to_wait_and_never_whose_data_is_wrong() {
    for (headers, body) in PAGES {
        for status in [
            400, 402, 403, 404, 405, 407, 408, 411, 413, 414, 422, 429, 431, 451, 500, 502, 503, 504, 511,
            520,
        ] {
            let error = answer(Nature::Order, status, headers, body).web_page().unwrap();
            let expected = if status == 429 { Reason::RateLimited } else { Reason::YubicoUnavailable };
            assert_eq!(error.failure.reason, expected, "{status} {body}");
            assert_eq!(error.status, None, "another server's {status} is no news about what was asked for");
            let closed = matches!(status, 400 | 403 | 404 | 422 | 429);
            assert_eq!(error.arrival == Arrival::Refused, closed, "{status}: an order that may have arrived");
            let told = &error.failure.message;
            assert!(told.contains("web page") && told.contains(&format!("HTTP {status}")), "{told}");
            assert!(!told.contains("Blocked") && !told.contains("upstream connect"), "{told}");
        }
    }
}

#[test]
fn a_page_that_may_be_the_vendors_own_refusal_says_where_to_look_then() {
    let (headers, body) = PAGES[0];
    for (status, look) in [
        (401, Some("credentials")),
        (403, Some("credentials")),
        (400, Some("what was asked for")),
        (422, Some("what was asked for")),
        (407, None),
        (502, None),
        (503, None),
    ] {
        let told = answer(Nature::Order, status, headers, body).web_page().unwrap().failure.message;
        assert_eq!(told.contains("If nothing stands there"), look.is_some(), "{told}");
        assert!(told.ends_with(look.unwrap_or("when that is gone")), "{told}");
    }
}

#[test]
fn the_refusals_of_the_api_stay_its_own() {
    for (headers, body) in [
        (&[("content-type", "application/json")][..], "{\"message\": \"bad\"}"),
        (&[("content-type", "application/problem+json; charset=utf-8")], "{\"title\": \"bad\"}"),
        (&[("content-type", "application/json")], "[\"bad\"]"),
        (&[("content-type", "application/json")], "null"),
        (&[], "{}"),
        (&[("www-authenticate", "DPoP error=\"invalid_dpop_proof\"")], ""),
    ] {
        for status in [400, 401, 403, 404, 409, 422, 429, 500] {
            assert_eq!(answer(Nature::Order, status, headers, body).web_page(), None, "{status} {body}");
        }
    }
    assert_eq!(answer(Nature::Read, 401, &[], "").web_page(), None, "a challenge needs no body");
    assert_eq!(answer(Nature::Read, 204, &[], "").web_page(), None);
}

#[test]
fn where_nothing_was_ordered_yet_a_page_may_be_a_wrong_address() {
    let html = [("content-type", "text/html")];
    for status in [200, 204, 302, 307, 404, 405, 410] {
        let error = answer(Nature::Read, status, &html, "<html>").web_page().unwrap();
        assert_eq!((error.failure.reason, error.status), (Reason::WrongAddress, None), "{status}");
        assert!(error.failure.message.contains("check the URL"), "{}", error.failure.message);
    }
    let error = answer(Nature::Order, 200, &html, "<html>").web_page().unwrap();
    assert_eq!(error.arrival, Arrival::Unclear, "an answer that was replaced says nothing about the order");
    for status in [400, 403, 407, 500, 502, 503, 511] {
        let error = answer(Nature::Read, status, &html, "<html>").web_page().unwrap();
        assert_eq!(error.failure.reason, Reason::YubicoUnavailable, "{status} faults no connection");
    }
    let error = answer(Nature::Read, 429, &html, "<html>").web_page().unwrap();
    assert_eq!((error.failure.reason, error.arrival), (Reason::RateLimited, Arrival::Refused));
}

#[test]
fn a_page_is_waited_for_as_it_wishes() {
    let wait = |value: &str| {
        let headers = [
            ("content-type", "text/html"),
            ("date", "Sun, 06 Nov 1994 08:49:00 GMT"),
            ("retry-after", value),
        ];
        answer(Nature::Order, 429, &headers, "<html>").web_page().unwrap().failure.retry_after
    };
    let half_a_minute = Some(Duration::from_secs(37));
    assert_eq!(wait("37"), half_a_minute);
    // The three forms of RFC 9110, 5.6.7.
    assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), half_a_minute);
    assert_eq!(wait("Sunday, 06-Nov-94 08:49:37 GMT"), half_a_minute);
    assert_eq!(wait("Sun Nov  6 08:49:37 1994"), half_a_minute);
    assert_eq!(wait("99999999999999999999999999"), Some(LONGEST_WISH), "a large number is a long wish");
    assert_eq!(wait("1.5"), Some(Duration::from_secs(2)), "a fraction is a whole second");
    for nonsense in ["", "-1", "soon", "Sun, 06 Nov 1994 08:48:00 GMT"] {
        assert_eq!(wait(nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_published_file_may_be_missing_in_any_words() {
    let xml = [("content-type", "application/xml")];
    for status in [403, 404] {
        assert_eq!(answer(Nature::Read, status, &xml, "<Error/>").web_page_for_a_file(), None);
    }
    let html = [("content-type", "text/html")];
    let error = answer(Nature::Read, 404, &html, "<html>").web_page_for_a_file().unwrap();
    assert_eq!(error.failure.reason, Reason::WrongAddress);
    assert_eq!(answer(Nature::Read, 503, &html, "<html>").web_page_for_a_file(), None);
    assert!(answer(Nature::Read, 302, &[], "").web_page_for_a_file().is_some());
}

/// A portal that answers everything with its own page may call it what was asked for.
#[test]
fn a_success_that_begins_like_markup_is_a_page_whatever_it_is_declared_as() {
    let json = [("content-type", "application/json")];
    let text = [("content-type", "text/plain")];
    let bytes = [("content-type", "application/octet-stream")];
    for (headers, body) in [
        (&json[..], "<!DOCTYPE html><title>Sign in</title>"),
        (&json, "\r\n\t <html>"),
        (&json, "\u{feff}<html>"),
        (&text, "<html>"),
        (&bytes, "<?xml version=\"1.0\"?><soap:Envelope/>"),
        (&[], "<script>location='/login'</script>"),
    ] {
        for nature in [Nature::Read, Nature::Change, Nature::Create, Nature::Order] {
            let page = answer(nature, 200, headers, body).web_page().unwrap();
            assert_eq!(
                (page.failure.reason, page.arrival),
                (Reason::WrongAddress, Arrival::Unclear),
                "{body}"
            );
            assert_eq!(page.web_page, Some(200), "{body}");
        }
        assert!(answer(Nature::Read, 200, headers, body).web_page_for_a_file().is_some(), "{body}");
    }
    for body in ["", "{}", "[]", " {\"a\": \"<html>\"}", "\"<html>\"", "null"] {
        assert_eq!(answer(Nature::Order, 201, &json, body).web_page(), None, "{body}");
        assert_eq!(answer(Nature::Read, 200, &json, body).web_page_for_a_file(), None, "{body}");
    }
}
