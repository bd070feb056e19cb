//! Pre-registered factors: enroll, list, delete, mark as errored.

use jiff::SignedDuration;
use josekit::jwk::Jwk;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::behaviour::Behaviour;
use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::jose;
use crate::okta::errors;
use crate::okta::logs::{Style, preregistration_requested};
use crate::okta::page::paged;
use crate::okta::request::{declared_length, json_body};
use crate::okta::time::okta_time;
use crate::okta::webauthn::Registration;
use crate::world::{Enrollment, OktaOrg, World};

const ENROLL_FAULT: &str = "webAuthnPreregistrationPinRequest|webAuthnPreregistrationCredentialRequest";

pub(crate) const PENDING: &str = "FULFILLMENT_PENDING";
pub(crate) const ERRORED: &str = "FULFILLMENT_ERRORED";
pub(crate) const ACTIVE: &str = "ACTIVE";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnrollRequest {
    user_id: String,
    fulfillment_provider: String,
    enrollment_rp_ids: Vec<String>,
    #[serde(rename = "yubicoTransportKeyJWK")]
    yubico_transport_key_jwk: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "read only to be checked for its members")]
struct InitiateRequest {
    user_id: String,
    fulfillment_provider: String,
    fulfillment_data: Vec<FulfillmentData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the vendor's names")]
struct FulfillmentData {
    product_id: String,
    customization_id: String,
    inventory_product_id: String,
}

pub(crate) fn feature(world: &World) -> Result<(), Reply> {
    if world.settings.preregistration_enabled { Ok(()) } else { Err(errors::feature_off()) }
}

/// A key of Yubico as Okta takes it: exactly the six members, P-384, that use.
pub(crate) fn six_member_key(members: &Map<String, Value>, key_use: &str) -> Option<Jwk> {
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let exact = members.len() == jose::SIX_MEMBERS.len()
        && jose::SIX_MEMBERS.iter().all(|name| !text(name).is_empty())
        && text("kty") == "EC"
        && text("crv") == "P-384"
        && text("use") == key_use
        && [text("x"), text("y")]
            .iter()
            .all(|value| crate::ids::unb64(value).is_some_and(|bytes| bytes.len() == 48));
    exact.then(|| Jwk::from_map(members.clone()).ok()).flatten()
}

/// `POST /webauthn-registration/api/v1/enroll`.
pub(crate) fn enroll(world: &mut World, call: &Call) -> Answer {
    feature(world)?;
    let request: EnrollRequest = json_body(call)?;
    let user_id = request.user_id.clone();
    create(world, call.org, &request).map_err(|reply| reply.user(&user_id))
}

fn create(world: &mut World, org_index: usize, request: &EnrollRequest) -> Answer {
    let refuse = || errors::preregistration(ENROLL_FAULT);
    let enrollable = world.settings.enrollable_statuses.clone();
    let of_authenticator = world.settings.rp_id_of_authenticator;
    let org = world.org(org_index);
    let person = org
        .people
        .iter()
        .find(|person| person.id == request.user_id)
        .cloned()
        .ok_or_else(|| errors::not_found(&format!("Resource not found: {} (User)", request.user_id)))?;
    let unfit = !enrollable.is_empty() && !enrollable.contains(&person.status);
    if unfit || matches!(person.status.as_str(), "SUSPENDED" | "DEPROVISIONED") {
        return Err(errors::not_in_this_status());
    }
    let transport = six_member_key(&request.yubico_transport_key_jwk, "enc").ok_or_else(refuse)?;
    if request.fulfillment_provider != "yubico"
        || !rp_ids_valid(&org.rp_ids(of_authenticator), &request.enrollment_rp_ids)
    {
        return Err(refuse());
    }
    let mut enrollments = Vec::new();
    for rp_id in &request.enrollment_rp_ids {
        let (id, key_id) = (world.dice.okta_id("fwf"), world.dice.token(20));
        enrollments
            .push(new_enrollment(&world.orgs[org_index], &person, rp_id, id, &key_id).map_err(|_| refuse())?);
    }
    let org = world.org(org_index);
    let (pin_request, credential_requests) =
        sealed_requests(org, &enrollments, &transport).ok_or_else(refuse)?;
    let answer: Vec<Value> = enrollments
        .iter()
        .zip(&credential_requests)
        .map(|(enrollment, sealed)| {
            json!({"authenticatorEnrollmentId": enrollment.id, "keyId": enrollment.key_id, "credRequestJwe": sealed})
        })
        .collect();
    let first = enrollments.first().map(|enrollment| enrollment.id.clone()).unwrap_or_default();
    org.enrollments.extend(enrollments);
    for sealed in credential_requests.iter().chain([&pin_request]) {
        world.secrets.add("jwe", sealed);
    }
    let body = json!({
        "userId": person.id, "fulfillmentProvider": "yubico", "pinRequestJwe": pin_request, "credRequests": answer,
    });
    Ok(Reply::json(200, &body).user(&person.id).enrollment(&first))
}

/// RP ids are host names of this org, without scheme and path, each once.
fn rp_ids_valid(known: &[String], wanted: &[String]) -> bool {
    let mut seen = std::collections::HashSet::new();
    !wanted.is_empty() && wanted.iter().all(|id| known.contains(id) && seen.insert(id))
}

/// A pending enrolment of that person under that RP id.
pub(crate) fn new_enrollment(
    org: &OktaOrg,
    person: &crate::world::Person,
    rp_id: &str,
    id: String,
    key_id: &str,
) -> Result<Enrollment, String> {
    let display = format!("{} {}", person.attribute("firstName"), person.attribute("lastName"));
    let registration = Registration::start(rp_id, &org.origin(rp_id), &person.id, person.login(), &display)?;
    let now = clock::now();
    Ok(Enrollment {
        id,
        user_id: person.id.clone(),
        rp_id: rp_id.to_string(),
        key: jose::new_p384(key_id, "enc").map_err(|error| error.to_string())?,
        key_id: key_id.to_string(),
        status: PENDING.into(),
        created: now,
        last_updated: now,
        registration,
        authenticator_name: None,
        serial: None,
        preset_pin_available: false,
        pin_response: None,
    })
}

/// The PIN request and one credential request an enrolment: signed by Okta, sealed for Yubico.
fn sealed_requests(
    org: &OktaOrg,
    enrollments: &[Enrollment],
    transport: &Jwk,
) -> Option<(String, Vec<String>)> {
    let seal = |payload: Value| {
        let inner = jose::sign(&payload, &org.signing_key, "prereg-request+jwt").ok()?;
        jose::seal(&inner, transport).ok()
    };
    let pin = seal(json!({
        "type": "pin", "iss": org.base_url, "responseKey": jose::public_six(&enrollments.first()?.key),
        "pinPolicy": {"minLength": 6, "maxLength": 8, "characters": "digits"},
    }))?;
    let credentials: Option<Vec<String>> = enrollments
        .iter()
        .map(|enrollment| {
            seal(json!({
                "type": "credential", "iss": org.base_url, "origin": enrollment.registration.origin,
                "responseKey": jose::public_six(&enrollment.key), "options": enrollment.registration.options,
            }))
        })
        .collect();
    Some((pin, credentials?))
}

/// `GET …/users/{userId}/enrollments`. An unknown user has none.
pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    feature(world)?;
    let user_id = call.param("userId");
    let settings = world.settings.clone();
    let shown_until = clock::now() - SignedDuration::from_millis(settings.enrollment_list_lag_ms);
    let org = world.org(call.org);
    let theirs: Vec<&Enrollment> = org
        .enrollments
        .iter()
        .filter(|enrollment| enrollment.user_id == user_id && enrollment.created <= shown_until)
        .collect();
    let show =
        |enrollment: &&Enrollment| view(&org.base_url, enrollment, shown_status(enrollment, &settings));
    if settings.enrollments_a_page == 0 {
        return Ok(Reply::json(200, &theirs.iter().map(show).collect()).user(user_id));
    }
    let most = settings.enrollments_a_page;
    Ok(paged(org, call, &theirs, most, |enrollment| &enrollment.id, show)?.user(user_id))
}

