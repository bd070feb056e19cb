//! People and groups, as the IT admin handles them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock;
use crate::control::request::{body, done, org_index, refused};
use crate::http::{Answer, Call, Reply};
use crate::okta::logs::membership_changed;
use crate::okta::people::{note_secrets, profile_faults, view};
use crate::okta::users::{activate_person, add_person};
use crate::world::{Factor, Group, World};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewPerson {
    profile: Map<String, Value>,
    #[serde(default)]
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Patch {
    #[serde(default)]
    profile: Map<String, Value>,
    #[serde(default)]
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewFactor {
    factor_type: String,
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewGroup {
    name: String,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupPatch {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

fn no_person() -> Reply {
    refused(404, "there is no such person")
}

fn person_view(world: &mut World, org: usize, key: &str) -> Answer {
    let org = world.org(org);
    let person = org.person(key).ok_or_else(no_person)?;
    done(&view(&org.base_url, person))
}

/// `POST /people`: `{profile, status?}`; STAGED if not said otherwise.
pub(crate) fn create(world: &mut World, call: &Call) -> Answer {
    let org = org_index(world, call)?;
    let mut request: NewPerson = body(call)?;
    if !request.profile.contains_key("login") {
        let email = request.profile.get("email").cloned().unwrap_or_default();
        request.profile.insert("login".into(), email);
    }
    let faults = profile_faults(&request.profile);
    if !faults.is_empty() {
        return Err(refused(400, &faults.join("; ")));
    }
    let login = request.profile.get("login").and_then(Value::as_str).unwrap_or_default();
    if world.org(org).people.iter().any(|person| person.login() == login) {
        return Err(refused(409, "there is a person of that login"));
    }
    let id = add_person(world, org, request.profile, request.status.as_deref().unwrap_or("STAGED"));
    person_view(world, org, &id)
}

/// `GET /people/{id or login}`.
pub(crate) fn get(world: &mut World, call: &Call) -> Answer {
    let org = org_index(world, call)?;
    person_view(world, org, call.param("id"))
}

/// `POST /people/{id or login}`: merges the profile (null removes), sets the status.
pub(crate) fn patch(world: &mut World, call: &Call) -> Answer {
    let org = org_index(world, call)?;
    let request: Patch = body(call)?;
    note_secrets(&mut world.secrets, &request.profile);
    let now = clock::now();
    let person = world.org(org).person_mut(call.param("id")).ok_or_else(no_person)?;
    let id = person.id.clone();
    for (name, value) in request.profile {
        if value.is_null() {
            person.profile.remove(&name);
        } else {
            person.profile.insert(name, value);
        }
    }
    person.last_updated = now;
    if let Some(status) = request.status {
        person.set_status(&status, now);
    }
    person_view(world, org, &id)
}

/// `DELETE /people/{id or login}`: gone for good, with the enrolments.
pub(crate) fn delete(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let org = world.org(index);
    let id = org.person(call.param("id")).ok_or_else(no_person)?.id.clone();
    org.people.retain(|person| person.id != id);
    org.enrollments.retain(|enrollment| enrollment.user_id != id);
    for group in &mut org.groups {
        group.members.retain(|member| *member != id);
    }
    Ok(Reply::empty(204))
}

/// `POST /people/{id or login}/activate`: what the IT admin does on the first day.
pub(crate) fn activate(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let org = world.org(index);
    let id = org.person(call.param("id")).ok_or_else(no_person)?.id.clone();
    activate_person(org, &id, jiff::SignedDuration::ZERO)?;
    person_view(world, index, &id)
}

/// `POST /people/{id or login}/factors`: `{factorType, status?}`, a factor they enrolled themselves.
pub(crate) fn add_factor(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let request: NewFactor = body(call)?;
    let id = world.dice.okta_id("fwf");
    let person = world.org(index).person_mut(call.param("id")).ok_or_else(no_person)?;
    let status = request.status.unwrap_or_else(|| "ACTIVE".into());
    let factor = Factor { id, kind: request.factor_type, status, created: clock::now() };
    let shown = crate::okta::factors::view(&factor);
    person.factors.push(factor);
    done(&shown)
}

/// `POST /groups`: `{name, members?}`, members by id or login.
pub(crate) fn create_group(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let request: NewGroup = body(call)?;
    let id = world.dice.okta_id("00g");
    let org = world.org(index);
    let members = request
        .members
        .iter()
        .map(|key| org.person(key).map(|person| person.id.clone()).ok_or_else(no_person))
        .collect::<Result<Vec<_>, _>>()?;
    let now = clock::now();
    let group = Group {
        id: id.clone(),
        name: request.name.clone(),
        description: String::new(),
        created: now,
        last_membership_updated: now,
        members,
    };
    for member in &group.members {
        membership_changed(org, &group, member, true);
    }
    org.groups.push(group);
    done(&json!({"id": id, "name": request.name}))
}

/// `POST /groups/{id or name}`: `{add?, remove?}`, people by id or login.
pub(crate) fn patch_group(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let request: GroupPatch = body(call)?;
    let org = world.org(index);
    let resolve = |keys: &[String]| {
        keys.iter()
            .map(|key| org.person(key).map(|person| person.id.clone()).ok_or_else(no_person))
            .collect::<Result<Vec<_>, _>>()
    };
    let (add, remove) = (resolve(&request.add)?, resolve(&request.remove)?);
    let key = call.param("id");
    let group = org
        .groups
        .iter_mut()
        .find(|group| group.id == key || group.name == key)
        .ok_or_else(|| refused(404, "there is no such group"))?;
    let leaving: Vec<String> =
        group.members.iter().filter(|member| remove.contains(member)).cloned().collect();
    let joining: Vec<String> = add.into_iter().filter(|id| !group.members.contains(id)).collect();
    group.members.retain(|member| !leaving.contains(member));
    group.members.extend(joining.clone());
    group.last_membership_updated = clock::now();
    let group = group.clone();
    for (ids, joined) in [(leaving, false), (joining, true)] {
        for id in ids {
            membership_changed(org, &group, &id, joined);
        }
    }
    done(&json!({"id": group.id, "name": group.name, "members": group.members}))
}

/// `DELETE /groups/{id or name}`: gone, as the last day of a department.
pub(crate) fn delete_group(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let key = call.param("id");
    let groups = &mut world.org(index).groups;
    let at = groups.iter().position(|group| group.id == key || group.name == key);
    groups.remove(at.ok_or_else(|| refused(404, "there is no such group"))?);
    Ok(Reply::empty(204))
}
