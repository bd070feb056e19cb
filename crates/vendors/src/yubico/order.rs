//! "Create Shipment Request": `POST fpr/shipments`. This body is its own; nothing else shares it.

use domain::{
    failure::{CallError, Reason},
    ids::ShipmentId,
    recipient::{Field, Recipient},
    requests::{Delivery, OrderRequest},
    vendor_states::ParcelState,
};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{Client, OrderPermit, client::success, lenient_json};
use crate::http::{Answer, Body, Nature};

/// The receipt of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// Its id at `YubiEnterprise`.
    pub shipment: ShipmentId,
    /// Its first state, where shown.
    pub state: Option<ParcelState>,
}

#[derive(Serialize)]
pub(super) struct OrderBody<'a> {
    delivery_type: u8,
    recipient: RecipientBody<'a>,
    mailing_address: AddressBody<'a>,
    shipment_items: [Item<'a>; 1],
}

#[derive(Serialize)]
struct RecipientBody<'a> {
    #[serde(rename = "recipient_company")]
    company: &'a str,
    #[serde(rename = "recipient_email")]
    email: &'a str,
    #[serde(rename = "recipient_firstname")]
    first_name: &'a str,
    #[serde(rename = "recipient_lastname")]
    last_name: &'a str,
    #[serde(rename = "recipient_telephone")]
    phone: &'a str,
}

#[derive(Serialize)]
struct AddressBody<'a> {
    street_line1: &'a str,
    street_line2: &'a str,
    city: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    postal_code: &'a str,
    country_code_2: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    product_id: u32,
    inventory_product_id: u32,
    product_quantity: u8,
    customization_id: &'a str,
    product_customizations: [Customization<'a>; 1],
}

#[derive(Serialize)]
struct Customization<'a> {
    fido_pin_request: &'a str,
    fido_credential_requests: [&'a str; 1],
}

/// A field that a [`Recipient`] has by construction, or the empty text of an optional one.
fn field(recipient: &Recipient, field: Field) -> &str {
    recipient.get(field).unwrap_or_default()
}

impl<'a> From<&'a OrderRequest> for OrderBody<'a> {
    fn from(order: &'a OrderRequest) -> Self {
        let of = |name| field(&order.recipient, name);
        Self {
            // 1 normal, 2 expedited; always sent, because null would be taken by some older client code only.
            delivery_type: match order.delivery {
                Delivery::Standard => 1,
                Delivery::Expedited => 2,
            },
            recipient: RecipientBody {
                company: of(Field::Company),
                email: of(Field::Email),
                first_name: of(Field::FirstName),
                last_name: of(Field::LastName),
                phone: of(Field::Phone),
            },
            mailing_address: AddressBody {
                street_line1: of(Field::AddressLine1),
                street_line2: of(Field::AddressLine2),
                city: of(Field::City),
                region: order.recipient.get(Field::Region),
                postal_code: of(Field::PostalCode),
                country_code_2: of(Field::CountryCode),
            },
            shipment_items: [Item {
                product_id: order.product.product_id,
                inventory_product_id: order.product.inventory_product_id,
                product_quantity: 1,
                customization_id: order.product.customization_id.as_str(),
                product_customizations: [Customization {
                    fido_pin_request: order.pin_request.expose(),
                    fido_credential_requests: [order.credential_request.expose()],
                }],
            }],
        }
    }
}

impl Client {
    /// Orders one key. There is no idempotency key: called twice it ships twice, so it is called only under a
    /// mark, with the slot taken before the mark was written.
    ///
    /// # Errors
    /// `NotSent` or `Refused` (400, 401, 403, 404, 422, 429): nothing was ordered. `Unclear` for all else, also
    /// for a 2xx without a shipment id: it may have been.
    pub async fn order(&self, _slot: &OrderPermit, order: &OrderRequest) -> Result<Ordered, CallError> {
        self.may_order()?;
        let mut call = self.call("order", Nature::Order, Method::POST, &["fpr", "shipments"])?;
        call.body = Body::json(&OrderBody::from(order))?;
        let begun = Instant::now();
        let ordered = self.pass(call, read_receipt).await;
        self.note_order(begun.elapsed());
        ordered
    }
}

pub(super) fn read_receipt(answer: &Answer) -> Result<Ordered, CallError> {
    success(answer, Reason::OrderRefused)?;
    let body: Value = answer.json()?;
    let shipment = lenient_json::text_of(&body, &["shipment_id"])
        .and_then(|id| ShipmentId::new(id).ok())
        .ok_or_else(|| answer.unreadable("it names no shipment id"))?;
    Ok(Ordered { shipment, state: lenient_json::state(&body) })
}