/// The status as the list tells it: how a pending enrolment is called, and whether it expires, is not documented.
fn shown_status<'a>(enrollment: &'a Enrollment, settings: &'a Behaviour) -> &'a str {
    if enrollment.status != PENDING {
        return &enrollment.status;
    }
    let ends = enrollment.created + SignedDuration::from_mins(settings.challenge_minutes);
    if settings.shows_expired && ends < clock::now() { "EXPIRED" } else { &settings.pending_status }
}

/// An enrolment as the API shows it, in that status.
pub(crate) fn view(base_url: &str, enrollment: &Enrollment, status: &str) -> Value {
    let mut profile = json!({"presetPinAvailable": enrollment.preset_pin_available});
    if let Some(credential) = &enrollment.registration.credential {
        profile["credentialId"] = json!(crate::ids::b64(&credential.cred_id));
    }
    if let Some(name) = &enrollment.authenticator_name {
        profile["authenticatorName"] = json!(name);
    }
    json!({
        "id": enrollment.id, "factorType": "webauthn", "provider": "FIDO", "vendorName": "FIDO",
        "fulfillmentProvider": "yubico", "status": status,
        "created": okta_time(enrollment.created), "lastUpdated": okta_time(enrollment.last_updated), "profile": profile,
        "_links": {"self": {
            "href": format!("{base_url}/webauthn-registration/api/v1/users/{}/enrollments/{}", enrollment.user_id, enrollment.id),
            "hints": {"allow": ["DELETE"]},
        }},
    })
}

