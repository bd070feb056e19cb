//! Never twice: one accepted order a person, unless an answer, a spec or a hand at the vendors allowed another one.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use testbed::{objects::text, setup::Fault};

use crate::{
    bed::Bed,
    world::{Allowed, World},
};

/// Judges the books of the vendors for all worlds.
pub(crate) async fn judge(bed: &Bed, worlds: &[World]) -> Result<(), Fault> {
    let state = bed.vendors.get("/state").await?;
    let calls = bed.calls(0).await?;
    let orders = standing(&calls, &state);
    for world in worlds {
        let allowed = world.notes.lock().await.allowed.clone();
        for person in &world.people {
            let count = orders.get(&*person.id).map_or(0, Vec::len);
            let most = allowed.get(&person.id).map_or(1, Allowed::orders);
            if count > most {
                let what = format!("{} has {count} orders, and no more than {most} were allowed", person.id);
                world.violated("twice", what).await;
            }
        }
    }
    Ok(())
}

/// Orders by person that were accepted and not deleted since.
pub(super) fn standing<'a>(calls: &'a [Value], state: &'a Value) -> BTreeMap<&'a str, Vec<&'a str>> {
    let all = state["shipments"].as_array().into_iter().flatten();
    let gone: HashSet<_> =
        all.filter(|order| order["deleted"] == true).map(|order| text(order, "/id")).collect();
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for call in
        calls.iter().filter(|call| call["operation"] == "CreateFPRShipment" && call["committed"] == true)
    {
        let order = text(call, "/shipmentId");
        if !gone.contains(order) {
            found.entry(text(call, "/userId")).or_default().push(order);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn orders_count_while_they_stand() {
        let order = |id: &str, committed: bool| {
            json!({
                "operation": "CreateFPRShipment", "committed": committed, "userId": "kim", "shipmentId": id,
            })
        };
        let calls = [order("a", true), order("b", true), order("c", false), order("d", true)];
        let state = json!({"shipments": [{"id": "a", "deleted": true}, {"id": "b", "deleted": false}]});
        assert_eq!(standing(&calls, &state)["kim"], ["b", "d"]);
    }
}
