//! Kubernetes operator for pre-registered `YubiKey` shipments.
//!
//! Imports go downwards only (`tests/architecture.rs` checks it): `process` -> `controller` -> `okta`,
//! `yubico`, `hris`, `credentials`, `metrics` -> `http` -> `domain`; `lease` and `apiserver` stand beside them; `api`,
//! `domain`, `chance`, `clock`, `readiness`, `tasks` and `trace` import nothing of ours.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod api;
pub mod apiserver;
pub mod chance;
pub mod clock;
pub mod controller;
pub mod credentials;
pub mod domain;
pub mod hris;
pub mod http;
pub mod lease;
pub mod metrics;
pub mod okta;
pub mod process;
pub mod readiness;
pub mod tasks;
pub mod trace;
pub mod yubico;
