//! Okta's error bodies.

use serde_json::{Value, json};

use crate::http::Reply;
use crate::ids::noise;

fn error_id() -> String {
    format!("oae{}", noise(20))
}

fn body(code: &str, summary: &str, causes: &Value) -> Value {
    json!({
        "errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": error_id(), "errorCauses": causes,
    })
}

/// The general form: `errorCauses` is an array.
pub(crate) fn error(status: u16, code: &str, summary: &str) -> Reply {
    Reply::json(status, &body(code, summary, &json!([])))
}

/// E0000001 as the rest of Okta answers it, one cause a fault.
pub(crate) fn validation(field: &str, causes: &[String]) -> Reply {
    let causes: Vec<Value> = causes.iter().map(|cause| json!({"errorSummary": cause})).collect();
    Reply::json(400, &body("E0000001", &format!("Api validation failed: {field}"), &json!(causes)))
}

/// E0000001 as this API answers it: `errorCauses` is an object, and says nothing.
pub(crate) fn preregistration(field: &str) -> Reply {
    let causes = json!({"errorSummary": "There was an unexpected internal error. Please try again."});
    Reply::json(400, &body("E0000001", &format!("Api validation failed: {field}"), &causes))
}

pub(crate) fn malformed() -> Reply {
    error(400, "E0000003", "The request body was not well-formed.")
}

pub(crate) fn media_type() -> Reply {
    error(
        400,
        "E0000021",
        "Bad request. Accept and/or Content-Type headers likely do not match supported values.",
    )
}

pub(crate) fn not_found(what: &str) -> Reply {
    error(404, "E0000007", &format!("Not found: {what}"))
}

pub(crate) fn forbidden() -> Reply {
    error(403, "E0000006", "You do not have permission to perform the requested action")
}

pub(crate) fn not_in_this_status() -> Reply {
    error(403, "E0000038", "This operation is not allowed in the user's current status.")
}

pub(crate) fn invalid_token() -> Reply {
    error(401, "E0000011", "Invalid token provided")
}

pub(crate) fn feature_off() -> Reply {
    error(401, "E0000015", "You do not have permission to access the feature you are requesting")
}

pub(crate) fn wrong_method() -> Reply {
    error(405, "E0000022", "The endpoint does not support the provided HTTP method")
}

/// The general refusal with this status.
pub(crate) fn of_status(status: u16) -> Reply {
    let code = match status {
        400 => "E0000001",
        401 => "E0000004",
        403 => "E0000006",
        404 => "E0000007",
        405 => "E0000022",
        429 => "E0000047",
        _ => "E0000009",
    };
    error(status, code, "A fault rule asked for this answer.")
}

pub(crate) fn too_many() -> Reply {
    error(429, "E0000047", "API call exceeded rate limit due to too many requests.")
}

/// The org answers too many calls at the same time: the limit is told as 0, and `Reset` is a hint only.
pub(crate) fn too_many_at_once() -> Reply {
    let reset = crate::clock::now().as_second() + 1;
    too_many()
        .header("x-rate-limit-limit", "0")
        .header("x-rate-limit-remaining", "0")
        .header("x-rate-limit-reset", reset.to_string())
}

/// The token endpoint's form (RFC 6749, 5.2).
pub(crate) fn oauth(status: u16, code: &str, description: &str) -> Reply {
    Reply::json(status, &json!({"error": code, "error_description": description}))
        .header("cache-control", "no-cache, no-store")
}

/// A rejected DPoP proof on an API call: the header says why, there is no body.
pub(crate) fn dpop(base_url: &str, description: &str) -> Reply {
    Reply::empty(400).header(
        "www-authenticate",
        format!(
            "DPoP authorization_uri=\"{base_url}/oauth2/v1/authorize\", realm=\"{base_url}\", \
             error=\"invalid_dpop_proof\", error_description=\"{description}\""
        ),
    )
}
