//! `shipments_exact`, the API of ordinary keys: flat bodies. That it serves pre-registered orders too is
//! likely and not documented, so everything here is best effort and decides nothing by itself.

use std::{collections::HashSet, fmt};

use domain::{
    failure::{CallError, Reason},
    ids::ShipmentId,
    order_list_poll::{Page, Row},
    recipient::{Field, Recipient},
    vendor_states::{ParcelState, Tracking},
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use system::clock;

use super::{
    Client,
    client::{judge, read_page, success},
    lenient_json,
};
use crate::http::{Answer, Nature};

/// What became of the wish to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// 2xx: the order will be gone; a look confirms it.
    Accepted,
    /// 404: it is not shown, by this path at least.
    Gone,
    /// It cannot be cancelled any more, or not this way: what was said, in our words.
    TooLate(String),
}

/// A shipment that the organization's list shows for a recipient. Holds no personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct FoundShipment {
    /// Its id at `YubiEnterprise`.
    pub id: ShipmentId,
    /// The `YubiKey` model, where shown.
    pub product_id: Option<u32>,
    /// The bucket that pays, where shown.
    pub inventory_product_id: Option<u32>,
    /// When it was made, by Yubico's clock (UTC) and in whole microseconds, where shown.
    pub created: Option<Timestamp>,
    /// Its state, where shown.
    pub state: Option<ParcelState>,
    /// Fields of the recipient that the list shows as ours.
    pub agrees: Vec<Field>,
    /// Fields of the recipient that the list shows with another value.
    pub differs: Vec<Field>,
}

impl fmt::Debug for FoundShipment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundShipment")
            .field("id", &self.id)
            .field("product_id", &self.product_id)
            .field("created", &self.created)
            .field("differs", &self.differs)
            .finish_non_exhaustive()
    }
}

/// Where the list of shipments stands in its pages.
pub(super) const SHIPMENTS: [&str; 2] = ["shipments", "result_set"];

/// Wire names of the recipient's fields, flat here.
const FIELDS: [(Field, &str); 10] = [
    (Field::Email, "recipient_email"),
    (Field::FirstName, "recipient_firstname"),
    (Field::LastName, "recipient_lastname"),
    (Field::Company, "recipient_company"),
    (Field::AddressLine1, "street_line1"),
    (Field::AddressLine2, "street_line2"),
    (Field::City, "city"),
    (Field::Region, "region"),
    (Field::PostalCode, "postal_code"),
    (Field::CountryCode, "country_code_2"),
];

impl Client {
    /// Carrier and tracking number, where shown. A failure here changes nothing.
    ///
    /// # Errors
    /// Whatever but 2xx.
    pub async fn tracking(&self, id: &ShipmentId) -> Result<Tracking, CallError> {
        let path = ["shipments_exact", id.as_str()];
        let call = self.call("tracking", Nature::Read, Method::GET, &path)?;
        self.send(call, read_tracking).await
    }

    /// Asks to cancel. Whether this path takes pre-registered orders is not documented.
    ///
    /// # Errors
    /// 401, 429, 408, 5xx and no answer; every other refusal is [`Cancelled::TooLate`].
    pub async fn cancel(&self, id: &ShipmentId) -> Result<Cancelled, CallError> {
        let path = ["shipments_exact", id.as_str()];
        let call = self.call("cancel", Nature::Change, Method::DELETE, &path)?;
        self.send(call, read_cancelled).await
    }

    /// The organization's shipments to this recipient's e-mail address.
    ///
    /// The list's filter is not documented, so the whole list is read and compared here. Entries that show no
    /// e-mail address are left out: they could be anyone's.
    ///
    /// # Errors
    /// Whatever but 2xx for every page, and a list of more than 5000 ([`is_too_long`](super::is_too_long)).
    pub async fn search(&self, recipient: &Recipient) -> Result<Vec<FoundShipment>, CallError> {
        let entries = self.pages("search", &["shipments_exact"], &SHIPMENTS).await?;
        Ok(of_recipient(&entries, recipient))
    }

    /// One page of the organization's shipments with their states, those from `offset` on.
    ///
    /// # Errors
    /// Whatever but 2xx with a list.
    pub async fn listed(&self, offset: usize) -> Result<Page, CallError> {
        let call = self.page("list", &["shipments_exact"], offset)?;
        self.send(call, read_listed).await
    }

    /// One shipment compared with a recipient, or `None` if this path does not show it.
    ///
    /// # Errors
    /// Whatever but 2xx and 404.
    pub async fn compare(
        &self,
        id: &ShipmentId,
        recipient: &Recipient,
    ) -> Result<Option<FoundShipment>, CallError> {
        let path = ["shipments_exact", id.as_str()];
        let call = self.call("compare", Nature::Read, Method::GET, &path)?;
        self.send(call, |answer| read_compared(answer, id, recipient)).await
    }
}

