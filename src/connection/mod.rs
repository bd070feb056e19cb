//! Connections: credentials, preflight, and what shipments get of them.

pub mod allowed_namespaces;
pub mod budget;
pub mod conditions;
pub mod deletion;
pub mod entries;
pub mod examined;
pub mod expiry;
pub mod handle;
pub mod let_go;
pub mod let_go_record;
pub mod lister;
pub mod need;
pub mod order_list_poller;
pub mod poll_states;
pub mod preflight;
pub mod reconcile;
pub mod state;
pub mod stock;
pub mod usage;
