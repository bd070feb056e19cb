//! What the HRIS holds.

use serde_json::{Map, Value, json};

use crate::control::request::{body, done, org_index, refused};
use crate::http::{Answer, Call};
use crate::okta::people::note_secrets;
use crate::world::World;

/// `POST /hris/{id or login}`: the record, anything at all; null: the HRIS does not know the person.
pub(crate) fn set(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let record: Value = body(call)?;
    let person = world.org(index).person(call.param("id"));
    let id = person.ok_or_else(|| refused(404, "there is no such person"))?.id.clone();
    if let Some(fields) = record.as_object() {
        let profile_names =
            [("addressLine1", "streetAddress"), ("addressLine2", "customUnit"), ("phone", "primaryPhone")];
        let secret = |(field, name): &(&str, &str)| Some(((*name).to_string(), fields.get(*field)?.clone()));
        note_secrets(&mut world.secrets, &profile_names.iter().filter_map(secret).collect::<Map<_, _>>());
    }
    world.hris.records.insert(id.clone(), record.clone());
    done(&json!({"id": id, "record": record}))
}

/// `GET /hris`: every record by Okta user id.
pub(crate) fn list(world: &mut World, _: &Call) -> Answer {
    done(&Value::Object(world.hris.records.clone()))
}
