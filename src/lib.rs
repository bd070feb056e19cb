//! Kubernetes operator for pre-registered `YubiKey` shipments.
//!
//! What it stands on are crates of their own, so that the compiler keeps the walls: `domain` (what must be true),
//! `api` (the resources), `vendors` (Okta, `YubiEnterprise`, HRIS) and `system` (clock, random numbers, spans). Here,
//! imports go downwards only (`tests/architecture.rs` checks it): `process` -> `controller` -> `metrics` -> `apiserver`
//! -> `readiness`; `lease` and `tasks` stand beside them.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod cli;
pub mod connection;
pub mod context;
pub mod kubernetes;
pub mod metrics;
pub mod readiness;
pub mod rollout;
pub mod run;
pub mod shipment;
pub mod tasks;
