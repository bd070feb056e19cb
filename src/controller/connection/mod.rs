//! Connections: credentials, preflight, and what shipments get of them.

pub mod expiry;
pub mod follower;
pub mod link;
pub mod preflight;
pub mod reconcile;
pub mod registry;
pub mod stock;
