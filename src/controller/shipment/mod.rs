//! Shipments: dereference (reads) -> validate (whole, typed) -> plan (pure) -> execute (one effect) -> one status write.

pub mod adopt;
pub mod claims;
pub mod decide;
pub mod dereference;
pub mod execute;
pub mod finalizer;
pub mod need;
pub mod pass;
pub mod precedence;
pub mod reconcile;
pub mod revision;
pub mod status;
pub mod validate;
