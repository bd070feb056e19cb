//! The System Log API, and the events that pre-registration and groups leave there.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::http::{Answer, Call, Reply};
use crate::okta::errors;
use crate::okta::expression::{Capitals, Expression};
use crate::system_log::Entry;
use crate::world::{Group, OktaOrg, Person, World};

/// The event of the console's "Add" button and of initiate-fulfillment-request.
pub(crate) const INITIATE: &str = "system.mfa.preregister.initiate";

/// How the details are spelled and where they stand: Okta publishes neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub camel_case: bool,
    pub in_debug_data: bool,
}

/// That event, not yet written down; product, inventory product and customization are strings here.
pub(crate) fn preregistration_requested(
    org: &mut OktaOrg,
    person: &Person,
    ids: [&str; 3],
    style: Style,
) -> Value {
    let [product, inventory, customization] = ids;
    let mut details = Map::new();
    for (snake, camel, value) in [
        ("factor_type", "factorType", "webauthn"),
        ("fulfillment_provider", "fulfillmentProvider", "yubico"),
        ("yubico_product_id", "yubicoProductId", product),
        ("yubico_inventory_product_id", "yubicoInventoryProductId", inventory),
        ("yubico_customization_id", "yubicoCustomizationId", customization),
    ] {
        details.insert((if style.camel_case { camel } else { snake }).into(), value.into());
    }
    let mut target = person_target(person);
    if !style.in_debug_data {
        target["detailEntry"] = Value::Object(details.clone());
    }
    let mut event = org.logs.event(INITIATE, "Initiate pre-registration of a factor", &json!([target]));
    if style.in_debug_data {
        event["debugContext"]["debugData"] = Value::Object(details);
    }
    event
}

/// Writes down that somebody joined or left a group.
pub(crate) fn membership_changed(org: &mut OktaOrg, group: &Group, user_id: &str, joined: bool) {
    let Some(person) = org.people.iter().find(|person| person.id == user_id) else { return };
    let target = json!([
        person_target(person),
        {"id": group.id, "type": "UserGroup", "alternateId": "unknown", "displayName": group.name, "detailEntry": null},
    ]);
    let (kind, message) = if joined {
        ("group.user_membership.add", "Add user to group membership")
    } else {
        ("group.user_membership.remove", "Remove user from group membership")
    };
    let event = org.logs.event(kind, message, &target);
    org.logs.write(event);
}

fn person_target(person: &Person) -> Value {
    json!({
        "id": person.id, "type": "User", "alternateId": person.login(),
        "displayName": format!("{} {}", person.attribute("firstName"), person.attribute("lastName")),
        "detailEntry": null,
    })
}

/// `GET /api/v1/logs`: ascending; without `until` there is always a next page.
pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let invalid = |what: &str| errors::error(400, "E0000053", what);
    let wanted = match call.query("filter") {
        None => None,
        Some(text) => Some(
            Expression::parse(text)
                .filter(|expression| expression.uses_only(&["eventType", "target.id", "uuid"]))
                .ok_or_else(|| invalid("Invalid filter"))?,
        ),
    };
    let since = moment(call, "since")?;
    let until = moment(call, "until")?;
    if !matches!(call.query("sortOrder"), None | Some("ASCENDING")) {
        return Err(invalid("The sandbox knows ascending order only"));
    }
    let limit = match call.query("limit").map(str::parse) {
        None => 100_usize,
        Some(Ok(limit)) if limit <= 1000 => limit,
        Some(_) => return Err(invalid("Invalid limit")),
    };
    let mut position: usize = match call.query("after") {
        None => 0,
        Some(after) => after.parse().map_err(|_| invalid("Invalid after"))?,
    };
    // Of a log that is followed `since` bounds when events were written down, else when they happened.
    let is_late_enough = |entry: &Entry| match until {
        None => since.is_none_or(|since| entry.written >= since),
        Some(until) => {
            published(&entry.event).is_some_and(|at| since.is_none_or(|since| at >= since) && at <= until)
        }
    };
    let mut events = Vec::new();
    while position < org.logs.entries.len() && events.len() < limit {
        let entry = &org.logs.entries[position];
        position += 1;
        if is_late_enough(entry) && wanted.as_ref().is_none_or(|wanted| holds(wanted, &entry.event)) {
            events.push(entry.event.clone());
        }
    }
    let reply = Reply::json(200, &Value::Array(events));
    if until.is_some() && position >= org.logs.entries.len() {
        return Ok(reply);
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in call.query.iter().filter(|(key, _)| key != "after") {
        query.append_pair(key, value);
    }
    query.append_pair("after", &position.to_string());
    let next = format!("<{}/api/v1/logs?{}>; rel=\"next\"", org.base_url, query.finish());
    Ok(reply.header("link", next))
}

fn moment(call: &Call, name: &str) -> Result<Option<Timestamp>, Reply> {
    let parse =
        |text: &str| text.parse().map_err(|_| errors::error(400, "E0000053", &format!("Invalid {name}")));
    call.query(name).filter(|text| !text.is_empty()).map(parse).transpose()
}

fn published(event: &Value) -> Option<Timestamp> {
    event["published"].as_str()?.parse().ok()
}

fn holds(wanted: &Expression, event: &Value) -> bool {
    wanted.holds(Capitals::Matter, &|name| match name {
        "target.id" => {
            let targets = event["target"].as_array();
            targets.into_iter().flatten().filter_map(|target| target["id"].as_str()).collect()
        }
        name => event[name].as_str().into_iter().collect(),
    })
}
