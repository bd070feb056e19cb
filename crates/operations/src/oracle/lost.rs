//! Never lost: an order that stands and has not come to an end is some shipment's to follow, unless an answer, a hand at
//! the vendors or the policy Orphan let it go.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use testbed::{objects::text, setup::Fault};

use super::twice::standing;
use crate::{
    bed::Bed,
    rest::Objects,
    witness::Orders,
    world::{Allowed, World},
};

/// States after which nothing more is done about an order: delivered, and those that end it.
const ENDED: [i64; 6] = [104, 99, 105, 107, 108, 110];

/// Judges the books of the vendors for all worlds at rest, by the orders that stood in a status.
pub(crate) async fn judge(
    bed: &Bed,
    worlds: &[World],
    rested: &HashMap<String, Objects>,
    stood: &Orders,
) -> Result<(), Fault> {
    let state = bed.vendors.get("/state").await?;
    let calls = bed.calls(0).await?;
    let orders = standing(&calls, &state);
    let open = open(&state);
    let events = bed.cluster.events().await?;
    for world in worlds {
        let Some(objects) = rested.get(&world.tag) else { continue };
        let (allowed, let_go) = {
            let notes = world.notes.lock().await;
            (notes.allowed.clone(), notes.let_go.clone())
        };
        for person in &world.people {
            if allowed.get(&person.id).is_some_and(Allowed::lets_go) || let_go.covers(&person.id) {
                continue;
            }
            for order in orders.get(&*person.id).into_iter().flatten() {
                let is_known = is_followed(order, &person.id, objects) || may_be_left(order, stood, &events);
                if open.contains(order) && !is_known {
                    world.violated("lost", format!("order {order} stands and no shipment follows it")).await;
                }
            }
        }
    }
    Ok(())
}

/// Orders in a state that something must still follow.
fn open(state: &Value) -> HashSet<&str> {
    let all = state["shipments"].as_array().into_iter().flatten();
    let goes_on = |order: &&Value| order["state"]["id"].as_i64().is_none_or(|id| !ENDED.contains(&id));
    all.filter(goes_on).map(|order| text(order, "/id")).collect()
}

/// What was taken over without a person's answer a deletion leaves alone. If the answer to an order was lost, the deletion
/// itself may find it, and tells so by an Event, for no status names it.
fn may_be_left(order: &str, stood: &Orders, events: &[Value]) -> bool {
    let told = |event: &Value| event["reason"] == "ShipmentReleased" && text(event, "/note").contains(order);
    stood.taken_over.contains(order) || !stood.placed.contains(order) && events.iter().any(told)
}

/// By its id, or by a question about an order whose answer is lost.
fn is_followed(order: &str, user: &str, objects: &Objects) -> bool {
    objects.shipments.iter().any(|shipment| {
        let known = text(shipment, "/status/order/shipmentId");
        let asks = known.is_empty() && shipment.pointer("/status/order/mark").is_some();
        known == order || asks && text(shipment, "/status/userId") == user
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_followed_by_whoever_has_its_id_or_asks_for_it() {
        let with = |order: Value| {
            let shipment = json!({"status": {"userId": "kim", "order": order}});
            Objects { shipments: vec![shipment], ..Objects::default() }
        };
        assert!(is_followed("a", "kim", &with(json!({"shipmentId": "a"}))));
        assert!(is_followed("a", "kim", &with(json!({"mark": "2027-01-01T00:00:00Z"}))));
        assert!(!is_followed("a", "kim", &with(json!({"shipmentId": "b"}))));
        assert!(!is_followed("a", "lee", &with(json!({"mark": "2027-01-01T00:00:00Z"}))));
        assert!(!is_followed("a", "kim", &Objects::default()));
    }

    #[test]
    fn only_what_no_status_called_our_own_may_be_left_alone() {
        let set = |order: &str| BTreeSet::from([order.to_owned()]);
        let stood = Orders { taken_over: set("a"), placed: set("b") };
        let told = |order: &str| {
            vec![json!({"reason": "ShipmentReleased", "note": format!("let go: order {order},")})]
        };
        assert!(may_be_left("a", &stood, &[]));
        assert!(!may_be_left("b", &stood, &told("b")), "it was placed, and is followed to its end");
        assert!(may_be_left("c", &stood, &told("c")));
        assert!(!may_be_left("c", &stood, &[]) && !may_be_left("c", &stood, &told("b")));
    }

    #[test]
    fn what_has_ended_needs_nobody() {
        let order = |id: &str, state: i64| json!({"id": id, "state": {"id": state}});
        let state = json!({"shipments": [order("a", 3), order("b", 104), order("c", 7), order("d", 99)]});
        let open = open(&state);
        assert!(open.contains("a") && open.contains("c") && open.len() == 2);
    }
}
