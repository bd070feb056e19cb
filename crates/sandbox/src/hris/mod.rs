//! An HRIS that holds what Okta's profiles do not: one request a person, behind a certificate authority of its own.

pub(crate) mod records;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{Answer, Call, Reply, Route};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Question {
    user_id: String,
    login: Option<String>,
}

/// The one operation.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![Route {
        method: Method::POST,
        pattern: "/v2/yubikey-recipient",
        operation: "GetRecipient",
        scopes: &[],
        handler: recipient,
    }]
}

pub(crate) fn error(status: u16, what: &str) -> Reply {
    Reply::json(status, &json!({"error": what}))
}

fn recipient(world: &mut World, call: &Call) -> Answer {
    let expected = format!("Bearer {}", world.hris.token);
    if call.header("authorization") != Some(expected.as_str()) {
        return Err(error(401, "the token is wrong"));
    }
    let question: Question =
        serde_json::from_slice(&call.body).map_err(|_| error(400, "the question cannot be read"))?;
    if !call.query.is_empty() {
        return Err(error(400, "nothing about a person belongs into a URL"));
    }
    let known = world.orgs.iter().find_map(|org| org.person(&question.user_id));
    // Both name the same person, or the caller has mixed two up.
    let same =
        known.is_some_and(|person| question.login.as_deref().is_none_or(|login| login == person.login()));
    if !same {
        return Err(error(404, "there is no such person"));
    }
    match world.hris.records.get(&question.user_id) {
        Some(Value::Null) => Err(error(404, "there is no such person").user(&question.user_id)),
        Some(record) => Ok(Reply::json(200, record).user(&question.user_id)),
        None => Ok(Reply::json(200, &json!({})).user(&question.user_id)),
    }
}
