//! What this process remembers of shipments: when their parcels were read, and how their last passes ended. All of it
//! may be lost; then it is looked again.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use api::shipment::YubiKeyShipment;
use jiff::Timestamp;
use kube::ResourceExt;

use super::written::version;
use crate::connection::entries::ConnectionVersion;

/// Of all shipments, by uid.
#[derive(Debug, Default)]
pub struct ShipmentMemory {
    /// Parcels read by this process: a restart waits for the next moment of the schedule instead of reading all.
    polled: Mutex<HashMap<String, Timestamp>>,
    /// How the last pass over each shipment ended.
    rests: Mutex<HashMap<String, Rest>>,
}

/// How a pass ended: until something changes, or the time has come, another one would find the same.
#[derive(Debug, Clone, Copy)]
struct Rest {
    version: u64,
    connection: ConnectionVersion,
    until: Option<Timestamp>,
    refused: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ShipmentMemory {
    /// When this process last read the parcel (UTC).
    #[must_use]
    pub fn last_poll(&self, uid: &str) -> Option<Timestamp> {
        lock(&self.polled).get(uid).copied()
    }

    /// The parcel was read.
    pub fn note_poll(&self, uid: &str, at: Timestamp) {
        lock(&self.polled).insert(uid.to_owned(), at);
    }

    /// Notes how a pass over this object ended, and which version of the connection it saw. `refused`: its credentials
    /// were, so that others end the rest.
    pub fn note_rest(
        &self,
        object: &YubiKeyShipment,
        until: Option<Timestamp>,
        connection: ConnectionVersion,
        refused: bool,
    ) {
        let rest = Rest { version: version(object), connection, until, refused };
        lock(&self.rests).insert(object.uid().unwrap_or_default(), rest);
    }

    /// The rest that still holds for this object: neither it nor its connection changed since, and its time has not
    /// come. The inner `None` waits for a change only.
    #[must_use]
    pub fn resting(
        &self,
        object: &YubiKeyShipment,
        connection: ConnectionVersion,
        now: Timestamp,
    ) -> Option<Option<Timestamp>> {
        let rest = *lock(&self.rests).get(&object.uid()?)?;
        let unchanged = version(object) <= rest.version
            && connection.epoch == rest.connection.epoch
            && (!rest.refused || connection.keys == rest.connection.keys);
        let early = rest.until.is_none_or(|until| now < until);
        (unchanged && early).then_some(rest.until)
    }

    /// Did this process ever end a pass over this object?
    #[must_use]
    pub fn knows(&self, object: &YubiKeyShipment) -> bool {
        lock(&self.rests).contains_key(&object.uid().unwrap_or_default())
    }

    /// Whatever ended the last pass, the next one runs now.
    pub fn end_rest(&self, uid: &str) {
        if let Some(rest) = lock(&self.rests).get_mut(uid) {
            rest.until = Some(Timestamp::MIN);
        }
    }

    /// The shipment is gone.
    pub fn forget(&self, uid: &str) {
        lock(&self.polled).remove(uid);
        lock(&self.rests).remove(uid);
    }

    /// Uids of the shipments that something is remembered of.
    #[must_use]
    pub fn uids(&self) -> HashSet<String> {
        let mut all: HashSet<String> = lock(&self.polled).keys().cloned().collect();
        all.extend(lock(&self.rests).keys().cloned());
        all
    }
}
