//! Rest is rest: another look, or another life of the operator, finds nothing new. Of two shipments for one person one
//! shows at the next look what the other came to in this one, for a few looks at most.

use std::collections::BTreeMap;

use serde_json::Value;
use testbed::objects::{self, text};

use crate::{rest::Objects, world::World};

/// What a person sees of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Face {
    pub phase: String,
    pub reason: String,
    pub ready: bool,
    pub stalled: bool,
    pub hold: String,
}

impl Face {
    pub(crate) fn of(object: &Value) -> Self {
        Self {
            phase: text(object, "/status/phase").to_owned(),
            reason: objects::reason(object).to_owned(),
            ready: objects::is(object, "Ready"),
            stalled: objects::is(object, "Stalled"),
            hold: text(object, "/status/hold/reason").to_owned(),
        }
    }
}

impl Face {
    /// The places among a namespace's open orders go round: who has one at a look is nobody's own doing.
    pub(super) fn waits_for_a_place(&self) -> bool {
        self.reason == "TooManyOpenOrders"
    }
}

fn faces(objects: &Objects) -> BTreeMap<String, Face> {
    let named = objects.all().map(|object| {
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        (format!("{kind} {name}"), Face::of(object))
    });
    named.collect()
}

/// What another look alone changed: which object, and what a person sees of it.
pub(crate) fn changes(before: &Objects, after: &Objects) -> Vec<(String, String)> {
    let (before, after) = (faces(before), faces(after));
    let mut found = Vec::new();
    for (name, old) in &before {
        let what = match after.get(name) {
            Some(new) if new == old || old.waits_for_a_place() || new.waits_for_a_place() => continue,
            Some(new) => format!("{name}: {old:?} became {new:?} by another look alone"),
            None => format!("{name}: {old:?} went by another look alone"),
        };
        found.push((name.clone(), what));
    }
    let came = after.keys().filter(|name| !before.contains_key(*name));
    found.extend(came.map(|name| (name.clone(), format!("{name} came by another look alone"))));
    found
}

/// Does another shipment of the world speak of the same person? Then one of the two follows what the other came to in
/// the same look, and shows it at the next one.
pub(crate) fn follows_another(world: &World, objects: &Objects, name: &str) -> bool {
    let person = |object: &Value| world.person_of(&object["spec"]).map(|person| person.id.clone());
    let named =
        |object: &&Value| format!("{} {}", text(object, "/kind"), text(object, "/metadata/name")) == name;
    let Some(owner) = objects.shipments.iter().find(named).and_then(person) else { return false };
    objects.shipments.iter().filter(|object| person(object).as_ref() == Some(&owner)).count() > 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at_rest(reason: &str) -> Objects {
        let shipment = json!({"kind": "YubiKeyShipment", "metadata": {"name": "kim"}, "status": {
            "phase": "Held", "conditions": [{"type": "Ready", "status": "False", "reason": reason}]}});
        Objects { shipments: vec![shipment], ..Objects::default() }
    }

    #[test]
    fn who_has_a_place_among_the_open_orders_may_be_another_one_at_each_look() {
        assert_eq!(changes(&at_rest("TooManyOpenOrders"), &at_rest("UserNotEligible")), []);
        assert_eq!(changes(&at_rest("UserNotEligible"), &at_rest("TooManyOpenOrders")), []);
    }

    #[test]
    fn what_stays_the_same_is_no_change_and_what_comes_goes_or_turns_is() {
        assert_eq!(changes(&at_rest("Suspended"), &at_rest("Suspended")), []);
        for (before, after) in [
            (at_rest("Suspended"), at_rest("ExistingKey")),
            (at_rest("Suspended"), Objects::default()),
            (Objects::default(), at_rest("Suspended")),
        ] {
            assert!(changes(&before, &after).iter().any(|(name, _)| name == "YubiKeyShipment kim"));
        }
    }
}
