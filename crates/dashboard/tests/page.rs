//! The page as a service, on an API server that is imitated: what is shown, and what is refused.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")]

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
};
use dashboard::{Access, Own, Settings, Site, router};
use http_body_util::BodyExt as _;
use kube::Client;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const NOW: &str = "2027-01-30T12:00:00.000000Z";

/// What was asked of the API server: method, path, body.
type Asked = Arc<Mutex<Vec<(String, String, Value)>>>;

struct Page {
    router: Router,
    own: Own,
    asked: Asked,
    /// Name and value, as the browser keeps it.
    cookie: String,
}

fn shipment(name: &str, status: &Value) -> Value {
    json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
        "metadata": {"name": name, "namespace": "hr"},
        "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": format!("{name}@example.com")}, "key": {"model": "yubikey-5c-nfc"}},
        "status": status,
    })
}

fn held(reason: &str, choices: &[&str]) -> Value {
    shipment(
        "ann-lee",
        &json!({
            "phase": "Held", "display": {"user": "<b>ann</b>@example.com", "key": "yubikey-5c-nfc"},
            "hold": {"id": "order-1-k7f3ab", "reason": reason, "message": "What happened.", "since": NOW, "generation": 1, "choices": choices},
            "enrollment": {"attempt": 1, "outcome": "Made", "id": "fpr1"},
        }),
    )
}

/// An API server with these shipments, for everybody or (without) for nobody.
async fn page(shipments: Option<Vec<Value>>) -> Page {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let (log, shipments) = (Arc::clone(&log), shipments.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let path = parts.uri.path().to_owned();
            let answer = answer(parts.method.as_str(), &path, shipments.as_deref());
            log.lock().unwrap().push((parts.method.to_string(), path, body));
            let code = answer["code"].as_u64().filter(|_| answer["kind"] == "Status").unwrap_or(200);
            let response = Response::builder()
                .status(u16::try_from(code).unwrap())
                .header("content-type", "application/json");
            Ok::<_, std::convert::Infallible>(
                response.body(kube::client::Body::from(answer.to_string().into_bytes())).unwrap(),
            )
        }
    });
    let client = Client::new(service, "default");
    let own = Own::new(client, 8090).unwrap();
    let settings = Settings { access: Access::Own(own.clone()), site: Site::loopback(8090), namespace: None };
    let (_, ends) = tokio::sync::watch::channel(false);
    let mut page = Page { router: router(settings, ends), own, asked, cookie: String::new() };
    let enter = Request::get(page.own.entrance()).header("host", "127.0.0.1:8090");
    let (_, headers, _) = page.send(enter.body(Body::empty()).unwrap()).await;
    headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().clone_into(&mut page.cookie);
    page
}

fn answer(method: &str, path: &str, shipments: Option<&[Value]>) -> Value {
    if path.ends_with("/selfsubjectreviews") {
        return json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}, "status": {"userInfo": {"username": "kim"}}});
    }
    let Some(shipments) = shipments else {
        return json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "metadata": {},
            "message": "yubikeyshipments.fidoprereg.dev is forbidden: User \"kim\" cannot list resource \"yubikeyshipments\" in API group \"fidoprereg.dev\" at the cluster scope"});
    };
    let missing = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "metadata": {}, "message": "not found", "details": {"name": "x"}});
    let last = path.rsplit('/').next().unwrap();
    match (method, last) {
        ("POST", "yubikeydecisions") => json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyDecision", "metadata": {"name": "ann-lee-x7f3a", "namespace": "hr"},
            "spec": {"shipmentRef": {"name": "ann-lee"}, "holdID": "order-1-k7f3ab", "action": "CancelOrder", "requestedBy": "kim"},
        }),
        ("PATCH", _) => shipments[0].clone(),
        (_, "yubikeyshipments" | "yubikeyrollouts" | "yubikeyconnections") => {
            let items = if last == "yubikeyshipments" { json!(shipments) } else { json!([]) };
            json!({"apiVersion": "fidoprereg.dev/v1alpha1", "kind": "List", "metadata": {}, "items": items})
        }
        _ => shipments.iter().find(|one| one["metadata"]["name"] == last).cloned().unwrap_or(missing),
    }
}

