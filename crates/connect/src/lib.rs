//! A connection before anything is ordered with it: from its spec and its credential files to the clients of both vendors,
//! and to what they show of themselves. The operator's preflight and `kubectl yubikey check --credentials-dir` read the
//! same things by it. Nothing here knows an API server, and nothing here changes anything at a vendor.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod caches;
pub mod clients;
pub mod declared;
pub mod ours;
pub mod probe_okta;
pub mod probe_yubico;
pub mod readings;
pub mod times;
pub mod verdicts;
