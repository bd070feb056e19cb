//! Kubernetes operator for pre-registered `YubiKey` shipments.
//!
//! What it stands on are crates of their own, so that the compiler keeps the walls: `domain` (what must be true),
//! `api` (the resources), `vendors` (Okta, `YubiEnterprise`, HRIS) and `system` (clock, random numbers, spans). No import leads back
//! to where it came from, between files too (`hack/import-circles.py` checks it).
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
