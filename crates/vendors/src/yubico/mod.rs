//! `YubiEnterprise` over HTTP: order a pre-registered key, follow it, and what is needed around that.
//!
//! Nothing of it is verified against the live API; sources are Yubico's public pages and published clients.
//! Pre-registered orders (`fpr/shipments`) and ordinary ones (`shipments_exact`) have bodies of different
//! form; no struct serves both.

mod address;
mod client;
pub mod decode;
mod keys;
mod lenient_json;
mod order;
mod order_book;
mod pace;
mod parcel;
mod rate_gate;
mod shipments_exact;
mod stock;

use std::{fmt, sync::Arc};

use secrecy::SecretString;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use url::Url;

pub use self::{
    client::{Client, is_too_long},
    order::Ordered,
    pace::OrderPlace,
    shipments_exact::{Cancelled, FoundShipment},
    stock::Product,
};
use self::{pace::OrderPace, rate_gate::RateGate};

/// One `YubiEnterprise` organization and how to be let in.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base of the API, with its version: `https://api.console.yubico.com/v1`.
    pub api_url: Url,
    /// Where Yubico publishes the keys that requests are sealed to.
    pub transport_keys_url: Url,
    /// Where Yubico publishes the keys that responses are signed with.
    pub signing_keys_url: Url,
    /// API token of one account in one organization; expires a year after it was made.
    pub token: SecretString,
    /// The organization's lanes. Kept by the caller when it rebuilds the client, so that a new token does not
    /// open a second lane.
    pub lanes: OrderLanes,
}

/// One order at a time, and beside it one other call at a time, per organization: Yubico asks for "one key
/// at a time" and documents no rate limit. Both lanes lead through one door, which a 429 closes. Before the lane of orders
/// stands a gate of its own, which a web page in the place of an answer closes: what is between may pass reads.
#[derive(Clone)]
pub struct OrderLanes {
    order: Arc<Mutex<()>>,
    other: Arc<Semaphore>,
    door: Arc<RateGate>,
    order_gate: Arc<RateGate>,
    pace: Arc<OrderPace>,
}

impl Default for OrderLanes {
    fn default() -> Self {
        Self {
            order: Arc::default(),
            other: Arc::new(Semaphore::new(1)),
            door: Arc::default(),
            order_gate: Arc::default(),
            pace: Arc::default(),
        }
    }
}

impl fmt::Debug for OrderLanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lanes")
    }
}

/// The right to order now. Taken before the mark is written, given back when dropped.
#[must_use = "dropping it gives the lane away"]
pub struct OrderPermit(#[expect(dead_code, reason = "held, never read")] OwnedMutexGuard<()>);

impl fmt::Debug for OrderPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

#[cfg(test)]
mod tests;
