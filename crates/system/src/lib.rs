//! What code takes from the process around it: the wall clock, random numbers, and the spans that log lines stand in.
//! One home each, so that nothing else reads a clock or rolls dice.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod clock;
pub mod random;
pub mod trace;
