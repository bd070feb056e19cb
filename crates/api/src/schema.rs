//! Schemas of fields that their Rust type does not say: durations, labels, annotations.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Labels and expressions of one selector.
pub const MOST_LABELS: i64 = 64;

/// Longest label value.
pub const LABEL_VALUE: i64 = 63;

/// A duration in Gateway API form: `336h`, `20m`, `1h30m`.
#[must_use]
pub fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 32,
        "pattern": r"^([0-9]{1,5}(h|m|s|ms)){1,4}$",
    })
}

/// Labels that a template sets.
#[must_use]
pub fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": MOST_LABELS,
        "additionalProperties": {"type": "string", "maxLength": LABEL_VALUE},
    })
}

/// Annotations that a template sets.
#[must_use]
pub fn annotations(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": MOST_LABELS,
        "additionalProperties": {"type": "string", "maxLength": 1024},
    })
}

/// Who would get which key. Atomic: what the API server notes of each field's owner would double it.
#[must_use]
pub fn plan(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 10_000,
        "x-kubernetes-map-type": "atomic",
        "additionalProperties": {"type": "string"},
    })
}
