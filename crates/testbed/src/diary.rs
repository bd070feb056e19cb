//! Our own log of a run: what was declared, killed and taken away, and when.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A shipment that was declared.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declared {
    /// Namespace of the shipment.
    pub namespace: String,
    /// Name of the shipment.
    pub name: String,
    /// The person's login.
    pub login: String,
    /// The person's Okta id.
    pub user_id: String,
    /// The connection it names.
    pub connection: String,
    /// When it was declared (UTC).
    pub at: Timestamp,
}

/// SIGKILL to a replica.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kill {
    /// When it was sent (UTC).
    pub at: Timestamp,
    /// Name of the replica.
    pub replica: String,
}

/// The API server was away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outage {
    /// Since when (UTC).
    pub from: Timestamp,
    /// Until when (UTC).
    pub to: Timestamp,
    /// SIGKILL, else asked to end.
    pub killed: bool,
}

/// What is kept of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pages {
    /// The seed of the run.
    pub seed: u64,
    /// Both replicas act only under a lease.
    pub lease: bool,
    /// What was declared.
    pub shipments: Vec<Declared>,
    /// Who was killed.
    pub kills: Vec<Kill>,
    /// When the API server was away.
    pub outages: Vec<Outage>,
    /// Replicas that ended by themselves (they give up where no API server answers).
    pub exits: usize,
    /// Begin and end of the storm (UTC).
    pub storm: Option<(Timestamp, Timestamp)>,
    /// When all had come to rest, or nobody waited any longer (UTC).
    pub calm: Option<Timestamp>,
    /// Shipments that waited for a rate limit when the faults had been over for two minutes.
    #[serde(default)]
    pub limited: Vec<String>,
}

/// The diary while it is written.
#[derive(Debug)]
pub struct Diary(Mutex<Pages>);

impl Diary {
    /// An empty one.
    #[must_use]
    pub fn new(seed: u64, lease: bool) -> Self {
        Self(Mutex::new(Pages { seed, lease, ..Pages::default() }))
    }

    /// Writes something down.
    pub fn note(&self, change: impl FnOnce(&mut Pages)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What was written so far.
    #[must_use]
    pub fn pages(&self) -> Pages {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
