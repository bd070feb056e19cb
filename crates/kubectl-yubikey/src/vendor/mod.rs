//! The vendors, asked by the plugin itself: only with credential files that the caller names, and only to read.

mod doctor;
mod file;
mod person;
mod reached;

pub use self::{
    doctor::{Found, examine},
    file::{Declared, declared},
    person::{PersonOptions, names},
};
