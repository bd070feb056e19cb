//! The domain: what must be true of a shipment. No Kubernetes, no HTTP, no async, no clock of its own.

pub mod countries;
pub mod failure;
pub mod ids;
pub mod recipient;
pub mod requests;
pub mod seen;
