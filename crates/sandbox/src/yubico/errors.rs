//! Yubico's error bodies.

use serde_json::json;

use crate::http::Reply;

/// An error body of Yubico. Its real schema is unknown; clients may rely on the status only.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"code": code, "message": message}))
}

/// All faults of a body at once.
pub(crate) fn invalid(faults: &[String]) -> Reply {
    Reply::json(
        400,
        &json!({"code": "invalid_request", "message": "The request is not valid.", "errors": faults}),
    )
}

pub(crate) fn not_found() -> Reply {
    error(404, "not_found", "The resource was not found.")
}
