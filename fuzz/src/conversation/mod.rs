//! A whole conversation with both vendors, played to the pass over one shipment: what was answered, in turn, and what
//! came between (time, a process that is killed, a write that is refused, an answer that does not come).
//!
//! The pass, its planner, the readers of the answers and the form of the status are the operator's; the store, the clock
//! and what a driver does between them are a small world of their own.

mod mutation;
mod reads;
mod script;
mod world;

pub use self::{mutation::mutate, world::play};
