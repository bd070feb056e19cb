//! Who goes next where not everybody can: `fair_queue` for passes that run side by side, `budget_queue` for calls that
//! a vendor's limits do not admit at once. Neither knows Kubernetes or a vendor.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod budget_queue;
pub mod fair_queue;
