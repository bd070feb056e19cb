//! `GET /api/v1/users/{id}/factors`: what a person can sign in with, however it was enrolled.

use serde_json::{Value, json};

use crate::http::{Answer, Call, Reply};
use crate::okta::preregistration::ACTIVE;
use crate::okta::time::okta_time;
use crate::okta::users::user_not_found;
use crate::world::{Factor, World};

pub(crate) fn view(factor: &Factor) -> Value {
    json!({
        "id": factor.id, "factorType": factor.kind, "provider": if factor.kind == "webauthn" { "FIDO" } else { "OKTA" },
        "vendorName": if factor.kind == "webauthn" { "FIDO" } else { "OKTA" }, "status": factor.status,
        "created": okta_time(factor.created), "lastUpdated": okta_time(factor.created), "profile": {},
    })
}

/// Pre-registered keys are among them only where the org's policy does not hide them.
pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    let hidden = world.settings.factors_hide_preregistered;
    let org = world.org(call.org);
    let person = org.person(call.param("id")).ok_or_else(|| user_not_found(call.param("id")))?;
    let mut factors: Vec<Value> = person.factors.iter().map(view).collect();
    let keys = org.enrollments.iter().filter(|key| key.user_id == person.id && key.status == ACTIVE);
    if !hidden {
        factors.extend(keys.map(|key| {
            json!({
                "id": key.id, "factorType": "webauthn", "provider": "FIDO", "vendorName": "FIDO", "status": key.status,
                "created": okta_time(key.created), "lastUpdated": okta_time(key.last_updated), "profile": {},
            })
        }));
    }
    Ok(Reply::json(200, &json!(factors)).user(&person.id))
}
