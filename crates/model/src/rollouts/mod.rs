//! Rollouts under the checker: the operator's own pass and planner (`domain::rollout`), a source that changes, shipments
//! that move, are deleted or vanish, people who answer, and one accident in any place of a pass.
//!
//! A pass is one action, unlike one over a shipment: what comes between two of its deeds is part of the action.

mod bounds;
mod check;
mod events;
mod facts;
mod oracle;
mod pass;
mod rest;
mod state;
mod worlds;

pub use self::{
    bounds::Bounds,
    check::{PROPERTIES, explore},
    worlds::{all, smoke},
};
