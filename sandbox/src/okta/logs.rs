//! The System Log, as far as pre-registration shows in it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;
use crate::http::{Answer, Call, Reply};
use crate::okta::errors;
use crate::okta::preregistration::okta_time;
use crate::world::{OktaOrg, Person, World};

/// The event of the console's "Add" button and of initiate-fulfillment-request.
pub(crate) const INITIATE: &str = "system.mfa.preregister.initiate";

/// Adds that event: product, inventory product and customization are strings here.
pub(crate) fn preregistration_requested(org: &mut OktaOrg, person: &Person, ids: [&str; 3]) -> Value {
    let [product, inventory, customization] = ids;
    let details = json!({
        "factor_type": "webauthn", "fulfillment_provider": "yubico", "yubico_product_id": product,
        "yubico_inventory_product_id": inventory, "yubico_customization_id": customization,
    });
    let event = json!({
        "uuid": format!("sbx-{:08}", org.logs.len() + 1), "published": okta_time(clock::now()), "eventType": INITIATE,
        "version": "0", "severity": "INFO", "displayMessage": "Initiate pre-registration of a factor",
        "actor": {"id": "00uSandboxAdmin00001", "type": "User", "alternateId": "admin@example.com", "displayName": "Admin"},
        "outcome": {"result": "SUCCESS", "reason": null},
        "target": [{
            "id": person.id, "type": "User", "alternateId": person.login(),
            "displayName": format!("{} {}", person.attribute("firstName"), person.attribute("lastName")),
            "detailEntry": details,
        }],
        "debugContext": {"debugData": {}}, "transaction": {"type": "WEB", "id": "sandbox", "detail": {}},
    });
    org.logs.push(event.clone());
    event
}

/// `GET /api/v1/logs`: ascending; without `until` there is always a next page.
pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    let org = world.org(call.org);
    let wanted = match call.query("filter") {
        None => None,
        Some(filter) => Some(
            filter
                .strip_prefix("eventType eq \"")
                .and_then(|rest| rest.strip_suffix('"'))
                .ok_or_else(|| errors::error(400, "E0000053", "Invalid filter"))?,
        ),
    };
    let since = call.query("since").unwrap_or_default();
    if !since.is_empty() && since.parse::<Timestamp>().is_err() {
        return Err(errors::error(400, "E0000053", "Invalid since"));
    }
    let since = since.parse::<Timestamp>().ok();
    let limit = call.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100_usize).clamp(1, 1000);
    let after: usize = call.query("after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let mut position = after;
    let mut events = Vec::new();
    while position < org.logs.len() && events.len() < limit {
        let event = &org.logs[position];
        position += 1;
        let published = event["published"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        if wanted.is_none_or(|wanted| event["eventType"] == wanted)
            && since.is_none_or(|since| published >= Some(since))
        {
            events.push(event.clone());
        }
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in call.query.iter().filter(|(key, _)| key != "after") {
        query.append_pair(key, value);
    }
    query.append_pair("after", &position.to_string());
    let next = format!("<{}/api/v1/logs?{}>; rel=\"next\"", org.base_url, query.finish());
    Ok(Reply::json(200, &Value::Array(events)).header("link", next))
}
