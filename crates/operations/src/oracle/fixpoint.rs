//! Rest is rest: another look, or another life of the operator, finds nothing new.

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

fn faces(objects: &Objects) -> BTreeMap<String, Face> {
    let named = objects.all().map(|object| {
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        (format!("{kind} {name}"), Face::of(object))
    });
    named.collect()
}

/// Judges a world by what it came to rest with before and after everybody was looked at once more.
pub(crate) async fn judge(world: &World, before: &Objects, after: &Objects) {
    let (before, after) = (faces(before), faces(after));
    for (name, old) in &before {
        match after.get(name) {
            Some(new) if new == old => {}
            Some(new) => {
                world
                    .violated("fixpoint", format!("{name}: {old:?} became {new:?} by another look alone"))
                    .await;
            }
            None => world.violated("fixpoint", format!("{name}: {old:?} went by another look alone")).await,
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        world.violated("fixpoint", format!("{name} came by another look alone")).await;
    }
}
