//! The API server as the operator uses it: watches and their index, guarded status writes, Events, leader election.

pub mod batches;
pub mod client;
pub mod conditions;
pub mod decode;
pub mod events;
pub mod finalizer;
pub mod index;
pub mod kept;
pub mod leader_election;
pub mod list;
pub mod lister;
mod merge_patch;
pub mod names;
pub mod namespaces;
pub mod resource_version;
pub mod retry;
pub mod status_patch;
pub mod uid;
pub mod undecodable;
pub mod undecodable_report;
mod watch_health;
pub mod watches;
