//! The sandbox from outside, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod activation;
mod authorization;
mod crowd;
mod faults;
mod happy_path;
mod hris;
mod operator;
mod orders;
mod orgs;
mod program;
mod sign_in;
mod strict;
