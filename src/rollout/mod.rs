//! Rollouts: read the source -> plan (pure) -> one guarded status write with the ledger -> shipments made and deleted.

pub mod changed_tables;
pub mod conditions;
pub mod decisions;
pub mod driver;
pub mod leavers;
pub mod memory;
mod nobody;
pub mod object_size;
pub mod observed;
pub mod person_checks;
pub mod read_pace;
pub mod reconcile;
pub mod shipments;
pub mod sources;
pub mod staged_users;
pub mod table_watch;
