//! What this process remembers of shipments: when their parcels were read, and how their last passes ended. All of it
//! may be lost; then it is looked again.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use api::shipment::YubiKeyShipment;
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use system::clock;

use crate::{
    connection::entries::ConnectionVersion,
    kubernetes::{resource_version, uid::Uid},
};

/// Passes over one shipment within [`BUSY`] that run as soon as something changes. More of them are no news any more:
/// two writers may undo each other's status without end (two replicas without a lease that see a connection differently).
const MOST_PASSES: u32 = 20;

/// The time in which [`MOST_PASSES`] are counted: more in less of it are a quarrel, no news.
const BUSY: SignedDuration = SignedDuration::from_secs(60);

/// Time between the passes that follow.
const CALM: SignedDuration = SignedDuration::from_secs(5);

/// Of all shipments, by uid.
#[derive(Debug, Default)]
pub struct ShipmentMemory {
    /// What this process read: a restart waits for the next moment of each schedule instead of reading all.
    looks: Mutex<HashMap<Uid, Looks>>,
    /// How the last pass over each shipment ended.
    rests: Mutex<HashMap<Uid, LastPass>>,
}

/// Reads of one shipment (UTC).
#[derive(Debug, Clone, Copy, Default)]
struct Looks {
    parcel: Option<Timestamp>,
    /// For the first use, and whether it failed.
    first_use: Option<(Timestamp, bool)>,
}

/// How a pass ended: until something changes, or the time has come, another one would find the same.
#[derive(Debug, Clone, Copy)]
struct LastPass {
    version: u64,
    connection: ConnectionVersion,
    until: Option<Timestamp>,
    refused: bool,
    ended: Timestamp,
    /// Passes since then (UTC), this one included.
    passes: (Timestamp, u32),
}

impl LastPass {
    /// After too many passes in a short time: when the next one runs.
    fn calm_until(&self, now: Timestamp) -> Option<Timestamp> {
        let calm = self.ended.checked_add(CALM).ok()?;
        (self.passes.1 > MOST_PASSES && now < calm).then_some(calm)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ShipmentMemory {
    /// When this process last read the parcel (UTC).
    #[must_use]
    pub fn last_poll(&self, uid: &str) -> Option<Timestamp> {
        lock(&self.looks).get(&Uid::of(uid)).and_then(|looks| looks.parcel)
    }

    /// The parcel was read.
    pub fn note_poll(&self, uid: &str, at: Timestamp) {
        lock(&self.looks).entry(Uid::of(uid)).or_default().parcel = Some(at);
    }

    /// When this process last looked for the first use of the key (UTC), and whether that failed.
    #[must_use]
    pub fn last_use_look(&self, uid: &str) -> Option<(Timestamp, bool)> {
        lock(&self.looks).get(&Uid::of(uid)).and_then(|looks| looks.first_use)
    }

    /// The first use of the key was looked for.
    pub fn note_use_look(&self, uid: &str, at: Timestamp, failed: bool) {
        lock(&self.looks).entry(Uid::of(uid)).or_default().first_use = Some((at, failed));
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
        self.end_pass(object, until, (connection, refused), clock::now());
    }

    fn end_pass(
        &self,
        object: &YubiKeyShipment,
        until: Option<Timestamp>,
        (connection, refused): (ConnectionVersion, bool),
        now: Timestamp,
    ) {
        let mut rests = lock(&self.rests);
        let uid = Uid::of(&object.uid().unwrap_or_default());
        let passes = match rests.get(&uid) {
            Some(LastPass { passes: (since, count), .. }) if now.duration_since(*since) < BUSY => {
                (*since, count + 1)
            }
            _ => (now, 1),
        };
        let rest = LastPass {
            version: resource_version::number(object),
            connection,
            until,
            refused,
            ended: now,
            passes,
        };
        rests.insert(uid, rest);
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
        let rest = *lock(&self.rests).get(&Uid::of(&object.uid()?))?;
        let unchanged = resource_version::number(object) <= rest.version
            && connection.epoch == rest.connection.epoch
            && (!rest.refused || connection.keys == rest.connection.keys);
        let early = rest.until.is_none_or(|until| now < until);
        if unchanged && early { Some(rest.until) } else { rest.calm_until(now).map(Some) }
    }

    /// Did this process ever end a pass over this object?
    #[must_use]
    pub fn knows(&self, object: &YubiKeyShipment) -> bool {
        lock(&self.rests).contains_key(&Uid::of(&object.uid().unwrap_or_default()))
    }

    /// Whatever ended the last pass, the next one runs now.
    pub fn end_rest(&self, uid: &str) {
        if let Some(rest) = lock(&self.rests).get_mut(&Uid::of(uid)) {
            rest.until = Some(Timestamp::MIN);
        }
    }

    /// The shipment is gone.
    pub fn forget(&self, uid: &str) {
        let uid = Uid::of(uid);
        lock(&self.looks).remove(&uid);
        lock(&self.rests).remove(&uid);
    }

    /// Uids of the shipments that something is remembered of.
    #[must_use]
    pub fn uids(&self) -> HashSet<Uid> {
        let mut all: HashSet<Uid> = lock(&self.looks).keys().cloned().collect();
        all.extend(lock(&self.rests).keys().cloned());
        all
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn shipment(version: u32) -> YubiKeyShipment {
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": version.to_string()},
            "spec": {"userRef": {"id": "00u1"}, "key": {"model": "m"}},
        }))
        .unwrap()
    }

    #[test]
    fn a_look_for_the_first_use_is_remembered_with_its_time_and_whether_it_failed() {
        let memory = ShipmentMemory::default();
        assert_eq!(memory.last_use_look("u"), None);
        memory.note_use_look("u", at(7), true);
        assert_eq!(memory.last_use_look("u"), Some((at(7), true)));
        assert_eq!(memory.last_use_look("v"), None, "it is about one shipment");
    }

    #[test]
    fn two_writers_that_undo_each_other_do_not_make_a_loop_without_a_pause() {
        let memory = ShipmentMemory::default();
        let connection = ConnectionVersion::default();
        let mut passes = 0;
        // Somebody changes it every tenth of a second, for ten minutes.
        for tenth in 0..6_000 {
            let now = at(0) + SignedDuration::from_millis(tenth * 100);
            let object = shipment(u32::try_from(tenth).unwrap() + 2);
            if memory.resting(&object, connection, now).is_none() {
                memory.end_pass(&object, None, (connection, false), now);
                passes += 1;
            }
        }
        assert!(passes < 10 * 35, "{passes} passes");
        assert!(passes > 100, "{passes} passes: it is looked at all the same");
    }

    #[test]
    fn a_few_changes_are_looked_at_at_once() {
        let memory = ShipmentMemory::default();
        let connection = ConnectionVersion::default();
        for version in 1..=MOST_PASSES {
            let object = shipment(version);
            assert_eq!(memory.resting(&object, connection, at(0)), None);
            memory.end_pass(&object, None, (connection, false), at(0));
            assert_eq!(memory.resting(&object, connection, at(0)), Some(None), "it is as the pass left it");
        }
    }
}
