//! The System Log in disorder: events that come twice, late, in another order, or that nobody can read.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::request::{body, done, org_index, refused};
use crate::http::{Answer, Call};
use crate::okta::logs::{Style, preregistration_requested};
use crate::okta::time::okta_time;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConsoleOrder {
    product_id: String,
    inventory_product_id: String,
    customization_id: String,
    /// Detail names in camel case, as Okta Workflows shows them.
    #[serde(default)]
    camel_case: bool,
    /// The details stand in `debugContext.debugData`.
    #[serde(default)]
    in_debug_data: bool,
    /// When it is said to have happened; none: now.
    published: Option<Timestamp>,
    /// Kept back until `/events/release`.
    #[serde(default)]
    hold: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    event: Value,
    #[serde(default)]
    hold: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Repetition {
    #[serde(default = "once")]
    times: usize,
    #[serde(default)]
    hold: bool,
}

fn once() -> usize {
    1
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(default)]
    order: Order,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Kept,
    Reversed,
    Shuffled,
}

/// `POST /people/{id or login}/console-order`: the Admin Console's "Add" button; the event shows in the System Log.
pub(crate) fn console_order(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let order: ConsoleOrder = body(call)?;
    let org = world.org(index);
    let person = org.person(call.param("id")).cloned();
    let person = person.ok_or_else(|| refused(404, "there is no such person"))?;
    let ids = [&order.product_id, &order.inventory_product_id, &order.customization_id];
    let style = Style { camel_case: order.camel_case, in_debug_data: order.in_debug_data };
    let mut event = preregistration_requested(org, &person, ids.map(String::as_str), style);
    if let Some(published) = order.published {
        event["published"] = json!(okta_time(published));
    }
    keep(world, index, &event, order.hold);
    done(&event)
}

fn keep(world: &mut World, index: usize, event: &Value, hold: bool) {
    let log = &mut world.org(index).logs;
    if hold {
        log.held.push(event.clone());
    } else {
        log.write(event.clone());
    }
}

/// `GET /events`: the log as it is written down, and what is kept back.
pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let log = &world.org(index).logs;
    let events: Vec<&Value> = log.entries.iter().map(|entry| &entry.event).collect();
    done(&json!({"events": events, "held": log.held}))
}

/// `POST /events`: `{event, hold?}`, anything at all.
pub(crate) fn write(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let raw: RawEvent = body(call)?;
    keep(world, index, &raw.event, raw.hold);
    done(&raw.event)
}

/// `POST /events/{uuid}/repeat`: `{times?: 1, hold?}`, the same event with the same id once more.
pub(crate) fn repeat(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let repetition: Repetition = body(call)?;
    let event = world.org(index).logs.find(call.param("id")).cloned();
    let event = event.ok_or_else(|| refused(404, "there is no such event"))?;
    for _ in 0..repetition.times {
        keep(world, index, &event, repetition.hold);
    }
    done(&event)
}

/// `POST /events/release`: `{order?: kept|reversed|shuffled}`; what was kept back is written down now.
pub(crate) fn release(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let request: Release = body(call)?;
    let mut held = std::mem::take(&mut world.org(index).logs.held);
    match request.order {
        Order::Kept => {}
        Order::Reversed => held.reverse(),
        Order::Shuffled => world.dice.shuffle(&mut held),
    }
    for event in &held {
        world.org(index).logs.write(event.clone());
    }
    done(&json!({"released": held.len()}))
}
