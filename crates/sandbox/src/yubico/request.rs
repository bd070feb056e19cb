//! What Yubico asks of every request that carries a body, whichever operation it is for.

use serde::de::DeserializeOwned;

use crate::http::{Call, Reply};
use crate::yubico::errors::invalid;

/// A JSON body without unknown members.
pub(crate) fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    if !call.header("content-type").unwrap_or_default().starts_with("application/json") {
        return Err(invalid(&["Content-Type must be application/json".into()]));
    }
    serde_json::from_slice(&call.body).map_err(|error| invalid(&[error.to_string()]))
}
