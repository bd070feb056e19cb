//! `status` <-> journal: parsed at the edge into facts that fit together, written back without loss.

mod read;
mod write;

pub use self::{read::read, write::write};
