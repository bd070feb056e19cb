use std::time::Duration;

use domain::{
    failure::{Arrival, CallError, Reason},
    ids::Login,
    vendor_states::{EnrollmentStatus, UserStatus},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    super::{enrollments, fault, users, wire},
    activate_request, always, enroll_request, enrollment, error_body, schemas, user,
};
use crate::http::testing::{answer, json as reply};

pub(super) fn told(error: &CallError) -> (Arrival, Reason, Option<u16>) {
    (error.arrival, error.failure.reason, error.status)
}

#[tokio::test]
async fn a_200_without_exactly_one_request_may_have_enrolled() {
    let request = json!({"authenticatorEnrollmentId": "fwf1", "keyId": "k", "credRequestJwe": "e"});
    let broken = [
        json!({}),
        json!({"pinRequestJwe": "e", "credRequests": []}),
        json!({"pinRequestJwe": "e", "credRequests": [request, request]}),
        json!({"pinRequestJwe": null, "credRequests": [request]}),
        json!({"pinRequestJwe": "", "credRequests": [request]}),
        json!({"pinRequestJwe": "e", "credRequests": [{"authenticatorEnrollmentId": "fwf1", "keyId": "k"}]}),
        json!({"pinRequestJwe": "e", "credRequests": [{"keyId": "k", "credRequestJwe": "e"}]}),
    ];
    for body in broken {
        let (_server, okta) = always(reply(200, &body.to_string())).await;
        let error = okta.enroll(&enroll_request()).await.unwrap_err();
        assert_eq!(told(&error), (Arrival::Unclear, Reason::UnreadableAnswer, Some(200)), "{body}");
    }
}

#[tokio::test]
async fn codes_of_okta_become_reasons() {
    let cases = [
        (400, "E0000001", Arrival::Refused, Reason::EnrollRefused),
        (400, "E0000003", Arrival::Refused, Reason::EnrollRefused),
        (401, "E0000011", Arrival::Refused, Reason::OktaUnauthorized),
        (401, "E0000015", Arrival::Refused, Reason::FeatureOff),
        (403, "E0000006", Arrival::Refused, Reason::UserForbidden),
        (403, "E0000005", Arrival::Refused, Reason::OktaForbidden),
        (403, "E0000038", Arrival::Refused, Reason::UserNotEligible),
        (404, "E0000007", Arrival::Refused, Reason::EnrollRefused),
        (409, "E0000001", Arrival::Unclear, Reason::OktaUnavailable),
        (411, "", Arrival::Refused, Reason::EnrollRefused),
        (429, "E0000047", Arrival::Refused, Reason::RateLimited),
        (500, "E0000009", Arrival::Unclear, Reason::OktaUnavailable),
        (503, "", Arrival::Unclear, Reason::OktaUnavailable),
    ];
    for (status, code, arrival, reason) in cases {
        let (_server, okta) = always(reply(status, &error_body(code))).await;
        let error = okta.enroll(&enroll_request()).await.unwrap_err();
        assert_eq!(told(&error), (arrival, reason, Some(status)), "{status} {code}");
        assert!(!error.failure.message.contains("ann.lee"), "Okta's summary may hold what was typed");
    }
}

#[tokio::test]
async fn both_forms_of_causes_are_read() {
    for name in ["ErrorPinOrCredRequestsGenerationFailure", "ErrorPinOrCredResponsesProcessingFailure"] {
        let (_server, okta) = always(reply(400, &schemas::example(name).to_string())).await;
        let error = okta.activate(&activate_request()).await.unwrap_err();
        assert_eq!(told(&error), (Arrival::Refused, Reason::ActivationRefused, Some(400)));
    }
    let (_server, okta) = always(reply(403, &schemas::example("ErrorAccessDenied").to_string())).await;
    let error = okta.send_pin(&user(), &enrollment()).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Refused, Reason::UserForbidden, Some(403)));
}

#[tokio::test]
async fn only_oktas_own_404_means_gone() {
    let (_server, okta) = always(reply(404, &error_body("E0000007"))).await;
    assert_eq!(okta.delete_enrollment(&user(), &enrollment()).await, Ok(()));
    assert_eq!(okta.user_by_id(&user()).await, Ok(None));
    let error = okta.mark_error(&user(), &enrollment()).await.unwrap_err();
    assert_eq!(error.status, Some(404));
    for other in [reply(404, "{\"message\":\"no route\"}"), answer(404, &[], "")] {
        let (_server, okta) = always(other).await;
        for error in [
            okta.delete_enrollment(&user(), &enrollment()).await.unwrap_err(),
            okta.user_by_id(&user()).await.unwrap_err(),
        ] {
            assert_eq!(told(&error), (Arrival::Refused, Reason::WrongAddress, None));
        }
    }
}

