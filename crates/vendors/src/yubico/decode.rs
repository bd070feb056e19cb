//! What each answer of `YubiEnterprise` says, judged as the client judges it, for whoever has an answer and no
//! server: one function an operation.

use domain::{
    failure::CallError,
    ids::{KeyId, ShipmentId},
    order_list_poll::Page,
    recipient::Recipient,
    vendor_states::{AddressVerdict, Inventory, ListedOrder, Parcel, PublicKey, Tracking},
};
use jiff::Timestamp;

use super::{
    Cancelled, FoundShipment, Ordered, Product, address, client, keys, order, order_book, parcel,
    shipments_exact, stock,
};
use crate::http::Answer;

/// What `YubiEnterprise` gave, or why it gave nothing.
pub type Result<T> = std::result::Result<T, CallError>;

/// A web page is nobody's receipt, state or refusal.
fn of_the_api(answer: &Answer) -> Result<()> {
    answer.web_page().map_or(Ok(()), Err)
}

/// A key set stands in a file beside the API.
fn of_the_publisher(answer: &Answer) -> Result<()> {
    answer.web_page_for_a_file().map_or(Ok(()), Err)
}

/// The receipt of an order.
///
/// # Errors
/// As [`Client::order`](super::Client::order).
pub fn receipt(answer: &Answer) -> Result<Ordered> {
    of_the_api(answer)?;
    order::read_receipt(answer)
}

/// An order with its state and responses.
///
/// # Errors
/// As [`Client::shipment`](super::Client::shipment).
pub fn shipment(answer: &Answer) -> Result<Parcel> {
    of_the_api(answer)?;
    parcel::read_parcel(answer)
}

/// Keys to seal requests to.
///
/// # Errors
/// As [`Client::transport_keys`](super::Client::transport_keys).
pub fn transport_keys(answer: &Answer) -> Result<Vec<PublicKey>> {
    of_the_publisher(answer)?;
    keys::read_keys(answer, "transport-keys", "enc")
}

/// Keys that responses are signed with.
///
/// # Errors
/// As [`Client::signing_keys`](super::Client::signing_keys).
pub fn signing_keys(answer: &Answer) -> Result<Vec<PublicKey>> {
    of_the_publisher(answer)?;
    keys::read_keys(answer, "signing-keys", "sig")
}

/// One page of the inventory.
///
/// # Errors
/// As [`Client::inventory`](super::Client::inventory).
pub fn inventory(answer: &Answer) -> Result<Inventory> {
    of_the_api(answer)?;
    Ok(stock::inventory(&client::read_page(answer, &stock::BUCKETS)?.0))
}

/// One page of products.
///
/// # Errors
/// As [`Client::products`](super::Client::products).
pub fn products(answer: &Answer) -> Result<Vec<Product>> {
    of_the_api(answer)?;
    let (items, _) = client::read_page(answer, &stock::PRODUCTS)?;
    Ok(items.iter().filter_map(stock::product).collect())
}

/// One page of countries.
///
/// # Errors
/// As [`Client::countries`](super::Client::countries).
pub fn countries(answer: &Answer) -> Result<Vec<String>> {
    of_the_api(answer)?;
    let (items, _) = client::read_page(answer, &stock::COUNTRIES)?;
    Ok(items.iter().filter_map(stock::country).collect())
}

/// An opinion of an address.
///
/// # Errors
/// As [`Client::validate_address`](super::Client::validate_address).
pub fn verdict(answer: &Answer) -> Result<AddressVerdict> {
    of_the_api(answer)?;
    address::read_verdict(answer)
}

/// Carrier data.
///
/// # Errors
/// As [`Client::tracking`](super::Client::tracking).
pub fn tracking(answer: &Answer) -> Result<Tracking> {
    of_the_api(answer)?;
    shipments_exact::read_tracking(answer)
}

/// What became of the wish to cancel.
///
/// # Errors
/// As [`Client::cancel`](super::Client::cancel).
pub fn cancelled(answer: &Answer) -> Result<Cancelled> {
    of_the_api(answer)?;
    shipments_exact::read_cancelled(answer)
}

/// One page of the organization's shipments, those to this recipient.
///
/// # Errors
/// As [`Client::search`](super::Client::search).
pub fn search(answer: &Answer, recipient: &Recipient) -> Result<Vec<FoundShipment>> {
    of_the_api(answer)?;
    Ok(shipments_exact::of_recipient(&client::read_page(answer, &shipments_exact::SHIPMENTS)?.0, recipient))
}

/// One page of the organization's shipments, with their states.
///
/// # Errors
/// As [`Client::listed`](super::Client::listed).
pub fn listed(answer: &Answer) -> Result<Page> {
    of_the_api(answer)?;
    shipments_exact::read_listed(answer)
}

/// One page of the organization's shipments, whoever they go to.
///
/// # Errors
/// As [`Client::order_book`](super::Client::order_book).
pub fn order_book(answer: &Answer) -> Result<Vec<ListedOrder>> {
    of_the_api(answer)?;
    order_book::read_orders(answer)
}

/// One shipment compared with a recipient.
///
/// # Errors
/// As [`Client::compare`](super::Client::compare).
pub fn compared(answer: &Answer, id: &ShipmentId, recipient: &Recipient) -> Result<Option<FoundShipment>> {
    of_the_api(answer)?;
    shipments_exact::read_compared(answer, id, recipient)
}

/// `kid` of a sealed text's header.
#[must_use]
pub fn key_id(jwe: &str) -> Option<KeyId> {
    parcel::key_id(jwe)
}

/// When a token expires, if it is a JWT that says so.
#[must_use]
pub fn token_expiry(token: &str) -> Option<Timestamp> {
    client::expiry(token)
}
