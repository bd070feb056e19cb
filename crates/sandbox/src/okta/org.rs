//! What preflight reads: the org, its authenticators, policies and domains.

use serde_json::{Value, json};

use crate::http::{Answer, Call, Reply};
use crate::okta::errors;
use crate::world::{OktaOrg, World};

const WEBAUTHN: &str = "autSandboxWebAuthn01";
const ENROLL_POLICY: &str = "00pSandboxMfaEnroll1";
const SESSION_POLICY: &str = "00pSandboxSignOn0001";

/// `GET /.well-known/okta-organization`.
pub(crate) fn metadata(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let body = json!({
        "id": org.id, "pipeline": org.settings.pipeline, "_links": {"organization": {"href": org.base_url}},
        "settings": {"analyticsCollectionEnabled": false, "bugReportingEnabled": false, "omEnabled": false},
    });
    Ok(Reply::json(200, &body))
}

/// `GET /api/v1/authenticators`.
pub(crate) fn authenticators(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let base_url = &org.base_url;
    let authenticator = |id: &str, key: &str, name: &str, kind: &str, status: &str| {
        json!({
            "id": id, "key": key, "name": name, "type": kind, "status": status,
            "created": "2026-01-05T20:43:19.000Z", "lastUpdated": "2026-01-05T20:43:19.000Z",
            "_links": {
                "self": {"href": format!("{base_url}/api/v1/authenticators/{id}")},
                "methods": {"href": format!("{base_url}/api/v1/authenticators/{id}/methods")},
            },
        })
    };
    Ok(Reply::json(
        200,
        &json!([
            authenticator("autSandboxPassword01", "okta_password", "Password", "password", "ACTIVE"),
            authenticator(
                WEBAUTHN,
                "webauthn",
                "Passkey (FIDO2 WebAuthn)",
                "security_key",
                &org.settings.webauthn_status,
            ),
        ]),
    ))
}

fn webauthn_method(org: &OktaOrg) -> Value {
    let rp_id = org.rp_id.as_ref().map_or(
        json!({"enabled": false}),
        |name| json!({"enabled": true, "domain": {"name": name, "validationStatus": "VERIFIED"}}),
    );
    json!({
        "type": "webauthn", "status": "ACTIVE",
        "settings": {
            "userVerification": org.user_verification, "userVerificationForVerify": org.user_verification,
            "attachment": org.settings.attachment, "rpId": rp_id, "aaguidGroups": org.settings.aaguid_groups,
            "fipsCompliant": org.settings.fips_compliant, "hardwareProtected": false,
            "certBasedAttestationValidation": false, "residentKeyRequirement": "PREFERRED",
        },
        "_links": {"self": {"href": format!("{}/api/v1/authenticators/{WEBAUTHN}/methods/webauthn", org.base_url)}},
    })
}

/// `GET /api/v1/authenticators/{id}/methods`.
pub(crate) fn methods(world: &mut World, call: &Call) -> Answer {
    match call.param("authenticatorId") {
        WEBAUTHN => Ok(Reply::json(200, &json!([webauthn_method(world.org(call.org))]))),
        "autSandboxPassword01" => Ok(Reply::json(200, &json!([{"type": "password", "status": "ACTIVE"}]))),
        id => Err(errors::not_found(&format!("Resource not found: {id} (Authenticator)"))),
    }
}

/// `GET /api/v1/authenticators/{id}/methods/webauthn`.
pub(crate) fn method(world: &mut World, call: &Call) -> Answer {
    match (call.param("authenticatorId"), call.param("methodType")) {
        (WEBAUTHN, "webauthn") => Ok(Reply::json(200, &webauthn_method(world.org(call.org)))),
        _ => Err(errors::not_found("Resource not found (AuthenticatorMethod)")),
    }
}

/// `GET /api/v1/policies?type=…`.
pub(crate) fn policies(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let groups: Vec<&str> = org.groups.iter().map(|group| group.id.as_str()).collect();
    let policy = |id: &str, kind: &str, name: &str| {
        json!({"id": id, "type": kind, "name": name, "status": "ACTIVE", "priority": 1, "system": false,
               "conditions": {"people": {"groups": {"include": groups}}}})
    };
    let list = match call.query("type") {
        Some("MFA_ENROLL") => {
            let mut policy = policy(ENROLL_POLICY, "MFA_ENROLL", "Pre-enrolled security keys");
            let groups = &org.settings.enroll_aaguid_groups;
            let constraints = if groups.is_empty() { Value::Null } else { json!({"aaguidGroups": groups}) };
            policy["settings"] = json!({"type": "AUTHENTICATORS", "authenticators": [
                {"key": "webauthn", "enroll": {"self": org.settings.enroll}, "constraints": constraints},
                {"key": "okta_password", "enroll": {"self": "OPTIONAL"}},
            ]});
            vec![policy]
        }
        Some("OKTA_SIGN_ON") => {
            vec![policy(SESSION_POLICY, "OKTA_SIGN_ON", "Any factor that is not a password")]
        }
        Some(_) => vec![],
        None => return Err(errors::validation("type", &["type: is required".into()])),
    };
    Ok(Reply::json(200, &json!(list)))
}

/// `GET /api/v1/policies/{id}/rules`.
pub(crate) fn policy_rules(world: &mut World, call: &Call) -> Answer {
    let settings = &world.org(call.org).settings;
    let rule = |kind: &str, actions: Value| {
        json!([{"id": "0prSandboxRule000001", "type": kind, "name": "Rule", "status": "ACTIVE", "priority": 1, "system": false,
                "actions": actions}])
    };
    match call.param("policyId") {
        ENROLL_POLICY => Ok(Reply::json(200, &rule("MFA_ENROLL", json!({"enroll": {"self": "LOGIN"}})))),
        SESSION_POLICY => {
            let signon = json!({"signon": {
                "access": "ALLOW", "requireFactor": settings.require_factor,
                "factorPromptMode": settings.factor_prompt_mode, "primaryFactor": settings.primary_factor,
                "rememberDeviceByDefault": false,
            }});
            Ok(Reply::json(200, &rule("SIGN_ON", signon)))
        }
        id => Err(errors::not_found(&format!("Resource not found: {id} (Policy)"))),
    }
}

/// `GET /api/v1/domains`.
pub(crate) fn domains(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let domain = |(index, domain): (usize, &String)| {
        json!({"id": format!("OcDSandbox{index:010}"), "domain": domain,
               "validationStatus": org.settings.domain_status, "certificateSourceType": "MANUAL"})
    };
    let domains: Vec<Value> = org.domains.iter().enumerate().map(domain).collect();
    Ok(Reply::json(200, &json!({"domains": domains})))
}
