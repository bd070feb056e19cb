//! The final state depends on the final spec and the vendors' books, not on the way there: a fresh shipment of the same
//! spec, for a fresh person of whom the vendors know the same, comes to the same.
//!
//! Comparable is a shipment that is its person's only one, that nobody answered for, whose hold is not one of those that
//! only an answer or a changed spec ends, and with which nobody interfered at the vendors. What was ordered is followed
//! whatever was forbidden later, so it is compared only with one that is ordered too; what was enrolled stays so, and what
//! was activated.

use std::collections::{BTreeMap, HashMap, HashSet};

use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use testbed::{
    cluster::{manifest, object},
    objects::text,
    setup::Fault,
};

use super::fixpoint::Face;
use crate::{
    bed::Bed,
    play::{look, set_connection},
    rest::{self, Objects},
    world::{Person, World},
};

/// Reasons that only an answer or a changed spec ends, or that depend on who else is there.
const HISTORY: [&str; 14] = [
    "ExistingKey",
    "AnotherOrderForUser",
    "OrderRefused",
    "OrderOutcomeUnknown",
    "EnrollOutcomeUnknown",
    "EnrollRefused",
    "StatusBehindVendors",
    "OrderNotFound",
    "OrderCancelled",
    "ClaimedTwice",
    "ConnectionChanged",
    "PinLimitReached",
    "TooManyOpenOrders",
    "ActivationRefused",
];

/// What a key that is activated already does not wait for any more.
const PASSED_BY: [&str; 3] = ["AwaitingApproval", "AwaitingDelivery", "DeliveryTimedOut"];

/// A shipment and the fresh one that it is compared with.
struct Pair {
    name: String,
    spec: Value,
    old: Face,
    /// The state of its order in the vendor's books.
    parcel: Option<i64>,
    /// It has an enrolment: that stays, whatever was forbidden later.
    enrolled: bool,
}

/// Judges all worlds; the answer is how many shipments were compared.
pub(crate) async fn judge(
    bed: &Bed,
    worlds: &[World],
    rested: &HashMap<String, Objects>,
) -> Result<usize, Fault> {
    let state = bed.vendors.get("/state").await?;
    let calls = bed.calls(0).await?;
    let mut twins = Vec::new();
    for world in worlds {
        let Some(objects) = rested.get(&world.tag) else { continue };
        let pairs = pairs(world, objects, &state, &calls).await;
        if !pairs.is_empty() {
            let twin = twin(bed, world, objects, &state, &calls).await?;
            declare(bed, world, &twin, &pairs).await?;
            twins.push((world, twin, pairs));
        }
    }
    let (mut fresh, mut all) = (Vec::new(), Vec::new());
    for (world, twin, pairs) in twins {
        fresh.push(twin);
        all.push((world, pairs));
    }
    let first = rest::wait(bed, &fresh).await?;
    let mut moved = HashSet::new();
    for (twin, (_, pairs)) in fresh.iter().zip(&all) {
        moved.extend(move_parcels(bed, twin, &first, pairs).await?);
    }
    let last = rest::wait(bed, &fresh).await?;
    let mut compared = 0;
    for (twin, (world, pairs)) in fresh.iter().zip(&all) {
        for pair in pairs {
            compared += usize::from(compare(world, twin, &last, pair, &moved).await);
        }
        retire(bed, twin).await?;
    }
    Ok(compared)
}

async fn pairs(world: &World, objects: &Objects, state: &Value, calls: &[Value]) -> Vec<Pair> {
    let allowed = world.notes.lock().await.allowed.clone();
    let mut pairs = Vec::new();
    for person in &world.people {
        let theirs: Vec<_> = objects
            .shipments
            .iter()
            .filter(|object| world.person_of(&object["spec"]).is_some_and(|owner| owner.id == person.id))
            .collect();
        if let [only] = theirs[..]
            && !allowed.contains_key(&person.id)
            && let Some(pair) = comparable(only, person, state, calls)
        {
            pairs.push(pair);
        }
    }
    pairs
}

