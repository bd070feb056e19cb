//! Users.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::okta::errors;
use crate::okta::expression::{Capitals, Expression};
use crate::okta::logs::membership_changed;
use crate::okta::page::paged;
use crate::okta::people::{note_secrets, profile_faults, view};
use crate::okta::preregistration::ACTIVE;
use crate::okta::request::{declared_length, json_body};
use crate::world::{OktaOrg, Person, World};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateUser {
    profile: Map<String, Value>,
    #[serde(default)]
    group_ids: Vec<String>,
}

pub(crate) fn user_not_found(id: &str) -> Reply {
    errors::not_found(&format!("Resource not found: {id} (User)"))
}

/// `GET /api/v1/users/{id}`: id, login or short login.
pub(crate) fn get(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let person = org.person(call.param("id")).ok_or_else(|| user_not_found(call.param("id")))?;
    Ok(Reply::json(200, &view(&org.base_url, person)).user(&person.id))
}

/// What `filter` knows; `search` knows every attribute.
const FILTERED: [&str; 6] =
    ["status", "id", "profile.login", "profile.email", "profile.firstName", "profile.lastName"];

/// `GET /api/v1/users`: `search` lags behind and ignores capitals, `filter` does neither; or `q`.
pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    let shown_until = clock::now() - SignedDuration::from_millis(world.settings.search_lag_ms);
    let org = world.org(call.org);
    let parse = |text: &str| {
        Expression::parse(text).ok_or_else(|| errors::error(400, "E0000031", "Invalid search criteria."))
    };
    let search = call.query("search").map(parse).transpose()?;
    let filter = call.query("filter").map(parse).transpose()?;
    if filter.as_ref().is_some_and(|filter| !filter.uses_only(&FILTERED)) {
        return Err(errors::error(400, "E0000031", "Invalid search criteria."));
    }
    let q = call.query("q").unwrap_or_default().to_lowercase();
    let people: Vec<&Person> = org
        .people
        .iter()
        // Without search or filter the list leaves deprovisioned users out.
        .filter(|person| search.is_some() || filter.is_some() || person.status != "DEPROVISIONED")
        .filter(|person| {
            search.as_ref().is_none_or(|search| {
                person.created <= shown_until && holds(search, Capitals::Ignored, person)
            })
        })
        .filter(|person| filter.as_ref().is_none_or(|filter| holds(filter, Capitals::Matter, person)))
        .filter(|person| {
            q.is_empty()
                || ["firstName", "lastName", "email"]
                    .iter()
                    .any(|name| person.attribute(name).to_lowercase().starts_with(&q))
        })
        .collect();
    paged(org, call, &people, 200, |person| &person.id, |person| view(&org.base_url, person))
}

fn holds(expression: &Expression, capitals: Capitals, person: &Person) -> bool {
    expression.holds(capitals, &|name| match name.strip_prefix("profile.") {
        Some(attribute) => vec![person.attribute(attribute)],
        None => match name {
            "id" => vec![person.id.as_str()],
            "status" => vec![person.status.as_str()],
            _ => Vec::new(),
        },
    })
}

/// `POST /api/v1/users?activate=false`.
pub(crate) fn create(world: &mut World, call: &Call) -> Answer {
    let request: CreateUser = json_body(call)?;
    let faults = profile_faults(&request.profile);
    if !faults.is_empty() {
        return Err(errors::validation("profile", &faults));
    }
    if request.group_ids.len() > 20 {
        return Err(errors::validation("groupIds", &["groupIds: at most 20".into()]));
    }
    let login = request.profile.get("login").and_then(Value::as_str).unwrap_or_default();
    if world.org(call.org).people.iter().any(|person| person.login().eq_ignore_ascii_case(login)) {
        let cause = "login: An object with this field already exists in the current organization";
        return Err(errors::validation("login", &[cause.into()]));
    }
    let staged = call.query("activate") == Some("false");
    let id = add_person(world, call.org, request.profile, if staged { "STAGED" } else { "PROVISIONED" });
    let org = world.org(call.org);
    for at in 0..org.groups.len() {
        if request.group_ids.contains(&org.groups[at].id) {
            org.groups[at].members.push(id.clone());
            let group = org.groups[at].clone();
            membership_changed(org, &group, &id, true);
        }
    }
    let person = org.person(&id).ok_or_else(|| user_not_found(&id))?;
    Ok(Reply::json(200, &view(&org.base_url, person)).user(&id))
}

/// A new person; the answer is the id.
pub(crate) fn add_person(world: &mut World, org: usize, profile: Map<String, Value>, status: &str) -> String {
    let id = world.dice.okta_id("00u");
    let now = clock::now();
    note_secrets(&mut world.secrets, &profile);
    world.org(org).people.push(Person {
        id: id.clone(),
        status: status.to_string(),
        created: now,
        activated: (status != "STAGED").then_some(now),
        status_changed: (status != "STAGED").then_some(now),
        last_login: None,
        last_updated: now,
        profile,
        becomes: None,
        factors: Vec::new(),
    });
    id
}

/// `POST /api/v1/users/{id}/lifecycle/activate`.
pub(crate) fn activate(world: &mut World, call: &Call) -> Answer {
    declared_length(call)?;
    let lag = SignedDuration::from_millis(world.settings.lifecycle_lag_ms);
    let org = world.org(call.org);
    let id = org.person(call.param("id")).ok_or_else(|| user_not_found(call.param("id")))?.id.clone();
    activate_person(org, &id, lag)?;
    let send_email = call.query("sendEmail") != Some("false");
    let body = if send_email {
        json!({})
    } else {
        json!({"activationUrl": format!("{}/welcome/{id}", org.base_url)})
    };
    Ok(Reply::json(200, &body).user(&id))
}

/// From STAGED or DEPROVISIONED: ACTIVE with an enrolled authenticator, else PROVISIONED. The status changes after the
/// lag only, as Okta documents: the call is asynchronous.
pub(crate) fn activate_person(org: &mut OktaOrg, id: &str, lag: SignedDuration) -> Result<(), Reply> {
    let has_key =
        org.enrollments.iter().any(|enrollment| enrollment.user_id == id && enrollment.status == ACTIVE);
    let person = org.person_mut(id).ok_or_else(|| user_not_found(id))?;
    if !matches!(person.status.as_str(), "STAGED" | "DEPROVISIONED" | "PROVISIONED") {
        return Err(errors::error(403, "E0000016", "Activation failed because the user is already active"));
    }
    let now = clock::now();
    person.activated = Some(now);
    let status = if has_key { "ACTIVE" } else { "PROVISIONED" };
    if lag.is_zero() {
        person.set_status(status, now);
    } else {
        person.becomes = Some((status.to_string(), now + lag));
    }
    Ok(())
}
