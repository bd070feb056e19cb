//! What Yubico asks of every request that carries a body, whichever operation it is for.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::{Call, Reply};
use crate::yubico::errors::invalid;

/// `limit` and `offset` of a list: at most 100 entries, or fewer where the settings say so.
pub(crate) fn page<'a>(call: &Call, most: usize, all: &'a [Value]) -> Result<&'a [Value], Reply> {
    let number = |name: &str, default: usize| call.query(name).map_or(Ok(default), str::parse);
    let (Ok(limit), Ok(offset)) = (number("limit", 100), number("offset", 0)) else {
        return Err(invalid(&["limit and offset must be numbers".into()]));
    };
    if limit == 0 || limit > 100 {
        return Err(invalid(&["limit must be between 1 and 100".into()]));
    }
    let rest = all.get(offset..).unwrap_or_default();
    Ok(&rest[..rest.len().min(limit).min(most.max(1))])
}

/// A JSON body without unknown members.
pub(crate) fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    if !call.header("content-type").unwrap_or_default().starts_with("application/json") {
        return Err(invalid(&["Content-Type must be application/json".into()]));
    }
    serde_json::from_slice(&call.body).map_err(|error| invalid(&[error.to_string()]))
}
