//! Waits until nothing is done any more: no object is on its way, and for a while there were neither writes nor calls but
//! those that are due by the clock.

use std::{collections::HashMap, time::Duration};

use serde_json::Value;
use testbed::{
    objects::{self, text},
    setup::Fault,
};
use tokio::time::{Instant, sleep};

use crate::{activity::Activity, bed::Bed, world::World};

/// So long nothing may be done. A window of the verdict, not a wait for something to come.
const QUIET: Duration = Duration::from_secs(5);

/// Longest wait for rest, while nothing is done. Marks without an answer are settled within twice the connection's
/// `settle`; how fast the machine is counts for nothing.
const PATIENCE: Duration = Duration::from_secs(150);

/// Nothing was done for so long: what is on its way then does not move.
const STILL: Duration = Duration::from_secs(40);

/// Whatever is done without an end is no rest either.
const LONGEST: Duration = Duration::from_mins(10);

/// Between two looks.
const GLANCE: Duration = Duration::from_millis(500);

/// Reasons that pass by themselves, soon: whoever shows one is on its way.
const PASSING: [&str; 22] = [
    "Pending",
    "Validating",
    "Enrolling",
    "Discarding",
    "Ordering",
    "Activating",
    "SendingPin",
    "Deleting",
    "Settling",
    "RateLimited",
    "Syncing",
    "OktaUnavailable",
    "YubicoUnavailable",
    "UnreadableAnswer",
    "StatusWriteFailed",
    "ObjectUnread",
    "PassStopped",
    "ConnectionNotReady",
    "Unreachable",
    "OktaUnauthorized",
    "YubicoUnauthorized",
    "RecipientSourceUnavailable",
];

/// Everything of a world that the API server has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Objects {
    pub shipments: Vec<Value>,
    pub rollouts: Vec<Value>,
    pub decisions: Vec<Value>,
    pub connection: Value,
}

impl Objects {
    /// Those with a status of their own conditions.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.shipments.iter().chain(&self.rollouts).chain(std::iter::once(&self.connection))
    }
}

/// What every world came to rest with, by its tag.
pub(crate) async fn wait(bed: &Bed, worlds: &[World]) -> Result<HashMap<String, Objects>, Fault> {
    let mut activity = Activity::begin(bed, worlds).await?;
    let begun = Instant::now();
    loop {
        sleep(GLANCE).await;
        bed.revive().await?;
        activity.look(bed).await?;
        let objects = list(bed, worlds).await?;
        let waits: Vec<_> = worlds.iter().filter_map(|world| waits(world, &objects, &activity)).collect();
        if waits.is_empty() {
            return Ok(objects);
        }
        let is_still = |tag: &str| activity.last(tag).is_none_or(|(since, _)| since.elapsed() > STILL);
        let hopeless = begun.elapsed() > PATIENCE && waits.iter().all(|(world, _)| is_still(&world.tag));
        if hopeless || begun.elapsed() > LONGEST {
            for (world, why) in waits {
                world.violated("rest", why).await;
            }
            return Ok(objects);
        }
    }
}

fn waits<'a>(
    world: &'a World,
    objects: &HashMap<String, Objects>,
    activity: &Activity,
) -> Option<(&'a World, String)> {
    let objects = objects.get(&world.tag)?;
    let unsettled = objects.all().chain(&objects.decisions).find_map(unsettled);
    if let Some(why) = unsettled {
        return Some((world, format!("comes to no rest: {why}")));
    }
    let (since, what) = activity.last(&world.tag)?;
    (since.elapsed() < QUIET).then(|| (world, format!("does not rest: {what}")))
}

/// Why an object is on its way.
fn unsettled(object: &Value) -> Option<String> {
    let told = |why: String| {
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        Some(format!("{kind} {name}: {why}: {} {}", objects::reason(object), objects::message(object)))
    };
    if objects::reason(object).is_empty() {
        return told("its status says nothing".to_owned());
    }
    let (generation, observed) = generations(object);
    if observed.is_some_and(|observed| observed != generation) {
        return told(format!("generation {generation}, observed {observed:?}"));
    }
    if PASSING.contains(&objects::reason(object)) {
        return told("it is on its way".to_owned());
    }
    if let Some(failure) = object.pointer("/status/failure/reason").and_then(Value::as_str)
        && PASSING.contains(&failure)
    {
        return told(format!("its last failure is {failure}"));
    }
    if objects::reason(object) == "Suspended" {
        // What became of the call is known; what follows it is an effect, and waits.
        return None;
    }
    // A mark whose outcome nobody can know waits for a person.
    let held = object.pointer("/status/hold").is_some();
    let outcomes = ["/status/enrollment/outcome", "/status/order/outcome"];
    let open = !held && outcomes.into_iter().any(|at| text(object, at) == "Open");
    let marked = ["/status/pin/mark", "/status/enrollment/discardMark", "/status/answered/discard/mark"];
    if open || marked.into_iter().any(|at| object.pointer(at).is_some()) {
        return told("a mark is open".to_owned());
    }
    None
}

/// Generation of an object, and of which its status speaks; decisions have none.
pub(crate) fn generations(object: &Value) -> (i64, Option<i64>) {
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default();
    (generation, object.pointer("/status/observedGeneration").and_then(Value::as_i64))
}

async fn list(bed: &Bed, worlds: &[World]) -> Result<HashMap<String, Objects>, Fault> {
    let mut found: HashMap<String, Objects> =
        worlds.iter().map(|world| (world.tag.clone(), Objects::default())).collect();
    let of = |object: &Value| text(object, "/metadata/namespace").to_owned();
    for object in bed.cluster.shipments().await? {
        found.entry(of(&object)).or_default().shipments.push(object);
    }
    for object in bed.cluster.rollouts().await? {
        found.entry(of(&object)).or_default().rollouts.push(object);
    }
    for object in bed.cluster.decisions().await? {
        found.entry(of(&object)).or_default().decisions.push(object);
    }
    for object in bed.cluster.connections().await? {
        let name = text(&object, "/metadata/name").to_owned();
        found.entry(name).or_default().connection = object;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shipment(reason: &str, generation: i64) -> Value {
        json!({
            "kind": "YubiKeyShipment", "metadata": {"name": "kim", "generation": generation},
            "status": {"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True", "reason": reason}]},
        })
    }

    #[test]
    fn what_waits_for_somebody_else_rests() {
        assert_eq!(unsettled(&shipment("AwaitingShipment", 2)), None);
        assert_eq!(unsettled(&shipment("ForbiddenByConnection", 2)), None);
    }

    #[test]
    fn what_is_on_its_way_or_speaks_of_an_older_spec_does_not() {
        assert!(unsettled(&shipment("Ordering", 2)).is_some());
        assert!(unsettled(&shipment("AwaitingShipment", 3)).is_some());
        assert!(unsettled(&json!({"metadata": {"generation": 1}})).is_some());
        let mut marked = shipment("AwaitingShipment", 2);
        marked["status"]["order"] = json!({"outcome": "Open"});
        assert!(unsettled(&marked).is_some());
        marked["status"]["hold"] = json!({"id": "order-1-abcdef"});
        assert_eq!(unsettled(&marked), None, "a person is asked what became of it");
        let mut suspended = shipment("Suspended", 2);
        suspended["status"]["enrollment"] = json!({"outcome": "Open"});
        assert_eq!(unsettled(&suspended), None, "what follows is an effect, and suspended");
    }
}