fn position(org: &OktaOrg, call: &Call) -> Result<usize, Reply> {
    let (user_id, id) = (call.param("userId"), call.param("enrollmentId"));
    org.enrollments
        .iter()
        .position(|enrollment| enrollment.id == id && enrollment.user_id == user_id)
        .ok_or_else(|| {
            errors::not_found(&format!("Resource not found: {id} (UserFactor)")).user(user_id).enrollment(id)
        })
}

/// `DELETE …/enrollments/{id}`: takes the credential away, whatever its status.
pub(crate) fn delete(world: &mut World, call: &Call) -> Answer {
    feature(world)?;
    let org = world.org(call.org);
    let at = position(org, call)?;
    org.enrollments.remove(at);
    Ok(Reply::empty(204).user(call.param("userId")).enrollment(call.param("enrollmentId")))
}

/// `POST …/mark-error`: no body, no reason.
pub(crate) fn mark_error(world: &mut World, call: &Call) -> Answer {
    feature(world)?;
    declared_length(call)?;
    let org = world.org(call.org);
    let at = position(org, call)?;
    let enrollment = &mut org.enrollments[at];
    enrollment.status = ERRORED.into();
    enrollment.last_updated = clock::now();
    Ok(Reply::empty(204).user(call.param("userId")).enrollment(call.param("enrollmentId")))
}

/// `POST …/initiate-fulfillment-request`: enrols nothing, orders nothing, emits the event that starts the template.
pub(crate) fn initiate(world: &mut World, call: &Call) -> Answer {
    feature(world)?;
    let request: InitiateRequest = json_body(call)?;
    let org = world.org(call.org);
    let person = org.person(&request.user_id).cloned().ok_or_else(|| errors::not_found("User"))?;
    for item in &request.fulfillment_data {
        let ids = [&item.product_id, &item.inventory_product_id, &item.customization_id];
        let event = preregistration_requested(org, &person, ids.map(String::as_str), Style::default());
        org.logs.write(event);
    }
    Ok(Reply::empty(204).user(&person.id))
}
