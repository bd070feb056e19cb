//! `POST validate-address`. Neither the names of the answer's members nor its statuses are documented well,
//! so only a clear word counts.

use domain::{
    failure::{CallError, Reason},
    recipient::{Field, Recipient},
    vendor_states::AddressVerdict,
};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use super::{Client, client::judge, lenient_json};
use crate::http::{Answer, Body, Nature};

#[derive(Serialize)]
pub(super) struct AddressBody<'a> {
    street_line1: &'a str,
    street_line2: &'a str,
    city: &'a str,
    postal_code: &'a str,
    region: &'a str,
    country_code_2: &'a str,
}

impl<'a> From<&'a Recipient> for AddressBody<'a> {
    fn from(recipient: &'a Recipient) -> Self {
        let of = |field| recipient.get(field).unwrap_or_default();
        Self {
            street_line1: of(Field::AddressLine1),
            street_line2: of(Field::AddressLine2),
            city: of(Field::City),
            postal_code: of(Field::PostalCode),
            region: of(Field::Region),
            country_code_2: of(Field::CountryCode),
        }
    }
}

impl Client {
    /// Does Yubico think that parcels arrive there?
    ///
    /// # Errors
    /// 401, 403, 429 and no answer. Every other answer without a clear word is `Undecided`.
    pub async fn validate_address(&self, recipient: &Recipient) -> Result<AddressVerdict, CallError> {
        let mut call = self.call("validate-address", Nature::Read, Method::POST, &["validate-address"])?;
        call.body = Body::json(&AddressBody::from(recipient))?;
        self.send(call, read_verdict).await
    }
}

pub(super) fn read_verdict(answer: &Answer) -> Result<AddressVerdict, CallError> {
    if matches!(answer.status, 401 | 403 | 429) {
        return Err(judge(answer, Reason::YubicoUnavailable));
    }
    let undecided = || {
        AddressVerdict::Undecided(format!(
            "YubiEnterprise did not say whether the address is deliverable (HTTP {})",
            answer.status
        ))
    };
    if !answer.is_success() && answer.status != 400 {
        return Ok(undecided());
    }
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    Ok(verdict(&body).unwrap_or_else(undecided))
}

pub(super) fn verdict(body: &Value) -> Option<AddressVerdict> {
    if word(body)? {
        Some(AddressVerdict::Deliverable)
    } else {
        Some(AddressVerdict::Undeliverable(doubted(body)))
    }
}

/// `deliverable` or `undeliverable`, as the body itself or as any member's value; or a member `deliverable`.
fn word(body: &Value) -> Option<bool> {
    if let Some(flag) = body.get("deliverable").and_then(Value::as_bool) {
        return Some(flag);
    }
    let clear = |value: &Value| match value.as_str()?.to_ascii_lowercase().as_str() {
        "deliverable" => Some(true),
        "undeliverable" => Some(false),
        _ => None,
    };
    let mut found: Vec<bool> = match body {
        Value::Object(members) => members.values().filter_map(clear).collect(),
        other => clear(other).into_iter().collect(),
    };
    found.dedup();
    if let [one] = found.as_slice() { Some(*one) } else { None }
}

/// Words by which a sentence about an address speaks of one of its fields.
const WORDS: [(&str, Field); 11] = [
    ("street", Field::AddressLine1),
    ("house", Field::AddressLine1),
    ("apartment", Field::AddressLine2),
    ("unit", Field::AddressLine2),
    ("city", Field::City),
    ("town", Field::City),
    ("state", Field::Region),
    ("region", Field::Region),
    ("zip", Field::PostalCode),
    ("postal", Field::PostalCode),
    ("country", Field::CountryCode),
];

/// The fields that Yubico's descriptions speak of. The sentences themselves may repeat the address in any spelling, so
/// nothing of them is handed on.
fn doubted(body: &Value) -> Vec<Field> {
    let said: Vec<String> = lenient_json::list(body, &["details"])
        .iter()
        .filter_map(|detail| lenient_json::text_of(detail, &["description"]))
        .map(|text| text.to_lowercase())
        .collect();
    let speaks_of = |word: &str| {
        said.iter().any(|text| text.split(|c: char| !c.is_alphanumeric()).any(|spoken| spoken == word))
    };
    Field::ALL
        .into_iter()
        .filter(|field| WORDS.iter().any(|(word, of)| of == field && speaks_of(word)))
        .collect()
}
