//! What the HRIS has on file about people, and the token that opens it.

use serde_json::{Map, Value};

/// What the HRIS knows.
#[derive(Debug, Default)]
pub(crate) struct Hris {
    pub token: String,
    /// By Okta user id: the fields, or none where the HRIS has never heard of the person.
    pub records: Map<String, Value>,
}
