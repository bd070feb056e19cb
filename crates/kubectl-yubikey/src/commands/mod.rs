//! The commands, one a file.

pub mod approve;
pub mod audit;
pub mod check;
pub mod completion;
pub mod dashboard;
pub mod decide;
pub mod decision;
pub mod holds;
pub mod import;
pub mod look;
pub mod order;
pub mod report;
pub mod resend_pin;
pub mod status;
pub mod suspend;
