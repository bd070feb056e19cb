//! What must hold whatever was done.

pub(crate) mod differential;
pub(crate) mod fixpoint;
pub(crate) mod kstatus;
pub(crate) mod lost;
pub(crate) mod refused;
pub(crate) mod stuck;
pub(crate) mod twice;

use serde::{Deserialize, Serialize};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Violation {
    /// Which rule; shrinking keeps to the same.
    pub oracle: String,
    /// What was seen, in one sentence.
    pub what: String,
}
