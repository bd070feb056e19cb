//! How results look: colours, tables, trees, documents, and times as people say them.

mod document;
mod paint;
mod table;
mod tree;

pub use self::{
    document::document,
    paint::Paint,
    table::{Table, Tone},
    tree::Node,
};
pub use crate::view::{
    text::{clean, line},
    times::{ago, day, ends_in},
};
