//! Activation: Okta opens Yubico's responses and verifies what the key has made.

use jiff::SignedDuration;
use josekit::jwk::Jwk;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::jose;
use crate::okta::errors;
use crate::okta::preregistration::{ACTIVE, ERRORED, PENDING, feature, six_member_key};
use crate::okta::request::json_body;
use crate::world::{Enrollment, World};

const ACTIVATE_FAULT: &str = "pinResponseJwe|webAuthnCredResponse";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ActivateRequest {
    user_id: String,
    fulfillment_provider: String,
    serial: String,
    version: String,
    pin_response_jwe: String,
    cred_responses: Vec<CredentialResponse>,
    yubico_signing_jwks: Vec<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CredentialResponse {
    authenticator_enrollment_id: String,
    cred_response_jwe: String,
}

/// `POST /webauthn-registration/api/v1/activate`.
pub(crate) fn activate(world: &mut World, call: &Call) -> Answer {
    feature(world)?;
    let request: ActivateRequest = json_body(call)?;
    world.secrets.add("jwe", &request.pin_response_jwe);
    for response in &request.cred_responses {
        world.secrets.add("jwe", &response.cred_response_jwe);
    }
    let first = request.cred_responses.first().map(|response| response.authenticator_enrollment_id.clone());
    let about = |reply: Reply| reply.user(&request.user_id).enrollment(first.as_deref().unwrap_or_default());
    apply(world, call.org, &request).map(about).map_err(about)
}

fn apply(world: &mut World, org_index: usize, request: &ActivateRequest) -> Answer {
    let roots = world.yubico.attestation.root_pem().unwrap_or_default();
    let lifetime = SignedDuration::from_mins(world.settings.challenge_minutes);
    let compares_key = world.settings.activation_compares_key;
    let after_error = world.settings.activate_after_mark_error;
    let org = world.org(org_index);
    let person = org
        .people
        .iter()
        .find(|person| person.id == request.user_id)
        .ok_or_else(|| errors::not_found("User"))?;
    if matches!(person.status.as_str(), "SUSPENDED" | "DEPROVISIONED") {
        return Err(errors::not_in_this_status());
    }
    let refuse = |why: &str| {
        // The real answer says nothing; the sandbox's own header helps whoever debugs against it.
        let why: String =
            why.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect();
        errors::preregistration(ACTIVATE_FAULT).header("x-sandbox-reason", why)
    };
    // Exactly the keys submitted are trusted, no others.
    let keys: Option<Vec<Jwk>> =
        request.yubico_signing_jwks.iter().map(|members| six_member_key(members, "sig")).collect();
    let keys =
        keys.filter(|keys| !keys.is_empty()).ok_or_else(|| refuse("a signing key is not as documented"))?;
    if request.fulfillment_provider != "yubico" || request.serial.is_empty() || request.version.is_empty() {
        return Err(refuse("provider, serial and version are needed"));
    }
    if request.cred_responses.is_empty() {
        return Err(refuse("no credential response"));
    }
    let mut made = Vec::new();
    for response in &request.cred_responses {
        let at = org
            .enrollments
            .iter()
            .position(|enrollment| {
                enrollment.id == response.authenticator_enrollment_id && enrollment.user_id == request.user_id
            })
            .ok_or_else(|| errors::not_found(&response.authenticator_enrollment_id))?;
        let enrollment = &org.enrollments[at];
        let open = enrollment.status == PENDING || (after_error && enrollment.status == ERRORED);
        if !open {
            return Err(refuse("the enrolment is not pending"));
        }
        if enrollment.created + lifetime < clock::now() {
            return Err(refuse("the challenge has expired"));
        }
        let credential = opened(&response.cred_response_jwe, enrollment, &keys, "credential")
            .map_err(refuse)
            .and_then(|payload| {
                enrollment
                    .registration
                    .finish(&enrollment.rp_id, &payload["registration"], &roots)
                    .map(|credential| (credential, payload))
                    .map_err(|error| refuse(&error))
            })?;
        let is = |name: &str, submitted: &str| credential.1[name].as_str() == Some(submitted);
        if compares_key && !(is("serial", &request.serial) && is("firmware", &request.version)) {
            return Err(refuse("serial or version is another key's"));
        }
        made.push((at, credential));
    }
    let pin_owner = made.first().map_or(0, |(at, _)| *at);
    opened(&request.pin_response_jwe, &org.enrollments[pin_owner], &keys, "pin").map_err(refuse)?;
    let now = clock::now();
    for (at, (credential, payload)) in made {
        let enrollment = &mut org.enrollments[at];
        enrollment.status = ACTIVE.into();
        enrollment.last_updated = now;
        enrollment.registration.credential = Some(credential);
        enrollment.authenticator_name = payload["model"].as_str().map(str::to_string);
        enrollment.serial = Some(request.serial.clone());
        enrollment.preset_pin_available = true;
        enrollment.pin_response = Some(request.pin_response_jwe.clone());
    }
    let ids: Vec<&str> =
        request.cred_responses.iter().map(|response| response.authenticator_enrollment_id.as_str()).collect();
    let body = json!({
        "userId": request.user_id, "fulfillmentProvider": "yubico", "authenticatorEnrollmentIds": ids,
    });
    Ok(Reply::json(200, &body))
}

/// A response of Yubico's: sealed for this enrolment's key, signed with one of the keys, of the expected type.
fn opened(
    sealed: &str,
    enrollment: &Enrollment,
    keys: &[Jwk],
    expected: &str,
) -> Result<Value, &'static str> {
    let header = jose::header(sealed).ok_or("a response is not a JWE")?;
    if header.get("kid").and_then(Value::as_str) != Some(enrollment.key_id.as_str()) {
        return Err("a response is sealed for another key");
    }
    let inner = jose::open(sealed, &enrollment.key).ok_or("a response does not open")?;
    let payload = jose::verify(&inner, keys).ok_or("no submitted key has signed a response")?;
    if payload["type"] == expected { Ok(payload) } else { Err("a response is of another type") }
}

/// The PIN of an activated enrolment, decoded for the mail.
pub(crate) fn preset_pin(enrollment: &Enrollment) -> Option<String> {
    let inner = jose::open(enrollment.pin_response.as_deref()?, &enrollment.key)?;
    Some(jose::unverified_payload(&inner)?["pin"].as_str()?.to_string())
}
