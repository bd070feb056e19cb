//! Connections: credentials, preflight, and what shipments get of them.

pub mod budget;
pub mod caches;
pub mod evidence;
pub mod expiry;
pub mod follower;
pub mod leaving;
pub mod link;
pub mod looks;
pub mod org;
pub mod preflight;
pub mod reconcile;
pub mod registry;
pub mod report;
pub mod stock;
pub mod supplier;
pub mod times;
pub mod way;
