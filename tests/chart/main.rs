//! The charts: what they refuse, what they render with each set of values in `ci/`, what the API server thinks of it, and
//! installations on a real API server, in a namespace that enforces the strictest Pod Security Standard.
//!
//! Needs what `make build` makes. Each test stands alone: `cargo test --workspace --test chart -- refuses`.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failing test should stop, and names of tests are sentences"
)]

#[macro_use]
mod refusals;
#[macro_use]
mod sets;

#[path = "../support/programs.rs"]
mod programs;

mod account;
mod clusters;
mod files;
mod helm;
mod installed;
mod kept;
mod kubernetes;
mod notes;
mod people;
mod policies;
mod proxies;
mod release;
mod rendered;
mod rights;
mod roles;
mod strictly;
