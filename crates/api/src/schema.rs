//! Schemas of fields that their Rust type does not say: durations, labels, annotations.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Labels and expressions of one selector.
pub const MOST_LABELS: i64 = 64;

/// Longest label value.
pub const LABEL_VALUE: i64 = 63;

/// A text of this form. A rule with a sentence in place of a pattern: what the API server says of a pattern is the
/// pattern. An empty one meets the sentence too.
fn text(pattern: &str, longest: u32, says: &str) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": longest,
        "x-kubernetes-validations": [{"rule": format!("self.matches('{pattern}')"), "message": says}],
    })
}

/// A duration in Gateway API form: `336h`, `20m`, `1h30m`. (Rules that compare durations look at this form first.)
#[must_use]
pub fn duration(_: &mut SchemaGenerator) -> Schema {
    text(
        "^([0-9]{1,5}(h|m|s|ms)){1,4}$",
        32,
        "spec: a duration is made of whole hours, minutes, seconds and milliseconds, without days, weeks, fractions and blanks; write 336h for two weeks or 14d, 90m for 1.5h, 1h30m or 20m",
    )
}

/// ISO 3166-1 alpha-2 code of a country.
#[must_use]
pub fn country(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[A-Z]{2}$",
        64,
        "spec: a country is its ISO 3166-1 code of two capital letters; write DE for Germany, GB for the United Kingdom",
    )
}

/// Countries, each by its code.
#[must_use]
pub fn countries(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "maxItems": 250, "items": country(generator)})
}

/// Base URL of a vendor or an HRIS.
#[must_use]
pub fn url(_: &mut SchemaGenerator) -> Schema {
    text(
        r"^https?://[A-Za-z0-9.\\[\\]:_-]+(/[^?#\\s]*)?$",
        255,
        "spec: a URL is a scheme, a host and perhaps a port and a path, without user, query, fragment and blanks; write https://acme.okta.com or https://hris.example.com:8443/yubikey",
    )
}

/// Name of a host.
#[must_use]
pub fn host(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        253,
        "spec: a host name has small letters, digits, dots and hyphens, without a scheme, port and path; write login.acme.com",
    )
}

/// Name of a key model.
#[must_use]
pub fn model_name(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        63,
        "spec: the name of a key has small letters, digits, dots and hyphens; write yubikey-5c-nfc",
    )
}

/// Name of a connection.
#[must_use]
pub fn connection_name(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        63,
        "spec: the name of a connection has small letters, digits and hyphens; write acme or acme-emea",
    )
}

/// Id of a user, group or enrolment at Okta.
#[must_use]
pub fn okta_id(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[A-Za-z0-9_-]+$",
        64,
        "spec: an id of Okta has letters, digits, hyphens and underscores only; copy it from Okta, such as 00u1a2b3c4d5e6f7g8h9, or give the login or name in its own field",
    )
}

/// Ids of people.
#[must_use]
pub fn okta_ids(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "minItems": 1, "maxItems": 100, "items": okta_id(generator)})
}

/// Telephone number for the carrier.
#[must_use]
pub fn phone(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[0-9+() -]+$",
        40,
        "spec: a telephone number has digits, spaces and + - ( ) only; write +1 617-555-0100",
    )
}

/// Postal codes by country.
#[must_use]
pub fn postal_codes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 250,
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 20},
        "x-kubernetes-validations": [{
            "rule": "self.all(country, country.matches('^[A-Z]{2}$'))",
            "message": "spec.recipientDefaults.postalCodes goes by ISO 3166-1 codes of two capital letters; write HK for Hong Kong",
        }],
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
