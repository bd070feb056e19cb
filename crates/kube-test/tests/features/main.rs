//! Tests of everything that `kube-test` offers, against a real control plane.
//!
//! `KUBE_TEST_CONTROL_PLANE` names it; else it is `.cache/bin/control-plane` of a directory above.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on panics, in helpers too"
)]

mod audit;
mod borrowed;
mod clients;
mod common;
mod definitions;
mod environment;
mod greeter;
mod lifecycle;
mod namespaces;
#[path = "../../examples/greeter/operator.rs"]
mod operator;
mod pods;
mod programs;
mod snapshots;
mod waits;
