//! What people are shown of the resources, and how they decide about them: one form for the plugin of kubectl and for
//! the page. Everything is done with the client of whoever looks; nothing here has a right of its own.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

mod connection;
pub mod decision;
pub mod fault;
mod hold;
mod journey;
pub mod listing;
pub mod managed;
pub mod names;
mod next;
pub mod pin;
mod rollout;
mod shipment;
mod steps;
pub mod text;
pub mod times;
pub mod tracking;

pub use self::{
    connection::{Check, ConnectionView, Verdict},
    hold::{HoldView, of_rollout as holds_of_rollout, of_shipment as hold_of_shipment},
    journey::{Stage, StageState, of as journey},
    next::Next,
    rollout::RolloutView,
    shipment::ShipmentView,
    steps::Step,
};
