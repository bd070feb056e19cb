//! "Get Shipment Details": `GET fpr/shipments/{id}`. Every member is optional, two namings are known.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    failure::{CallError, Reason},
    ids::{KeyId, Sealed, Serial, ShipmentId},
    recipient::Recipient,
    vendor_states::{Parcel, Programmed, Responses},
};
use reqwest::Method;
use serde_json::Value;

use super::{Client, FoundShipment, client::success, lenient_json, shipments_exact};
use crate::http::{Answer, Nature};

/// Yubico's wire name first, then the label of Okta's connector.
const SERIAL: [&str; 2] = ["serial_number", "serial"];
const FIRMWARE: [&str; 2] = ["firmware_version", "version"];
const PIN: [&str; 1] = ["fido_pin_response"];
const CREDENTIALS: [&str; 2] = ["fido_credential_responses", "fido_credential_response"];

impl Client {
    /// The order with its state and, once there, its responses.
    ///
    /// # Errors
    /// `OrderNotFound` with status 404 if it is not shown; `UnreadableAnswer` without a state: a failed read is
    /// never a state.
    pub async fn shipment(&self, id: &ShipmentId) -> Result<Parcel, CallError> {
        let path = ["fpr", "shipments", id.as_str()];
        let call = self.call("shipment", Nature::Read, Method::GET, &path)?;
        self.send(call, read_parcel).await
    }

    /// The order as [`shipment`](Self::shipment) gives it, and what the same answer shows of its time, and of its recipient beside
    /// this one.
    ///
    /// # Errors
    /// As [`shipment`](Self::shipment).
    pub async fn shipment_beside(
        &self,
        id: &ShipmentId,
        recipient: &Recipient,
    ) -> Result<(Parcel, FoundShipment), CallError> {
        let path = ["fpr", "shipments", id.as_str()];
        let call = self.call("shipment", Nature::Read, Method::GET, &path)?;
        self.send(call, |answer| read_beside(answer, id, recipient)).await
    }
}

/// The body may lack its own id: it was asked for by it.
pub(super) fn read_beside(
    answer: &Answer,
    id: &ShipmentId,
    recipient: &Recipient,
) -> Result<(Parcel, FoundShipment), CallError> {
    let parcel = read_parcel(answer)?;
    let shown = shipments_exact::beside(&answer.json()?, id, recipient);
    Ok((parcel, shown))
}

pub(super) fn read_parcel(answer: &Answer) -> Result<Parcel, CallError> {
    let refused = if answer.status == 404 { Reason::OrderNotFound } else { Reason::YubicoUnavailable };
    success(answer, refused)?;
    parcel(&answer.json()?).ok_or_else(|| answer.unreadable("it names no shipment state"))
}

pub(super) fn parcel(body: &Value) -> Option<Parcel> {
    let items = lenient_json::list(body, &["shipment_items"]);
    let only = if let [item] = items { Some(item) } else { None };
    Some(Parcel {
        state: lenient_json::state(body)?,
        programmed: programmed(items),
        product_id: only.and_then(|item| lenient_json::id_of(item, &["product_id"])),
        inventory_product_id: only.and_then(|item| lenient_json::id_of(item, &["inventory_product_id"])),
        customization_id: only.and_then(|item| lenient_json::text_of(item, &["customization_id"])),
    })
}

fn programmed(items: &[Value]) -> Programmed {
    let item = match items {
        [] => return Programmed::NotYet,
        [item] => item,
        more => return Programmed::Unexpected(format!("the order has {} items instead of one", more.len())),
    };
    let data: Vec<&Value> =
        lenient_json::list(item, &["product_data"]).iter().filter(|d| has_any(d)).collect();
    match data.as_slice() {
        [] => Programmed::NotYet,
        [one] => match responses(one) {
            Ok(responses) => Programmed::One(Box::new(responses)),
            Err(what) => Programmed::Unexpected(what),
        },
        more => Programmed::Unexpected(format!("the order has {} keys instead of one", more.len())),
    }
}

/// An entry without any of the four parts says nothing yet.
fn has_any(data: &Value) -> bool {
    let texts = [&SERIAL[..], &FIRMWARE[..], &PIN[..]];
    texts.iter().any(|names| lenient_json::text_of(data, names).is_some()) || !credentials(data).is_empty()
}

/// The list, or the one text where the label's singular is taken at its word.
fn credentials(data: &Value) -> Vec<String> {
    match lenient_json::member(data, &CREDENTIALS) {
        Some(Value::Array(items)) => items.iter().filter_map(lenient_json::text).collect(),
        Some(single) => lenient_json::text(single).into_iter().collect(),
        None => Vec::new(),
    }
}

fn responses(data: &Value) -> Result<Responses, String> {
    let missing = |what: &str| format!("the shipped key has no {what}");
    // What the status cannot keep would be lost with the next restart.
    let fits = |text: &String| text.len() <= Sealed::LIMIT;
    let credential = match <[String; 1]>::try_from(credentials(data)) {
        Ok([credential]) if !fits(&credential) => {
            return Err("the shipped key has a credential response longer than 64 KiB".to_owned());
        }
        Ok([credential]) => credential,
        Err(other) => {
            return Err(format!("the shipped key has {} credential responses instead of one", other.len()));
        }
    };
    Ok(Responses {
        serial: lenient_json::text_of(data, &SERIAL)
            .and_then(|serial| Serial::new(serial).ok())
            .ok_or_else(|| missing("serial number"))?,
        firmware: lenient_json::label_of(data, &FIRMWARE)
            .ok_or_else(|| missing("usable firmware version"))?,
        pin: lenient_json::text_of(data, &PIN)
            .filter(fits)
            .map(Sealed::new)
            .ok_or_else(|| missing("usable PIN response"))?,
        credential_key_id: key_id(&credential),
        credential: Sealed::new(credential),
    })
}

/// `kid` of a JWE's protected header, which is readable by anyone.
pub(super) fn key_id(jwe: &str) -> Option<KeyId> {
    let header = BASE64_URL_SAFE_NO_PAD.decode(jwe.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    KeyId::new(header.get("kid")?.as_str()?).ok()
}
