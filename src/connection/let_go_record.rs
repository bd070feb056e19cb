//! Which orders that were let go this process has counted.

use std::{collections::HashMap, sync::PoisonError};

use jiff::{SignedDuration, Timestamp};
use system::clock;
use tokio::sync::Mutex;

/// How long it is remembered that an order was counted.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// What this process has counted.
#[derive(Debug, Default)]
pub struct LetGoRecord {
    /// Held while a record is written, so that a thousand deletions at once are no thousand conflicts.
    pub writing: Mutex<()>,
    /// Shipments whose order stands in the record, and since when: a pass that began before they were gone, and the
    /// event that they are, come later.
    noted: std::sync::Mutex<HashMap<String, Timestamp>>,
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LetGoRecord {
    /// Was the order of this shipment counted?
    pub fn knows(&self, uid: &str) -> bool {
        lock(&self.noted).contains_key(uid)
    }

    /// The order of this shipment is counted.
    pub fn note(&self, uid: String) {
        let now = clock::now();
        let mut noted = lock(&self.noted);
        noted.retain(|_, at| now.duration_since(*at) < REMEMBERED);
        noted.insert(uid, now);
    }
}
