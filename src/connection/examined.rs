//! What an examination of a connection found, kept to know when another one is due.

use connect::{clients::Clients, readings::Readings};
use jiff::Timestamp;
use vendors::{
    credentials::{Fingerprint, expiry::Expiry},
    yubico,
};

use super::preflight::Proven;

/// What the last examination saw, to know whether another is due.
#[derive(Debug, Clone)]
pub struct Examined {
    /// When it ended (UTC).
    pub at: Timestamp,
    /// Of the spec that was examined.
    pub generation: Option<i64>,
    /// Of the credentials that were read; none where they could not be.
    pub files: Option<Fingerprint>,
    /// The vendors let the connection in.
    pub healthy: bool,
    /// Nothing may be ordered.
    pub stopped: bool,
    /// The request for a look that it answered.
    pub requested: Option<String>,
    /// What stands in line at Yubico, kept when clients are made anew.
    pub lanes: yubico::OrderLanes,
    /// What it called with.
    pub clients: Option<Clients>,
    /// What has worked.
    pub proven: Option<Proven>,
    /// When the token ends.
    pub expiry: Option<Expiry>,
    /// What was read and when.
    pub readings: Readings,
    /// The status shows what was found.
    pub told: bool,
    /// Reports in a row that the vendors did not confirm.
    pub fruitless: u32,
}
