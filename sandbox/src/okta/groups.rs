//! Groups and who is in them.

use serde_json::{Value, json};

use crate::http::{Answer, Call};
use crate::okta::errors;
use crate::okta::people::view;
use crate::okta::preregistration::okta_time;
use crate::okta::users::{equality, paged, user_not_found};
use crate::world::{Group, World};

fn group_view(base_url: &str, group: &Group) -> Value {
    json!({
        "id": group.id, "created": okta_time(group.created), "lastUpdated": okta_time(group.created),
        "lastMembershipUpdated": okta_time(group.last_membership_updated), "objectClass": ["okta:user_group"],
        "type": "OKTA_GROUP", "profile": {"name": group.name, "description": group.description},
        "_links": {"users": {"href": format!("{base_url}/api/v1/groups/{}/users", group.id)}},
    })
}

/// `GET /api/v1/groups`: `search` or `filter` of the form `profile.name eq "…"`, or `q`.
pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let wanted = match call.query("search").or(call.query("filter")) {
        Some(text) => {
            Some(equality(text).ok_or_else(|| errors::error(400, "E0000031", "Invalid search criteria."))?)
        }
        None => None,
    };
    let q = call.query("q").unwrap_or_default().to_lowercase();
    let groups: Vec<Value> = org
        .groups
        .iter()
        .filter(|group| match &wanted {
            Some((name, value)) => {
                (name == "profile.name" && group.name == *value) || (name == "id" && group.id == *value)
            }
            None => group.name.to_lowercase().starts_with(&q),
        })
        .map(|group| group_view(&org.base_url, group))
        .collect();
    paged(org, call, &groups, 10_000)
}

/// `GET /api/v1/groups/{groupId}/users`: full user objects, a page at a time.
pub(crate) fn members(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let id = call.param("groupId");
    let group = org
        .groups
        .iter()
        .find(|group| group.id == id)
        .ok_or_else(|| errors::not_found(&format!("Resource not found: {id} (UserGroup)")))?;
    let members: Vec<Value> = group
        .members
        .iter()
        .filter_map(|id| org.people.iter().find(|person| person.id == *id))
        .map(|person| view(&org.base_url, person))
        .collect();
    paged(org, call, &members, 1000)
}

/// `GET /api/v1/users/{id}/groups`: the groups a person is in.
pub(crate) fn of_user(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let id = &org.person(call.param("id")).ok_or_else(|| user_not_found(call.param("id")))?.id;
    let groups: Vec<Value> = org
        .groups
        .iter()
        .filter(|group| group.members.contains(id))
        .map(|group| group_view(&org.base_url, group))
        .collect();
    Ok(paged(org, call, &groups, 200)?.user(id))
}
