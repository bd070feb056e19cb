//! Shipments as this process knows them: as watched, as written here, and what it remembers of each.

use std::{collections::HashSet, sync::Arc};

use api::shipment::YubiKeyShipment;
use kube::{ResourceExt, runtime::reflector::ObjectRef};

use super::{memory::ShipmentMemory, waiting::Waiting, written::Written};
use crate::kubernetes::{
    index::IndexKey,
    lister::Lister,
    uid::{Uid, Uids},
};

/// All shipments: as watched, and what this process wrote and remembers of each.
pub struct ShipmentLister {
    /// As the watch shows them; may lag behind what was written here.
    pub watched: Lister<YubiKeyShipment>,
    /// What is remembered of each.
    pub memory: ShipmentMemory,
    written: Written,
    waiting: Waiting,
}

impl ShipmentLister {
    /// Nothing was written yet.
    #[must_use]
    pub fn new(watched: Lister<YubiKeyShipment>) -> Self {
        Self {
            watched,
            memory: ShipmentMemory::default(),
            written: Written::default(),
            waiting: Waiting::default(),
        }
    }

    /// Remembers what we wrote until the cache shows it.
    pub fn note_written(&self, object: &Arc<YubiKeyShipment>) {
        self.written.note(object);
    }

    /// The newer of the object as watched and the object as we wrote it: planning on the older one would only cost
    /// a conflict.
    #[must_use]
    pub fn newest(&self, watched: &Arc<YubiKeyShipment>) -> Arc<YubiKeyShipment> {
        self.written.newest(watched)
    }

    /// Shipments with a key of the index as they are now: what this process wrote counts before the watch shows it, and
    /// what it let go counts no more.
    #[must_use]
    pub fn by_index(&self, key: &IndexKey) -> Vec<Arc<YubiKeyShipment>> {
        let mut all = self.watched.by_index(key);
        let fresh = self.written.by_index(key).into_iter().filter_map(|name| self.watched.get(&name));
        for watched in fresh {
            if !all.iter().any(|known| known.uid() == watched.uid()) {
                all.push(watched);
            }
        }
        let there =
            |object: &Arc<YubiKeyShipment>| object.uid().is_none_or(|uid| !self.waiting.is_gone(&uid));
        all.iter().filter(|object| there(object)).map(|object| self.newest(object)).collect()
    }

    /// Has a pass over this shipment run now, though it rests.
    pub fn wake(&self, shipment: &YubiKeyShipment) {
        self.memory.end_rest(&shipment.uid().unwrap_or_default());
        // One that is gone needs no look.
        let _ = self.watched.wake(&ObjectRef::from_obj(shipment));
    }

    /// A shipment waits because of the one with this uid.
    pub fn wait_behind(&self, uid: &str, who: &YubiKeyShipment) {
        self.waiting.wait(uid, ObjectRef::from_obj(who));
    }

    /// Has the shipments look again that wait because of this one.
    pub fn wake_those_behind(&self, object: &YubiKeyShipment) {
        for who in self.waiting.take(&object.uid().unwrap_or_default()) {
            if let Some(waiting) = self.watched.get(&who) {
                self.wake(&waiting);
            }
        }
    }

    /// The shipment is gone.
    pub fn forget(&self, object: &YubiKeyShipment) {
        let uid = object.uid().unwrap_or_default();
        self.memory.forget(&uid);
        self.written.forget(object);
        self.waiting.note_gone(&uid);
    }

    /// Uids of which something is remembered.
    #[must_use]
    pub fn remembered(&self) -> HashSet<Uid> {
        let mut all = self.memory.uids();
        all.extend(self.written.uids());
        all
    }

    /// Forgets what is gone, however it went. `noted` was remembered before `live` was listed: one that came since
    /// stays.
    pub fn prune(&self, noted: HashSet<Uid>, live: &Uids) {
        for uid in noted.into_iter().filter(|uid| !live.has(uid)) {
            let uid = uid.to_string();
            self.memory.forget(&uid);
            self.written.forget_uid(&uid);
            self.waiting.forget(&uid);
        }
    }
}
