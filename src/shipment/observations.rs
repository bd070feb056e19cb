//! What the reads of one pass gave.

use domain::{ids::Login, plan::Observed, recipient::Recipient};

/// What the reads of one pass gave, beside [`Observed`].
#[derive(Debug, Default)]
pub struct Observations {
    /// For the plan.
    pub observed: Observed,
    /// For the order; present once the user was read and has no faults.
    pub recipient: Option<Recipient>,
    /// The user's login, for people who read the status.
    pub login: Option<Login>,
}