fn comparable(object: &Value, person: &Person, state: &Value, calls: &[Value]) -> Option<Pair> {
    let old = Face::of(object);
    let answered =
        object.pointer("/status/decisions").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    let leaves = object.pointer("/metadata/deletionTimestamp").is_some();
    let history = HISTORY.contains(&&*old.reason) || HISTORY.contains(&&*old.hold);
    if answered || leaves || history {
        return None;
    }
    let order = text(object, "/status/order/shipmentId");
    // Whose an order is the vendor sees by the recipient's name, and the spec may give another one.
    let mine = |call: &&Value| {
        let theirs = call["userId"] == *person.id || (!order.is_empty() && call["shipmentId"] == order);
        theirs && call["committed"] == true
    };
    let ordered: Vec<_> =
        calls.iter().filter(|call| call["operation"] == "CreateFPRShipment").filter(mine).collect();
    let parcel = match ordered[..] {
        [] => None,
        [only] if text(only, "/shipmentId") == order => {
            let books = state["shipments"].as_array()?.iter().find(|known| known["id"] == order)?;
            Some(books["state"]["id"].as_i64()?)
        }
        // An order of a shipment that is gone.
        _ => return None,
    };
    let mut enrolled =
        state["enrollments"].as_array().into_iter().flatten().filter(|known| known["userId"] == *person.id);
    let enrollment = text(object, "/status/enrollment/id");
    // Left behind by a shipment that is gone.
    if enrolled.any(|known| known["id"] != enrollment && is_ours(known, calls)) {
        return None;
    }
    Some(Pair {
        name: text(object, "/metadata/name").to_owned(),
        spec: object["spec"].clone(),
        old,
        parcel,
        enrolled: !enrollment.is_empty(),
    })
}

/// Did the operator make this enrolment?
fn is_ours(enrollment: &Value, calls: &[Value]) -> bool {
    let mut made = calls.iter().filter(|call| call["operation"] == "enrollPreregistrationEnrollment");
    made.any(|call| call["enrollmentId"] == enrollment["id"])
}

/// A world in which the vendors know the same.
async fn twin(
    bed: &Bed,
    world: &World,
    objects: &Objects,
    state: &Value,
    calls: &[Value],
) -> Result<World, Fault> {
    let twin = World::build(bed, &format!("{}-twin", world.tag)).await?;
    let at = format!("?org={}", twin.org.okta());
    for (old, new) in world.people.iter().zip(&twin.people) {
        let Some(known) =
            state["people"].as_array().into_iter().flatten().find(|known| known["id"] == *old.id)
        else {
            continue;
        };
        let mut profile: BTreeMap<String, Value> = BTreeMap::new();
        for name in testbed::people::profile(0, "").as_object().into_iter().flatten().map(|(name, _)| name) {
            profile.insert(name.clone(), Value::Null);
        }
        for (name, value) in known["profile"].as_object().into_iter().flatten() {
            profile.insert(name.clone(), renamed(world, &twin, value)?);
        }
        let change = json!({"profile": profile, "status": known["status"]});
        bed.vendors.post(&format!("/people/{}{at}", new.id), change).await?;
        let others = state["enrollments"].as_array().into_iter().flatten();
        for known in others.filter(|known| known["userId"] == *old.id && !is_ours(known, calls)) {
            let copy = json!({"ageMinutes": 600, "status": known["status"]});
            bed.vendors.post(&format!("/people/{}/enrollments{at}", new.id), copy).await?;
        }
    }
    copy_group(bed, world, &twin, state).await?;
    copy_connection(bed, world, &twin, objects).await?;
    Ok(twin)
}

async fn copy_group(bed: &Bed, world: &World, twin: &World, state: &Value) -> Result<(), Fault> {
    let mut groups =
        state["orgs"].as_array().into_iter().flatten().filter_map(|org| org["groups"].as_array()).flatten();
    let Some(group) = groups.find(|group| group["name"] == *world.tag) else { return Ok(()) };
    let members = group["members"].as_array().cloned().unwrap_or_default();
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for (old, new) in world.people.iter().zip(&twin.people) {
        let list = if members.iter().any(|member| *member == *old.id) { &mut add } else { &mut remove };
        list.push(new.id.clone());
    }
    let path = format!("/groups/{}?org={}", twin.tag, twin.org.okta());
    bed.vendors.post(&path, json!({"add": add, "remove": remove})).await.map(drop)
}

/// The connection's final spec, with the twin's own organizations.
async fn copy_connection(bed: &Bed, world: &World, twin: &World, objects: &Objects) -> Result<(), Fault> {
    let mut spec = renamed(world, twin, &objects.connection["spec"])?;
    for (part, names) in
        [("okta", ["orgUrl", "auth", "rpId"]), ("yubico", ["apiUrl", "transportKeysUrl", "signingKeysUrl"])]
    {
        for name in names {
            if twin.base[part][name] != Value::Null {
                spec[part][name] = twin.base[part][name].clone();
            }
        }
    }
    set_connection(bed, twin, &spec).await.map(drop)
}

