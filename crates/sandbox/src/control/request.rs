//! What the commands share: how their body and the org they are about are read, and how they answer or refuse.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::http::{Answer, Call, Reply};
use crate::world::World;

pub(crate) fn refused(status: u16, why: &str) -> Reply {
    Reply::json(status, &json!({"error": why}))
}

pub(crate) fn done(value: &Value) -> Answer {
    Ok(Reply::json(200, value))
}

/// The JSON body; an empty one counts as `{}`.
pub(crate) fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    let bytes: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(bytes).map_err(|error| refused(400, &error.to_string()))
}

/// The Okta org a command is about: `?org=ID`, else the first.
pub(crate) fn org_index(world: &World, call: &Call) -> Result<usize, Reply> {
    world.org_index(call.query("org")).ok_or_else(|| refused(404, "there is no such Okta org"))
}
