//! What this process wrote about orders that were let go, until the watch shows it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use api::connection::YubiKeyConnection;
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use system::clock;
use tokio::sync::Mutex;

use crate::kubernetes::resource_version;

/// How long it is remembered that an order was counted.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// What this process wrote.
#[derive(Debug, Default)]
pub struct LetGoRecord {
    /// Held while a record is written, so that a thousand deletions at once are no thousand conflicts.
    pub writing: Mutex<()>,
    /// Connections as written last, by name.
    written: std::sync::Mutex<HashMap<String, Arc<YubiKeyConnection>>>,
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

    /// The connection as it was just written.
    pub fn keep(&self, connection: &Arc<YubiKeyConnection>) {
        lock(&self.written).insert(connection.name_any(), Arc::clone(connection));
    }

    /// The newer of the connection as watched and as written here.
    pub fn newest(&self, watched: Arc<YubiKeyConnection>) -> Arc<YubiKeyConnection> {
        let written = lock(&self.written).get(&watched.name_any()).cloned();
        let newer = |ours: &Arc<YubiKeyConnection>| {
            ours.uid() == watched.uid() && resource_version::is_newer(ours.as_ref(), watched.as_ref())
        };
        written.filter(newer).unwrap_or(watched)
    }
}