/// A value in which this world's names are the twin's.
fn renamed(world: &World, twin: &World, value: &Value) -> Result<Value, Fault> {
    let mut text = value.to_string().replace(&world.tag, &twin.tag);
    for (old, new) in world.people.iter().zip(&twin.people) {
        text = text.replace(&old.id, &new.id);
    }
    Ok(serde_json::from_str(&text)?)
}

async fn declare(bed: &Bed, world: &World, twin: &World, pairs: &[Pair]) -> Result<(), Fault> {
    let api = bed.cluster.api("YubiKeyShipment", Some(&twin.tag));
    for pair in pairs {
        let spec = renamed(world, twin, &pair.spec)?;
        let made = manifest("YubiKeyShipment", &pair.name, &spec);
        api.create(&PostParams::default(), &object(made)?).await?;
    }
    Ok(())
}

/// Puts the parcels into the state that the books have; the answer is whose order was there to be moved.
async fn move_parcels(
    bed: &Bed,
    twin: &World,
    rested: &HashMap<String, Objects>,
    pairs: &[Pair],
) -> Result<HashSet<String>, Fault> {
    let mut moved = HashSet::new();
    let Some(objects) = rested.get(&twin.tag) else { return Ok(moved) };
    for pair in pairs {
        let fresh = objects.shipments.iter().find(|object| text(object, "/metadata/name") == pair.name);
        let order = fresh.map(|object| text(object, "/status/order/shipmentId")).unwrap_or_default();
        if let (Some(state), false) = (pair.parcel, order.is_empty()) {
            bed.vendors.post(&format!("/shipments/{order}/state"), json!({"id": state})).await?;
            moved.insert(order.to_owned());
            look(bed, "YubiKeyShipment", Some(&twin.tag), &pair.name).await?;
        }
    }
    Ok(moved)
}

/// False: they cannot be compared.
async fn compare(
    world: &World,
    twin: &World,
    rested: &HashMap<String, Objects>,
    pair: &Pair,
    moved: &HashSet<String>,
) -> bool {
    let objects = rested.get(&twin.tag).map(|objects| &objects.shipments[..]).unwrap_or_default();
    let Some(fresh) = objects.iter().find(|object| text(object, "/metadata/name") == pair.name) else {
        return false;
    };
    let (old, new) = (&pair.old, Face::of(fresh));
    if !is_comparable(pair, fresh, &new, moved) {
        return false;
    }
    if *old != new {
        let what =
            format!("{} came to {old:?}, a fresh one of the same spec to {new:?} ({})", pair.name, twin.tag);
        world.violated("differential", what).await;
    }
    true
}

fn is_comparable(pair: &Pair, fresh: &Value, new: &Face, moved: &HashSet<String>) -> bool {
    // It may not order any more, or waited for a place among the open orders until the parcels had moved.
    let followed = pair.parcel.is_none() || moved.contains(text(fresh, "/status/order/shipmentId"));
    let enrolled = !pair.enrolled || !text(fresh, "/status/enrollment/id").is_empty();
    let passed_by =
        pair.old.phase == "Activated" && new.phase != "Activated" && PASSED_BY.contains(&&*new.reason);
    // Nobody looks at whom it is for before it has a place, and the old one may have had one.
    followed && enrolled && !passed_by && !new.waits_for_a_place()
}

/// Nothing is polled for it any more.
pub(crate) async fn retire(bed: &Bed, world: &World) -> Result<(), Fault> {
    let patch = json!({"spec": {"polling": {"firstAfter": "24h", "interval": "24h"}}});
    let api = bed.cluster.api("YubiKeyConnection", None);
    api.patch(&world.tag, &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(phase: &str, reason: &str) -> Face {
        Face::of(&json!({"status": {"phase": phase, "conditions": [
            {"type": "Ready", "status": "False", "reason": reason},
        ]}}))
    }

    #[test]
    fn a_fresh_shipment_that_waits_for_a_place_says_nothing_of_an_old_one_that_had_one() {
        let pair = Pair {
            name: "kim".to_owned(),
            spec: json!({}),
            old: face("Held", "InvalidRecipient"),
            parcel: None,
            enrolled: false,
        };
        let comparable = |new: &Face| is_comparable(&pair, &json!({"status": {}}), new, &HashSet::default());
        assert!(comparable(&face("Held", "UserNotFound")));
        assert!(!comparable(&face("Pending", "TooManyOpenOrders")));
    }
}
