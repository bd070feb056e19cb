//! Shipments: dereference (reads) -> validate (whole, typed) -> plan (pure) -> execute (one effect) -> one status write.

pub mod adopt;
pub mod claims;
pub mod conditions;
pub mod connection_faults;
pub mod decisions;
pub mod display;
pub mod driver;
pub mod effects;
pub mod fetch;
pub mod lister;
pub mod memory;
pub mod open_orders;
pub mod permits;
pub mod person_lists;
pub mod precedence;
pub mod recipient;
pub mod reconcile;
pub mod release;
pub mod reservations;
pub mod revision;
pub mod unsent;
pub mod validate;
pub mod waiting;
pub mod written;
