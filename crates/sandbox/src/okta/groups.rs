//! Groups and who is in them.

use std::collections::HashMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::okta::errors;
use crate::okta::expression::{Capitals, Expression};
use crate::okta::page::paged;
use crate::okta::people::view;
use crate::okta::time::okta_time;
use crate::okta::users::user_not_found;
use crate::world::{Group, OktaOrg, Person, World};

fn group_view(base_url: &str, group: &Group) -> Value {
    json!({
        "id": group.id, "created": okta_time(group.created), "lastUpdated": okta_time(group.created),
        "lastMembershipUpdated": okta_time(group.last_membership_updated), "objectClass": ["okta:user_group"],
        "type": "OKTA_GROUP", "profile": {"name": group.name, "description": group.description},
        "_links": {"users": {"href": format!("{base_url}/api/v1/groups/{}/users", group.id)}},
    })
}

/// What `filter` knows; `search` knows the name as well.
const FILTERED: [&str; 2] = ["id", "type"];

/// `GET /api/v1/groups`: `search` lags behind; or `filter`, or `q` for names that begin so.
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
    let groups: Vec<&Group> = org
        .groups
        .iter()
        .filter(|group| {
            search
                .as_ref()
                .is_none_or(|search| group.created <= shown_until && holds(search, Capitals::Ignored, group))
        })
        .filter(|group| filter.as_ref().is_none_or(|filter| holds(filter, Capitals::Matter, group)))
        .filter(|group| group.name.to_lowercase().starts_with(&q))
        .collect();
    paged(org, call, &groups, 10_000, |group| &group.id, |group| group_view(&org.base_url, group))
}

fn holds(expression: &Expression, capitals: Capitals, group: &Group) -> bool {
    expression.holds(capitals, &|name| match name {
        "id" => vec![group.id.as_str()],
        "type" => vec!["OKTA_GROUP"],
        "profile.name" => vec![group.name.as_str()],
        _ => Vec::new(),
    })
}

fn find<'a>(org: &'a OktaOrg, call: &Call) -> Result<&'a Group, Reply> {
    let id = call.param("groupId");
    let group = org.groups.iter().find(|group| group.id == id);
    group.ok_or_else(|| errors::not_found(&format!("Resource not found: {id} (UserGroup)")))
}

/// `GET /api/v1/groups/{groupId}`.
pub(crate) fn get(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    Ok(Reply::json(200, &group_view(&org.base_url, find(org, call)?)))
}

/// `GET /api/v1/groups/{groupId}/users`: full user objects, a page at a time.
pub(crate) fn members(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let people: HashMap<&str, &Person> =
        org.people.iter().map(|person| (person.id.as_str(), person)).collect();
    let members: Vec<&Person> =
        find(org, call)?.members.iter().filter_map(|id| people.get(id.as_str()).copied()).collect();
    paged(org, call, &members, 1000, |person| &person.id, |person| view(&org.base_url, person))
}

/// `GET /api/v1/users/{id}/groups`: the groups a person is in.
pub(crate) fn of_user(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let id = &org.person(call.param("id")).ok_or_else(|| user_not_found(call.param("id")))?.id;
    let groups: Vec<&Group> = org.groups.iter().filter(|group| group.members.contains(id)).collect();
    let page = paged(org, call, &groups, 200, |group| &group.id, |group| group_view(&org.base_url, group));
    Ok(page?.user(id))
}
