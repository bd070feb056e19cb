//! What storms and generated operations run on: a real API server with the operator's definitions and rights, both vendors
//! imitated by the sandbox, the operator as processes of its own, and what they leave behind.

pub mod clock;
pub mod cluster;
pub mod control_api;
pub mod control_plane;
pub mod diary;
pub mod dice;
pub mod folder;
pub mod install;
pub mod leaks;
pub mod objects;
pub mod people;
pub mod programs;
pub mod replicas;
pub mod set;
pub mod setup;
pub mod usage;
pub mod vendors;