impl Page {
    async fn send(&self, request: Request<Body>) -> (StatusCode, axum::http::HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    fn cookie(&self) -> String {
        self.cookie.clone()
    }

    /// What a form of the page repeats.
    async fn form(&self) -> String {
        let (_, page) = self.get("/shipments/hr/ann-lee").await;
        let value = page.split("name=\"form\" value=\"").nth(1).unwrap();
        value.split('"').next().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header("host", "127.0.0.1:8090").header("cookie", self.cookie());
        let (status, _, body) = self.send(request.body(Body::empty()).unwrap()).await;
        (status, body)
    }

    async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> (StatusCode, String) {
        let mut request = Request::post(path)
            .header("host", "127.0.0.1:8090")
            .header("cookie", self.cookie())
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let (status, headers, text) = self.send(request.body(Body::from(body)).unwrap()).await;
        let location = headers.get("location").map(|value| value.to_str().unwrap().to_owned());
        (status, location.unwrap_or(text))
    }

    fn decided(&self) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        let decisions =
            asked.iter().filter(|(method, path, _)| method == "POST" && path.ends_with("/yubikeydecisions"));
        decisions.map(|(_, _, body)| body["spec"].clone()).collect()
    }
}

const OURS: [(&str, &str); 1] = [("origin", "http://127.0.0.1:8090")];

fn fields<'a>(form: &'a str, choice: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("form", form),
        ("namespace", "hr"),
        ("object", "yks/ann-lee"),
        ("hold", "order-1-k7f3ab"),
        ("choice", choice),
        ("sure", "yes"),
    ]
}

