//! What Yubico asks of every request that carries a body, whichever operation it is for.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::behaviour::Behaviour;
use crate::http::{Call, Reply};
use crate::yubico::errors::invalid;

/// A page of a list under that name.
pub(crate) fn list_of(call: &Call, settings: &Behaviour, name: &str, all: &[Value]) -> Result<Value, Reply> {
    let page = page(call, settings.yubico_page, all)?;
    let mut list = json!({"count": page.len(), name: page});
    if settings.list_totals {
        list["total_count"] = json!(all.len());
    }
    Ok(list)
}

/// `limit` and `offset` of a list: at most 100 entries, or fewer where the settings say so.
fn page<'a>(call: &Call, most: usize, all: &'a [Value]) -> Result<&'a [Value], Reply> {
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
