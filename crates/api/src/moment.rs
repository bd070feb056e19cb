//! A time in a spec. Kept as written: the API server admits forms of RFC 3339 that no clock here can hold, and one such
//! manifest must not keep the operator from reading everybody's.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An RFC 3339 time as a person wrote it.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(transparent)]
pub struct Moment(pub String);

impl Moment {
    /// The time (UTC); `None` if it cannot be held, as for a year beyond 9999.
    #[must_use]
    pub fn read(&self) -> Option<Timestamp> {
        self.0.parse().ok()
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time", "maxLength": 64})
    }
}
