//! What we write and read, against the schemas Okta publishes (tests/data/okta-schemas.json says which).

use std::collections::BTreeMap;

use domain::{
    directory::NewPerson,
    ids::{Login, OktaOrgId},
    vendor_states::EnrollmentStatus,
};
use serde_json::{Value, json};

use super::{
    super::wire::{ActivateBody, CreateUserBody, EnrollBody, PinBody},
    activate_request, always, enroll_request, enrollment, user,
};
use crate::http::testing::json as reply;

fn published() -> Value {
    serde_json::from_str(include_str!("../../../../../tests/data/okta-schemas.json")).unwrap()
}

/// What Okta publishes of users, groups and the System Log.
fn directory() -> Value {
    serde_json::from_str(include_str!("../../../../../tests/data/okta-directory.json")).unwrap()
}

pub(super) fn directory_example(name: &str) -> Value {
    directory()["components"]["examples"][name].clone()
}

pub(super) fn example(name: &str) -> Value {
    published()["components"]["examples"][name].clone()
}

/// Nothing beside the documented members, and every one of them.
fn strict(schema: &mut Value) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let names: Vec<Value> = properties.keys().cloned().map(Value::String).collect();
        schema["required"] = names.into();
        schema["additionalProperties"] = false.into();
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(strict),
        Value::Array(items) => items.iter_mut().for_each(strict),
        _ => {}
    }
}

fn faults(schema: &str, strictly: bool, instance: &Value) -> Vec<String> {
    faults_in(published(), schema, strictly, instance)
}

fn faults_in(mut document: Value, schema: &str, strictly: bool, instance: &Value) -> Vec<String> {
    if strictly {
        strict(&mut document["components"]["schemas"]);
    }
    document["$ref"] = format!("#/components/schemas/{schema}").into();
    let validator = jsonschema::validator_for(&document).unwrap();
    validator.iter_errors(instance).map(|error| error.to_string()).collect()
}

fn assert_written(schema: &str, body: &impl serde::Serialize) {
    let body = serde_json::to_value(body).unwrap();
    assert_eq!(faults(schema, true, &body), [""; 0], "{schema}");
}

#[test]
fn the_check_finds_what_is_wrong() {
    let mut body = serde_json::to_value(PinBody::new("u", "e")).unwrap();
    body["authenticatorEnrollmentId"] = json!(["e"]);
    assert_eq!(faults("PinRequest", true, &body).len(), 1);
    let mut body = serde_json::to_value(EnrollBody::from(&enroll_request())).unwrap();
    body["yubicoTransportKeyJWK"]["alg"] = "ECDH-ES".into();
    assert_eq!(faults("EnrollmentInitializationRequest", true, &body).len(), 1);
}

#[test]
fn what_we_write_is_what_okta_documents() {
    assert_written("EnrollmentInitializationRequest", &EnrollBody::from(&enroll_request()));
    assert_written("EnrollmentActivationRequest", &ActivateBody::from(&activate_request()));
    assert_written("PinRequest", &PinBody::new(user().as_str(), enrollment().as_str()));
}

#[test]
fn keys_carry_the_purpose_okta_expects() {
    let body = serde_json::to_value(EnrollBody::from(&enroll_request())).unwrap();
    assert_eq!(body["yubicoTransportKeyJWK"]["use"], "enc");
    let body = serde_json::to_value(ActivateBody::from(&activate_request())).unwrap();
    let keys = body["yubicoSigningJwks"].as_array().unwrap();
    assert!(keys.len() == 2 && keys.iter().all(|key| key["use"] == "sig"));
}

#[tokio::test]
async fn oktas_own_examples_are_read() {
    let body = example("EnrollmentInitializationResponseExample");
    assert!(faults("EnrollmentInitializationResponse", false, &body).is_empty());
    let (_server, okta) = always(reply(200, &body.to_string())).await;
    let made = okta.enroll(&enroll_request()).await.unwrap();
    assert_eq!((made.id.as_str(), made.key_id.as_str()), ("fwf5ajzJEWqknX6lk0g4", "h2r91gconqiai1vs0psg"));

    let body = example("ListWebAuthnPreregistrationFactorsExample");
    let (_server, okta) = always(reply(200, &body.to_string())).await;
    let list = okta.enrollments(&user()).await.unwrap();
    assert_eq!(list.at.to_string(), "2026-01-05T20:43:19Z");
    assert_eq!(list.entries.len(), 1);
    assert_eq!(list.entries[0].status, EnrollmentStatus::Active);
    assert_eq!(list.entries[0].created.unwrap().to_string(), "2018-05-24T20:43:19Z");
    assert_eq!(list.entries[0].preset_pin_available, Some(true));

    let body = example("WellKnownOrgMetadataResponseCustomUrlOie");
    let (_server, okta) = always(reply(200, &body.to_string())).await;
    let org = okta.organization().await.unwrap();
    assert_eq!(org.id, OktaOrgId::new("00o47wwoytgsDqEtz0g7").unwrap());
    assert_eq!(org.engine, domain::preflight::Engine::Identity);
    assert!(org.clock_skew.is_some());
}

#[tokio::test]
async fn an_activation_of_something_else_is_no_success() {
    let body = example("EnrollmentActivationResponseExample").to_string();
    let (_server, okta) = always(reply(200, &body)).await;
    let error = okta.activate(&activate_request()).await.unwrap_err();
    assert_eq!(error.failure.reason, domain::failure::Reason::UnreadableAnswer);
    let ours = body.replace("fwf5ajzJEWqknX6lk0g4", enrollment().as_str());
    for body in [ours.as_str(), "{}"] {
        let (_server, okta) = always(reply(200, body)).await;
        okta.activate(&activate_request()).await.unwrap();
    }
}

/// A profile may have attributes of the organization's own, so only the documented ones are held to their limits.
#[test]
fn a_new_user_is_written_as_okta_documents() {
    let faults = |body: &Value| faults_in(directory(), "CreateUserRequest", false, body);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut example = directory_example("create-user-without-credentials-request");
    // No attribute of those that a source may give.
    example["profile"].as_object_mut().unwrap().remove("mobilePhone");
    let mut profile: BTreeMap<String, String> = example["profile"]
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
        .collect();
    profile.insert("secondEmail".into(), "isaac@home.example".into());
    let person = NewPerson::new(Login::new("isaac.brock@example.com").unwrap(), profile).unwrap();
    let mut body = serde_json::to_value(CreateUserBody::new(&person)).unwrap();
    assert_eq!(faults(&body), [""; 0]);
    let mut expected = example;
    expected["profile"]["secondEmail"] = "isaac@home.example".into();
    assert_eq!(body, expected);
    body["profile"]["countryCode"] = "Germany".into();
    assert_eq!(faults(&body).len(), 1, "the schema is looked at");
}