#[tokio::test]
async fn every_answer_forbids_what_is_not_its_own() {
    let page = page(Some(vec![])).await;
    for path in
        ["/", "/assets/page.js", "/assets/page.css", "/nowhere", "/enter?token=x", "/healthz", "/favicon.ico"]
    {
        let request = Request::get(path).header("host", "127.0.0.1:8090").header("cookie", page.cookie());
        let (_, headers, body) = page.send(request.body(Body::empty()).unwrap()).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        assert!(
            !body.contains("style=") && !body.contains("<script>") && !body.contains("onclick"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn another_host_is_refused_before_anything_is_asked() {
    let page = page(Some(vec![])).await;
    for host in
        ["evil.example:8090", "evil.example", "127.0.0.1", "10.0.0.1:8090", "localhost.evil.example:8090", ""]
    {
        let request = Request::get("/").header("host", host).header("cookie", page.cookie());
        let (status, _, _) = page.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    let none = Request::get("/").header("cookie", page.cookie()).body(Body::empty()).unwrap();
    assert_eq!(page.send(none).await.0, StatusCode::MISDIRECTED_REQUEST);
    assert!(page.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_the_token_nothing_is_shown_and_the_address_brings_it() {
    let page = page(Some(vec![])).await;
    for path in ["/", "/holds", "/events", "/shipments/hr/ann-lee", "/nowhere"] {
        for cookie in ["", "yubikey-dashboard-8090=wrong", "yubikey-dashboard-1=x"] {
            let request = Request::get(path).header("host", "127.0.0.1:8090").header("cookie", cookie);
            let (status, headers, body) = page.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} {cookie}");
            assert!(body.contains("kubectl yubikey dashboard") && headers.contains_key("www-authenticate"));
        }
    }
    assert!(page.asked.lock().unwrap().is_empty());
    let enter =
        |path: String| Request::get(path).header("host", "localhost:8090").body(Body::empty()).unwrap();
    for path in ["/enter", "/enter?token=", "/enter?token=00"] {
        let (status, headers, _) = page.send(enter(path.to_owned())).await;
        assert!(status == StatusCode::FORBIDDEN && !headers.contains_key("set-cookie"), "{path}");
    }
    let (status, headers, _) = page.send(enter(page.own.entrance())).await;
    let cookie = headers["set-cookie"].to_str().unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(
        cookie.starts_with(&page.cookie())
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
    );
}

#[tokio::test]
async fn a_change_needs_our_own_origin_and_our_own_form() {
    let page = page(Some(vec![held("OrderOutcomeUnknown", &["AdoptOrder", "CancelOrder"])])).await;
    let form = page.form().await;
    let fields = fields(&form, "CancelOrder");
    for headers in [
        &[][..],
        &[("origin", "http://evil.example")],
        &[("origin", "http://127.0.0.1:9999")],
        &[("origin", "https://127.0.0.1:8090")],
        &[("origin", "null")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", "null"), ("sec-fetch-site", "same-site")],
        &[("origin", "http://127.0.0.1:8090"), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-origin")],
    ] {
        for path in ["/decisions", "/look"] {
            assert_eq!(page.post(path, headers, &fields).await.0, StatusCode::FORBIDDEN, "{headers:?}");
        }
    }
    let session = page.cookie().split_once('=').unwrap().1.to_owned();
    for form in ["", "wrong", &session] {
        let mut wrong = fields.clone();
        wrong[0].1 = form;
        assert_eq!(page.post("/decisions", &OURS, &wrong).await.0, StatusCode::FORBIDDEN);
        assert_eq!(page.post("/look", &OURS, &wrong).await.0, StatusCode::FORBIDDEN);
    }
    assert!(
        page.decided().is_empty() && page.asked.lock().unwrap().iter().all(|(method, ..)| method != "PATCH")
    );
    // What browsers send from our own forms, with and without a referrer.
    let (status, location) = page.post("/decisions", &OURS, &fields).await;
    assert_eq!((status, location.as_str()), (StatusCode::SEE_OTHER, "/decisions/hr/ann-lee-x7f3a"));
    let null = [("origin", "null"), ("sec-fetch-site", "same-origin")];
    assert_eq!(page.post("/decisions", &null, &fields).await.0, StatusCode::SEE_OTHER);
    let decided = page.decided();
    assert_eq!(
        decided[0],
        json!({"shipmentRef": {"name": "ann-lee"}, "holdID": "order-1-k7f3ab", "action": "CancelOrder", "requestedBy": "kim"})
    );
    let look = [("form", form.as_str()), ("namespace", "hr"), ("name", "ann-lee")];
    assert_eq!(
        page.post("/look", &OURS, &look).await,
        (StatusCode::SEE_OTHER, "/shipments/hr/ann-lee".to_owned())
    );
}

#[tokio::test]
async fn an_answer_that_may_order_is_warned_of_and_needs_the_name() {
    let page = page(Some(vec![held("ExistingKey", &["RetryOrder", "AdoptOrder", "CancelOrder"])])).await;
    let form = page.form().await;
    let (_, asked) =
        page.get("/decide?namespace=hr&object=yks%2Fann-lee&hold=order-1-k7f3ab&choice=RetryOrder").await;
    for part in ["may pay for another key", "Leads to", "I am sure that no order", "name=\"typed\"", "kim"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let (_, harmless) =
        page.get("/decide?namespace=hr&object=yks%2Fann-lee&hold=order-1-k7f3ab&choice=CancelOrder").await;
    assert!(!harmless.contains("may pay") && !harmless.contains("name=\"typed\""));
    for typed in [None, Some(""), Some("bob"), Some("yks")] {
        let mut fields = fields(&form, "RetryOrder");
        fields.extend(typed.map(|typed| ("typed", typed)));
        assert_eq!(page.post("/decisions", &OURS, &fields).await.0, StatusCode::BAD_REQUEST, "{typed:?}");
    }
    let mut unsure = fields(&form, "RetryOrder");
    unsure.retain(|(name, _)| *name != "sure");
    unsure.push(("typed", "ann-lee"));
    assert_eq!(page.post("/decisions", &OURS, &unsure).await.0, StatusCode::BAD_REQUEST);
    assert!(page.decided().is_empty());
    let mut sure = fields(&form, "RetryOrder");
    sure.push(("typed", "Ann-Lee"));
    assert_eq!(page.post("/decisions", &OURS, &sure).await.0, StatusCode::SEE_OTHER);
    assert_eq!(page.decided().len(), 1);
}

#[tokio::test]
async fn an_answer_names_what_it_needs_and_only_an_open_question_is_answered() {
    let page = page(Some(vec![held("OrderOutcomeUnknown", &["AdoptOrder", "CancelOrder"])])).await;
    let form = page.form().await;
    let post = async |change: &[(&'static str, &'static str)], choice: &'static str| {
        let mut fields = fields(&form, choice);
        for (name, value) in change {
            fields.retain(|(field, _)| field != name);
            fields.push((name, value));
        }
        page.post("/decisions", &OURS, &fields).await
    };
    for (change, choice, status) in [
        (&[][..], "AdoptOrder", StatusCode::BAD_REQUEST),
        (&[("shipment", "+")], "AdoptOrder", StatusCode::BAD_REQUEST),
        (&[], "ApprovePin", StatusCode::BAD_REQUEST),
        (&[], "Nonsense", StatusCode::BAD_REQUEST),
        (&[("hold", "order-1-other1")], "CancelOrder", StatusCode::CONFLICT),
        (&[("hold", "pin-1")], "ResendPin", StatusCode::CONFLICT),
        (&[("object", "yks/bob")], "CancelOrder", StatusCode::NOT_FOUND),
        (&[("object", "ykc/acme")], "CancelOrder", StatusCode::BAD_REQUEST),
        (&[("namespace", "..")], "CancelOrder", StatusCode::BAD_REQUEST),
        (&[("object", "yks/..%2Fx")], "CancelOrder", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(post(change, choice).await.0, status, "{change:?} {choice}");
    }
    assert!(page.decided().is_empty());
    assert_eq!(
        post(&[("shipment", "Zu5Yb1hWqQ"), ("reason", "found")], "AdoptOrder").await.0,
        StatusCode::SEE_OTHER
    );
    let decided = page.decided();
    assert_eq!((&decided[0]["shipmentID"], &decided[0]["reason"]), (&json!("Zu5Yb1hWqQ"), &json!("found")));
}

#[tokio::test]
async fn what_a_person_may_not_see_is_said_with_the_missing_right() {
    let page = page(None).await;
    for path in ["/", "/holds", "/rollouts", "/connections", "/shipments/hr/ann-lee"] {
        let (status, body) = page.get(path).await;
        assert!(status == StatusCode::FORBIDDEN || path == "/", "{path}: {status}");
        for part in ["cannot list resource", "yubikeyshipments", "kim", "docs/rights.md"] {
            assert!(body.contains(part), "{path}: {part}: {body}");
        }
    }
    assert!(page.get("/").await.1.contains("name it above"));
}

#[tokio::test]
async fn texts_of_elsewhere_are_shown_and_never_become_a_part_of_the_page() {
    let page = page(Some(vec![held("OrderNotFound", &["ConfirmCancelled"])])).await;
    for path in ["/", "/holds", "/shipments/hr/ann-lee"] {
        let (status, body) = page.get(path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("&lt;b&gt;ann&lt;/b&gt;@example.com") && !body.contains("<b>ann"), "{path}");
    }
    let (_, found) = page.get("/?q=%3Cscript%3Ealert(1)").await;
    assert!(found.contains("&lt;script&gt;alert(1)") && found.contains("No shipment has"));
    assert!(page.get("/?ns=..%2F..%2Fapi").await.0 == StatusCode::BAD_REQUEST);
    assert!(page.get("/shipments/hr/..%2Fx").await.0 == StatusCode::BAD_REQUEST);
    assert!(page.get("/shipments/hr/bob").await.0 == StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_journey_shows_times_and_the_tracking_link() {
    let page = page(Some(vec![shipment(
        "bo-day",
        &json!({
            "phase": "Shipped", "display": {"user": "bo.day@example.com", "key": "yubikey-5c-nfc"},
            "order": {"attempt": 1, "outcome": "Accepted", "mark": NOW, "shipmentId": "Zu5", "orderedAt": NOW,
                "state": {"id": 103, "name": "Shipped", "since": NOW}, "carrier": "UPS", "tracking": "1Z99"},
            "times": {"enrolled": NOW, "ordered": NOW, "shipped": NOW},
            "pin": {"id": 1},
        }),
    )]))
    .await;
    let (_, body) = page.get("/shipments/hr/bo-day").await;
    for part in [
        "Journey of the key",
        "<svg",
        "2027-01-30 12:00 UTC",
        "https://www.ups.com/track?tracknum=1Z99",
        "noreferrer",
        "Zu5",
        "only the carrier can redirect it",
        "no PIN was mailed yet",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    for search in ["bo.day", "zu5", "1z99"] {
        assert!(page.get(&format!("/?q={search}")).await.1.contains("/shipments/hr/bo-day"), "{search}");
    }
}
