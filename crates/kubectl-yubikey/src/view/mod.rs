//! What the commands show of an object: one form for trees, tables, JSON and YAML.

mod hold;
mod next;
mod rollout;
mod shipment;
mod steps;

pub use self::{
    hold::{HoldView, PIN_MAIL, of_rollout as holds_of_rollout, of_shipment as hold_of_shipment},
    next::Next,
    rollout::RolloutView,
    shipment::ShipmentView,
    steps::Step,
};
