//! Nothing that the API server refused is half done.

use serde_json::Value;
use testbed::{objects::text, setup::Fault};

use crate::{bed::Bed, known::UNHEARD_OF, outcome::Outcome, world::World};

/// What the schema forbids is refused.
pub(crate) async fn judge(world: &World, what: &str, must_be_refused: bool, outcome: &Outcome) {
    if must_be_refused && matches!(outcome, Outcome::Done) {
        world.violated("refused", format!("{what}: the API server takes what its schema forbids")).await;
    }
    if let Outcome::Refused(why) = outcome
        && why.is_empty()
    {
        world.violated("refused", format!("{what}: refused without a word")).await;
    }
}

/// A change that was refused changed nothing.
pub(crate) async fn untouched(world: &World, name: &str, before: &Value, after: &Value) {
    let spec_is = before["spec"] == after["spec"];
    let deleted = before["metadata"]["deletionTimestamp"] != after["metadata"]["deletionTimestamp"];
    if !spec_is || !deleted && before["metadata"]["generation"] != after["metadata"]["generation"] {
        world.violated("refused", format!("{name}: a change that was refused changed the object")).await;
    }
}

/// Of a person who stands in refused objects only nobody has heard.
pub(crate) async fn unheard_of(bed: &Bed, world: &World) -> Result<(), Fault> {
    let Some(person) = world.people.get(UNHEARD_OF) else { return Ok(()) };
    for call in bed.calls(0).await? {
        if call["userId"] == *person.id {
            let operation = text(&call, "/operation").to_owned();
            world
                .violated("refused", format!("{operation} was called for whom only refused objects name"))
                .await;
        }
    }
    Ok(())
}