#[tokio::test]
async fn a_page_of_a_gateway_is_nobodys_fault_and_keeps_its_wish() {
    let pages = [
        |status| answer(status, &[("content-type", "text/html"), ("retry-after", "90")], "<html>"),
        |status| answer(status, &[("retry-after", "90")], "no healthy upstream"),
        |status| reply(status, "{\"message\":\"blocked by policy\"}"),
    ];
    for (at, page) in pages.iter().enumerate() {
        for status in [400, 403, 407, 422, 429] {
            let (_server, okta) = always(page(status)).await;
            for error in [
                okta.enroll(&enroll_request()).await.unwrap_err(),
                okta.user_by_id(&user()).await.unwrap_err(),
            ] {
                let reason = if status == 429 { Reason::RateLimited } else { Reason::OktaUnavailable };
                assert_eq!(error.failure.reason, reason, "{status}: {}", error.failure.message);
                assert!(at == 2 || error.failure.retry_after >= Some(Duration::from_secs(80)), "{status}");
                assert_eq!(error.failure.message.contains("web page"), at < 2 || status != 429);
            }
        }
        let (_server, okta) = always(page(404)).await;
        for error in [
            okta.delete_enrollment(&user(), &enrollment()).await.unwrap_err(),
            okta.user_by_id(&user()).await.unwrap_err(),
        ] {
            assert_eq!(
                told(&error),
                (Arrival::Refused, Reason::WrongAddress, None),
                "not gone, and nobody unknown"
            );
        }
    }
}

#[tokio::test]
async fn bodyless_calls_are_bodyless() {
    let (server, okta) = always(answer(204, &[], "")).await;
    okta.mark_error(&user(), &enrollment()).await.unwrap();
    okta.delete_enrollment(&user(), &enrollment()).await.unwrap();
    let seen = server.seen();
    let path = "/webauthn-registration/api/v1/users/00uEXAMPLE0000000001/enrollments/fwfEXAMPLE0000000001";
    assert_eq!(seen[0].line(), format!("POST {path}/mark-error HTTP/1.1"));
    assert_eq!(seen[0].headers("content-length"), ["0"]);
    assert_eq!(seen[1].line(), format!("DELETE {path} HTTP/1.1"));
    assert!(seen.iter().all(|s| s.header("authorization") == "SSWS sswsTokenSecret" && s.body.is_empty()));
}

#[tokio::test]
async fn a_list_without_date_or_with_a_nameless_entry_is_not_used() {
    let no_date = answer(200, &[("content-type", "application/json")], "[]");
    for bytes in [no_date, reply(200, "[{\"status\":\"ACTIVE\"}]"), reply(200, "{}"), reply(200, "[1]")] {
        let (_server, okta) = always(bytes).await;
        let error = okta.enrollments(&user()).await.unwrap_err();
        assert_eq!(error.failure.reason, Reason::UnreadableAnswer);
    }
    let (_server, okta) = always(reply(404, &error_body("E0000007"))).await;
    let error = okta.enrollments(&user()).await.unwrap_err();
    assert_eq!(told(&error), (Arrival::Refused, Reason::UserNotFound, Some(404)));
}

#[test]
fn an_unknown_status_or_time_is_kept_open() {
    let listed = |value: Value| {
        let factor: wire::Factor = serde_json::from_value(value).unwrap();
        enrollments::listed(factor).unwrap()
    };
    let entry = listed(json!({"id": "fwf1", "status": "SOMETHING", "created": "yesterday"}));
    assert_eq!(entry.status, EnrollmentStatus::Other("SOMETHING".into()));
    assert_eq!((entry.created, entry.preset_pin_available), (None, None));
    let entry = listed(json!({"id": "fwf1", "status": null, "created": 7, "profile": "x"}));
    assert_eq!(entry.status, EnrollmentStatus::Other(String::new()));
    for (text, status) in [
        ("ACTIVE", EnrollmentStatus::Active),
        ("FULFILLMENT_PENDING", EnrollmentStatus::Pending),
        ("PENDING_ACTIVATION", EnrollmentStatus::Pending),
        ("FULFILLMENT_ERRORED", EnrollmentStatus::Errored),
    ] {
        assert_eq!(listed(json!({"id": "fwf1", "status": text})).status, status);
    }
}

#[test]
fn a_user_keeps_the_attributes_that_are_text() {
    let body = json!({"id": "00u1", "status": "LOCKED_OUT", "profile":
        {"login": "a@b.c", "zipCode": "00000", "city": null, "n": 1, "customUnit": "7"}});
    let user = users::user(serde_json::from_value(body).unwrap()).unwrap();
    assert_eq!(user.login, Login::new("a@b.c").ok());
    assert_eq!(user.status, UserStatus::Other("LOCKED_OUT".into()));
    assert_eq!(user.profile.keys().collect::<Vec<_>>(), ["customUnit", "login", "zipCode"]);
}

#[test]
fn codes_are_bounded() {
    assert_eq!(fault::Code::parse("E0000007"), Some(fault::Code::NotFound));
    assert_eq!(fault::Code::parse("E0009999"), Some(fault::Code::Other));
    assert_eq!(fault::Code::parse("ann.lee@example.com"), None);
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = "id|status|created|profile|login|pinRequestJwe|credRequests|keyId|presetPinAvailable";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_us_fall_over(value in any_json()) {
        if let Ok(factor) = serde_json::from_value::<wire::Factor>(value.clone()) {
            let _ = enrollments::listed(factor);
        }
        if let Ok(body) = serde_json::from_value::<wire::UserBody>(value.clone()) {
            let _ = users::user(body);
        }
        let _ = serde_json::from_value::<wire::EnrollAnswer>(value);
    }
}