pub(super) fn read_cancelled(answer: &Answer) -> Result<Cancelled, CallError> {
    match answer.status {
        200..=299 => Ok(Cancelled::Accepted),
        404 => Ok(Cancelled::Gone),
        401 | 408 | 429 => Err(judge(answer, Reason::CancelImpossible)),
        // 403 too: it speaks of this order, not of the connection.
        status @ 400..=499 => Ok(Cancelled::TooLate(format!(
            "YubiEnterprise does not cancel the order (HTTP {status}): it may be locked for fulfilment; look into \
             the Console"
        ))),
        _ => Err(answer.unavailable()),
    }
}

/// What shows no id or no state is counted and otherwise passed over.
pub(super) fn read_listed(answer: &Answer) -> Result<Page, CallError> {
    let (items, total) = read_page(answer, &SHIPMENTS)?;
    let row = |entry: &Value| Some(Row { id: id(entry)?, state: lenient_json::state(entry)? });
    Ok(Page { rows: items.iter().filter_map(row).collect(), entries: items.len(), total })
}

pub(super) fn id(entry: &Value) -> Option<ShipmentId> {
    lenient_json::text_of(entry, &["shipment_id", "id"]).and_then(|id| ShipmentId::new(id).ok())
}

pub(super) fn read_tracking(answer: &Answer) -> Result<Tracking, CallError> {
    success(answer, Reason::YubicoUnavailable)?;
    Ok(tracking(&answer.json()?))
}

pub(super) fn read_compared(
    answer: &Answer,
    id: &ShipmentId,
    recipient: &Recipient,
) -> Result<Option<FoundShipment>, CallError> {
    if answer.status == 404 {
        return Ok(None);
    }
    success(answer, Reason::YubicoUnavailable)?;
    let body: Value = answer.json()?;
    Ok(found(&body, recipient).map(|shipment| FoundShipment { id: id.clone(), ..shipment }))
}

/// The entries that show the recipient's e-mail address, each order once.
pub(super) fn of_recipient(entries: &[Value], recipient: &Recipient) -> Vec<FoundShipment> {
    let mut known = HashSet::new();
    let found = entries.iter().filter_map(|entry| found(entry, recipient));
    // An order that comes in between two pages pushes one that was read already onto the next.
    let found = found.filter(|shipment| known.insert(shipment.id.clone()));
    found.filter(|shipment| shipment.agrees.contains(&Field::Email)).collect()
}

pub(super) fn tracking(body: &Value) -> Tracking {
    let is_web = |link: &String| link.starts_with("https://") || link.starts_with("http://");
    Tracking {
        carrier: lenient_json::label_of(body, &["carrier"]),
        number: lenient_json::label_of(body, &["tracking_number"]),
        link: lenient_json::label_of(body, &["tracking_link"]).filter(is_web),
    }
}

pub(super) fn found(entry: &Value, recipient: &Recipient) -> Option<FoundShipment> {
    Some(beside(entry, &id(entry)?, recipient))
}

/// What an entry shows of this order, beside a recipient.
pub(super) fn beside(entry: &Value, id: &ShipmentId, recipient: &Recipient) -> FoundShipment {
    let item = lenient_json::list(entry, &["shipment_items"]).first().unwrap_or(entry);
    let mut shipment = FoundShipment {
        id: id.clone(),
        product_id: lenient_json::id_of(item, &["product_id"]),
        inventory_product_id: lenient_json::id_of(item, &["inventory_product_id"]),
        created: created(entry),
        state: lenient_json::state(entry),
        agrees: Vec::new(),
        differs: Vec::new(),
    };
    for (field, name) in FIELDS {
        let Some(shown) = shown(entry, name) else { continue };
        let agrees = recipient.is_shown_as(field, &shown);
        let side = if agrees { &mut shipment.agrees } else { &mut shipment.differs };
        side.push(field);
    }
    shipment
}

/// The name is not documented; these are the likely ones.
pub(super) fn created(entry: &Value) -> Option<Timestamp> {
    let names =
        ["shipment_request_date", "created_at", "created", "created_date", "shipment_created", "order_date"];
    lenient_json::text_of(entry, &names).and_then(|text| text.parse().ok()).map(clock::whole)
}

/// Flat as documented, or inside `recipient` or `mailing_address` as pre-registered orders have it.
pub(super) fn shown(entry: &Value, name: &str) -> Option<String> {
    let places = [Some(entry), entry.get("recipient"), entry.get("mailing_address")];
    places.into_iter().flatten().find_map(|place| lenient_json::text_of(place, &[name]))
}
