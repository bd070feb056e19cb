//! What Okta asks of every request that carries a body, whichever operation it is for.

use serde::de::DeserializeOwned;

use crate::http::{Call, Reply};
use crate::okta::errors;

/// The JSON body, with no member the operation does not know.
pub(crate) fn json_body<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    if !call.header("content-type").unwrap_or_default().starts_with("application/json") {
        return Err(errors::media_type());
    }
    serde_json::from_slice(&call.body).map_err(|_| errors::malformed())
}

/// Okta answers 411 to a POST that says nothing about its length.
pub(crate) fn declared_length(call: &Call) -> Result<(), Reply> {
    if call.headers.contains_key("content-length") || call.headers.contains_key("transfer-encoding") {
        Ok(())
    } else {
        Err(Reply::text(411, "text/html", "<h1>Length Required</h1>".into()))
    }
}
