//! The pages, one a file.

mod advice;
pub mod answer;
pub mod connections;
pub mod decide;
pub mod delete;
pub mod holds;
mod journey;
pub mod layout;
pub mod look;
pub mod overview;
mod parts;
pub mod rollouts;
pub mod shipment;
