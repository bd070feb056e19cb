//! Kubernetes operator for pre-registered `YubiKey` shipments.
//!
//! Imports go downwards only (`tests/architecture.rs` checks it): `process` -> `controller` -> `okta`,
//! `yubico`, `credentials` -> `http` -> `domain`; `api` and `domain` import nothing of ours.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod api;
pub mod clock;
pub mod controller;
pub mod credentials;
pub mod domain;
pub mod http;
pub mod okta;
pub mod process;
pub mod yubico;
