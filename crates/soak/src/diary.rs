//! Our own log of a run: what was declared, killed and taken away, and when.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A shipment that was declared.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Declared {
    pub namespace: String,
    pub name: String,
    pub login: String,
    pub user_id: String,
    pub connection: String,
    pub at: Timestamp,
}

/// SIGKILL to a replica.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kill {
    pub at: Timestamp,
    pub replica: String,
}

/// The API server was away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outage {
    pub from: Timestamp,
    pub to: Timestamp,
    /// SIGKILL, else asked to end.
    pub killed: bool,
}

/// What is kept of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Pages {
    pub seed: u64,
    /// Both replicas act only under a lease.
    pub lease: bool,
    pub shipments: Vec<Declared>,
    pub kills: Vec<Kill>,
    pub outages: Vec<Outage>,
    /// Replicas that ended by themselves (they give up where no API server answers).
    pub exits: usize,
    pub storm: Option<(Timestamp, Timestamp)>,
    pub calm: Option<Timestamp>,
    /// Shipments that waited for a rate limit when the faults had been over for two minutes.
    #[serde(default)]
    pub limited: Vec<String>,
}

/// The diary while it is written.
#[derive(Debug)]
pub(crate) struct Diary(Mutex<Pages>);

impl Diary {
    pub(crate) fn new(seed: u64, lease: bool) -> Self {
        Self(Mutex::new(Pages { seed, lease, ..Pages::default() }))
    }

    pub(crate) fn note(&self, change: impl FnOnce(&mut Pages)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn pages(&self) -> Pages {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
