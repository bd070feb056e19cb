//! The domain: what must be true of a shipment. No Kubernetes, no HTTP, no async, no clock of its own.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod answer;
pub mod backoff;
pub mod binding;
pub mod cadence;
pub mod countries;
pub mod desired;
pub mod directory;
pub mod expiry;
pub mod failure;
pub mod fence;
pub mod first_use;
pub mod hold;
pub mod ids;
pub mod journal;
pub mod lasting;
pub mod let_go;
pub mod one_call;
pub mod order_list_poll;
pub mod pass;
mod place_names;
pub mod plan;
pub mod precedence;
pub mod preflight;
pub mod question;
pub mod recipient;
pub mod requests;
pub mod rollout;
pub mod short_message;
pub mod stable;
pub mod summary;
pub mod system_log;
#[cfg(test)]
mod testing;
pub mod text;
pub mod unread;
pub mod vendor_states;
