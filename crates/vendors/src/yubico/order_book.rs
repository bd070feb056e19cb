//! The organization's whole list of orders, for whoever compares it with what a cluster knows. Like all of
//! `shipments_exact` it may lack pre-registered orders: what it does not show proves nothing.

use std::collections::HashSet;

use domain::{failure::CallError, vendor_states::ListedOrder};
use serde_json::Value;

use super::{
    Client,
    client::read_page,
    lenient_json,
    shipments_exact::{self, SHIPMENTS},
};
use crate::http::Answer;

impl Client {
    /// Every order that the organization's list shows, each once.
    ///
    /// # Errors
    /// Whatever but 2xx for every page, and a list of more than 5000 ([`is_too_long`](super::is_too_long)).
    pub async fn order_book(&self) -> Result<Vec<ListedOrder>, CallError> {
        Ok(orders(&self.pages("search", &["shipments_exact"], &SHIPMENTS).await?))
    }
}

pub(super) fn read_orders(answer: &Answer) -> Result<Vec<ListedOrder>, CallError> {
    Ok(orders(&read_page(answer, &SHIPMENTS)?.0))
}

/// An order that comes in between two pages pushes one that was read already onto the next.
fn orders(entries: &[Value]) -> Vec<ListedOrder> {
    let mut known = HashSet::new();
    let orders = entries.iter().filter_map(order);
    orders.filter(|order| known.insert(order.id.clone())).collect()
}

fn order(entry: &Value) -> Option<ListedOrder> {
    let item = lenient_json::list(entry, &["shipment_items"]).first().unwrap_or(entry);
    Some(ListedOrder {
        id: shipments_exact::id(entry)?,
        customization_id: lenient_json::text_of(item, &["customization_id"]),
        created: shipments_exact::created(entry),
        state: lenient_json::state(entry),
        email: shipments_exact::shown(entry, "recipient_email"),
    })
}
