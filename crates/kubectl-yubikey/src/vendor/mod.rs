//! The vendors, asked by the plugin itself: only with credential files that the caller names, and only to read.

mod doctor;
mod file;
mod person;
mod reached;
mod seen;

pub use self::{
    doctor::{Found, examine},
    file::{Declared, declared},
    person::{PersonOptions, names},
    seen::{Asked, AtOkta, AtYubico, Person, Seen, Wanted, see},
};
