//! Okta's bodies, spelled as Okta spells them. Written strictly, read tolerantly.

use std::collections::BTreeMap;

use domain::{
    directory::NewPerson,
    requests::{ActivateRequest, EnrollRequest},
    vendor_states::PublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The only fulfilment provider there is.
const PROVIDER: &str = "yubico";

/// Body of `POST enroll`: Okta's `EnrollmentInitializationRequest`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnrollBody<'a> {
    user_id: &'a str,
    fulfillment_provider: &'static str,
    enrollment_rp_ids: [&'a str; 1],
    #[serde(rename = "yubicoTransportKeyJWK")]
    transport_key: KeyBody<'a>,
}

impl<'a> From<&'a EnrollRequest> for EnrollBody<'a> {
    fn from(request: &'a EnrollRequest) -> Self {
        Self {
            user_id: request.user.as_str(),
            fulfillment_provider: PROVIDER,
            enrollment_rp_ids: [request.rp_id.as_str()],
            transport_key: KeyBody::new(&request.transport_key, "enc"),
        }
    }
}

/// `ECKeyJWK`: exactly six members.
#[derive(Serialize)]
struct KeyBody<'a> {
    kid: &'a str,
    kty: &'static str,
    crv: &'static str,
    r#use: &'static str,
    x: &'a str,
    y: &'a str,
}

impl<'a> KeyBody<'a> {
    fn new(key: &'a PublicKey, purpose: &'static str) -> Self {
        Self { kid: &key.kid, kty: "EC", crv: "P-384", r#use: purpose, x: &key.x, y: &key.y }
    }
}

/// Body of `POST activate`: Okta's `EnrollmentActivationRequest`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivateBody<'a> {
    user_id: &'a str,
    fulfillment_provider: &'static str,
    serial: &'a str,
    version: &'a str,
    pin_response_jwe: &'a str,
    cred_responses: [CredResponse<'a>; 1],
    yubico_signing_jwks: Vec<KeyBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredResponse<'a> {
    authenticator_enrollment_id: &'a str,
    cred_response_jwe: &'a str,
}

impl<'a> From<&'a ActivateRequest> for ActivateBody<'a> {
    fn from(request: &'a ActivateRequest) -> Self {
        let responses = &request.responses;
        Self {
            user_id: request.user.as_str(),
            fulfillment_provider: PROVIDER,
            serial: responses.serial.as_str(),
            version: &responses.firmware,
            pin_response_jwe: responses.pin.expose(),
            cred_responses: [CredResponse {
                authenticator_enrollment_id: request.enrollment.as_str(),
                cred_response_jwe: responses.credential.expose(),
            }],
            yubico_signing_jwks: request.signing_keys.iter().map(|k| KeyBody::new(k, "sig")).collect(),
        }
    }
}

/// Body of `POST send-pin`: Okta's `PinRequest`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PinBody<'a> {
    user_id: &'a str,
    fulfillment_provider: &'static str,
    authenticator_enrollment_id: &'a str,
}

impl<'a> PinBody<'a> {
    pub(super) fn new(user: &'a str, enrollment: &'a str) -> Self {
        Self { user_id: user, fulfillment_provider: PROVIDER, authenticator_enrollment_id: enrollment }
    }
}

/// Answer to `POST enroll`: Okta's `EnrollmentInitializationResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnrollAnswer {
    pub(super) pin_request_jwe: Option<String>,
    pub(super) cred_requests: Option<Vec<CredRequest>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CredRequest {
    pub(super) authenticator_enrollment_id: Option<String>,
    pub(super) key_id: Option<String>,
    #[serde(rename = "credRequestJwe")]
    pub(super) jwe: Option<String>,
}

/// Answer to `POST activate`: Okta's `EnrollmentActivationResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivateAnswer {
    pub(super) authenticator_enrollment_ids: Option<Vec<String>>,
}

/// `WebAuthnPreregistrationFactor`, as far as it is needed. `profile` is free-form.
#[derive(Deserialize)]
pub(super) struct Factor {
    pub(super) id: Option<String>,
    pub(super) status: Option<Value>,
    pub(super) created: Option<Value>,
    pub(super) profile: Option<Value>,
}

/// `User`, as far as it is needed.
#[derive(Deserialize)]
pub(super) struct UserBody {
    pub(super) id: String,
    pub(super) status: Option<String>,
    pub(super) profile: Option<Map<String, Value>>,
}

/// `CreateUserRequest`, as far as a staged user needs it.
#[derive(Serialize)]
pub(super) struct CreateUserBody<'a> {
    profile: &'a BTreeMap<String, String>,
}

impl<'a> CreateUserBody<'a> {
    pub(super) const fn new(person: &'a NewPerson) -> Self {
        Self { profile: person.profile() }
    }
}

/// `UserFactor`, as far as it is needed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserFactorBody {
    pub(super) factor_type: Option<Value>,
    pub(super) status: Option<Value>,
}

/// Okta's `Group`, as far as it is needed.
#[derive(Deserialize)]
pub(super) struct GroupBody {
    pub(super) id: String,
    pub(super) profile: Option<GroupProfileBody>,
}

/// `GroupProfile`, as far as it is needed.
#[derive(Deserialize)]
pub(super) struct GroupProfileBody {
    pub(super) name: Option<String>,
}

/// Okta's `WellKnownOrgMetadata`, as far as it is needed.
#[derive(Deserialize)]
pub(super) struct OrganizationBody {
    pub(super) id: String,
    pub(super) pipeline: Option<String>,
}

/// Okta's `AuthenticatorBase`, as far as it is needed.
#[derive(Deserialize)]
pub(super) struct AuthenticatorBody {
    pub(super) id: Option<String>,
    pub(super) key: Option<String>,
    pub(super) status: Option<String>,
}
