//! Kubernetes: watches in, passes out.

pub mod commit;
pub mod conditions;
pub mod connection;
pub mod context;
pub mod durations;
pub mod events;
pub mod run;
pub mod shipment;

pub use context::Context;
