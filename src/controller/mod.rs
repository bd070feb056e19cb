//! Kubernetes: watches in, passes out.

pub mod census;
pub mod commit;
pub mod conditions;
pub mod connection;
pub mod context;
pub mod decode;
pub mod events;
pub mod index;
pub mod let_go;
pub mod list;
pub mod measure;
pub mod namespaces;
pub mod places;
pub mod retry;
pub mod rollout;
pub mod run;
pub mod shipment;
pub mod turns;
pub mod undecodable;
pub mod unsent;
pub mod waiting;
pub mod watch;
pub mod written;

pub use context::Context;
