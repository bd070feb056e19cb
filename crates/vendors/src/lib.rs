//! The clients of Okta, `YubiEnterprise` and the HRIS, and the reader of the credentials that they need. Nothing here
//! knows Kubernetes: `okta`, `yubico`, `hris` and `credentials` stand on `http`, and all of them on the domain's ids
//! and failures.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod credentials;
pub mod hris;
pub mod http;
pub mod okta;
mod pasted;
pub mod yubico;

#[cfg(test)]
mod testing;
