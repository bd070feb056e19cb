//! The operator's planner under exhaustive model checking.
//!
//! What is checked is the operator's own source, the crate `domain`: a changed line there is a changed model. Around it stand a store, two vendors, people and accidents; the runner
//! imitates `src/shipment/driver.rs` and shares its rules by `domain::fence`.

#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod action;
pub mod bounds;
pub mod check;
mod describe;
mod desired;
mod effects;
mod events;
mod fair;
mod fates;
mod oracle;
mod person;
mod reads;
pub mod rollouts;
mod runner;
pub mod state;
mod vendors;
pub mod worlds;
