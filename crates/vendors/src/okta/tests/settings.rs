//! Settings of an organization, as Okta's own examples write them and as older or newer servers may.

use domain::preflight::{Authenticator, EnrollmentPolicy, Method, SessionRule};
use serde_json::{Value, json};
use system::clock;

use super::super::decode;
use crate::http::{Answer, Api, Nature};

fn list(body: &Value) -> Answer {
    Answer {
        api: Api::Okta,
        nature: Nature::Read,
        place: "https://acme.okta.com".to_owned(),
        status: 200,
        headers: reqwest::header::HeaderMap::new(),
        body: body.to_string().into_bytes(),
        sent: clock::now(),
        received: clock::now(),
    }
}

#[test]
fn the_authenticator_is_found_by_its_key_whatever_its_name() {
    let found = |status: Value| {
        let body = json!([
            {"id": "aut1", "key": "okta_email", "status": "ACTIVE"},
            {"id": "aut2", "key": "webauthn", "name": "Passkey", "status": status},
        ]);
        decode::authenticator(&list(&body)).unwrap()
    };
    assert_eq!(found(json!("ACTIVE")), (Authenticator::Active, Some("aut2".to_owned())));
    assert_eq!(found(json!("INACTIVE")).0, Authenticator::Inactive);
    assert_eq!(found(Value::Null).0, Authenticator::Active, "not told is no fault");
    assert_eq!(decode::authenticator(&list(&json!([]))).unwrap(), (Authenticator::Absent, None));
}

#[test]
fn the_rp_id_counts_only_when_switched_on() {
    let method = |settings: Value| {
        decode::webauthn_method(&list(&json!([{"type": "webauthn", "settings": settings}]))).unwrap()
    };
    let rp_id = |enabled: bool| json!({"rpId": {"enabled": enabled, "domain": {"name": "acme.com", "validationStatus": "VERIFIED"}}});
    assert_eq!(method(rp_id(true)).rp_id.unwrap().as_str(), "acme.com");
    assert_eq!(method(rp_id(false)).rp_id, None);
    assert_eq!(method(json!({})), Method::default());
    let told = method(json!({
        "userVerification": "DISCOURAGED", "attachment": "BUILT_IN", "fipsCompliant": true,
        "aaguidGroups": [{"name": "keys", "aaguids": ["a", "b"]}, {"odd": 1}],
    }));
    assert_eq!(told.user_verification.as_deref(), Some("DISCOURAGED"));
    assert_eq!((told.attachment.as_deref(), told.fips_only), (Some("BUILT_IN"), true));
    assert_eq!(told.aaguid_groups, [("keys".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
}

#[test]
fn a_domain_is_verified_by_either_word() {
    let body = json!({"domains": [
        {"domain": "Login.Acme.com", "validationStatus": "COMPLETED"},
        {"domain": "b.acme.com", "validationStatus": "VERIFIED"},
        {"domain": "c.acme.com", "validationStatus": "IN_PROGRESS"},
        {"domain": "d.acme.com"},
    ]});
    let domains = decode::domains(&list(&body)).unwrap();
    let verified: Vec<_> = domains.iter().map(|domain| (domain.host.as_str(), domain.verified)).collect();
    assert_eq!(
        verified,
        [("login.acme.com", true), ("b.acme.com", true), ("c.acme.com", false), ("d.acme.com", false)]
    );
}

#[test]
fn only_active_policies_count_and_those_evaluated_first_come_first() {
    let policy = |status: &str, priority: i64, enroll: &str| {
        json!({"status": status, "priority": priority, "settings": {"type": "AUTHENTICATORS", "authenticators": [
            {"key": "webauthn", "enroll": {"self": enroll}, "constraints": {"aaguidGroups": ["keys"]}},
        ]}})
    };
    let old = json!({"status": "ACTIVE", "settings": {"factors": {}}});
    let body = json!([
        old,
        policy("ACTIVE", 2, "OPTIONAL"),
        policy("INACTIVE", 0, "REQUIRED"),
        policy("ACTIVE", 1, "REQUIRED")
    ]);
    let read = decode::enrollment_policies(&list(&body)).unwrap();
    let by = |enroll: &str| EnrollmentPolicy {
        webauthn: Some(enroll.to_owned()),
        aaguid_groups: vec!["keys".to_owned()],
        by_authenticator: true,
    };
    let silent = EnrollmentPolicy { webauthn: None, aaguid_groups: Vec::new(), by_authenticator: false };
    assert_eq!(read, [by("REQUIRED"), by("OPTIONAL"), silent]);
}

#[test]
fn rules_that_keep_people_out_are_none() {
    let rule = |access: &str| json!({"status": "ACTIVE", "actions": {"signon": {"access": access, "requireFactor": true, "primaryFactor": "PASSWORD_IDP"}}});
    let read = decode::session_rules(&list(&json!([rule("DENY"), rule("ALLOW"), {"actions": {}}]))).unwrap();
    let expected = SessionRule {
        primary_factor: Some("PASSWORD_IDP".to_owned()),
        require_factor: true,
        prompt_mode: None,
    };
    assert_eq!(read, [expected]);
}
