//! What the reads of one pass gave.

use domain::{plan::Seen, recipient::Recipient};

/// What the reads of one pass gave, beside [`Seen`].
#[derive(Debug, Default)]
pub struct Observations {
    /// For the plan.
    pub seen: Seen,
    /// For the order; present once the user was read and has no faults.
    pub recipient: Option<Recipient>,
}
