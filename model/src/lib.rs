//! The operator's planner under exhaustive model checking.
//!
//! What is checked is the operator's own source: `src/domain` is compiled into this crate as it stands, so that a
//! changed line there is a changed model. Around it stand a store, two vendors, people and accidents; the runner
//! imitates `src/controller/shipment/pass.rs` and shares its rules by `domain::fence`.

#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

// By path instead of by dependency: no HTTP, no Kubernetes and no TLS are built for it, and a mutant takes seconds.
#[path = "../../src/domain/mod.rs"]
pub mod domain;

pub mod action;
pub mod bounds;
pub mod check;
mod describe;
mod effects;
mod events;
mod fair;
mod fates;
mod oracle;
mod person;
mod reads;
mod runner;
pub mod state;
mod vendors;
mod wanted;
pub mod worlds;
