//! Rollouts: read the source -> plan (pure) -> one guarded status write with the ledger -> shipments made and deleted.

pub mod check;
pub mod decide;
pub mod leave;
pub mod make;
pub mod memory;
pub mod pace;
pub mod pass;
pub mod people;
pub mod reconcile;
pub mod room;
pub mod source;
pub mod status;
pub mod view;
