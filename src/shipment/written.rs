//! Shipments as this process wrote them, until the watch shows it: what a pass has just marked counts for the passes
//! beside it, also for those that look it up by what it has now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api::shipment::YubiKeyShipment;
use kube::{ResourceExt, runtime::reflector::ObjectRef};

use crate::kubernetes::{
    index::{Index, IndexKey},
    resource_version,
    uid::Uid,
};

/// What was written and not seen yet.
#[derive(Debug, Default)]
pub struct Written {
    objects: Mutex<HashMap<ObjectRef<YubiKeyShipment>, Arc<YubiKeyShipment>>>,
    index: Index<YubiKeyShipment>,
}

fn name_of(object: &YubiKeyShipment) -> ObjectRef<YubiKeyShipment> {
    ObjectRef::new(&object.name_any()).within(&object.namespace().unwrap_or_default())
}

impl Written {
    fn objects(&self) -> MutexGuard<'_, HashMap<ObjectRef<YubiKeyShipment>, Arc<YubiKeyShipment>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what was written.
    pub fn note(&self, object: &Arc<YubiKeyShipment>) {
        let mut objects = self.objects();
        objects.insert(name_of(object), Arc::clone(object));
        self.index.set(object);
    }

    /// The shipment is gone.
    pub fn forget(&self, object: &YubiKeyShipment) {
        self.remove(&mut self.objects(), &name_of(object), object);
    }

    /// Whose: of each that was written and not seen yet, the uid.
    #[must_use]
    pub fn uids(&self) -> Vec<Uid> {
        self.objects().values().filter_map(|ours| ours.uid()).map(|uid| Uid::of(&uid)).collect()
    }

    /// The shipment of this uid is gone, however it went.
    pub fn forget_uid(&self, uid: &str) {
        let mut objects = self.objects();
        let ours = objects.values().find(|ours| ours.uid().as_deref() == Some(uid)).map(Arc::clone);
        if let Some(ours) = ours {
            self.remove(&mut objects, &name_of(&ours), &ours);
        }
    }

    fn remove(
        &self,
        objects: &mut HashMap<ObjectRef<YubiKeyShipment>, Arc<YubiKeyShipment>>,
        name: &ObjectRef<YubiKeyShipment>,
        object: &YubiKeyShipment,
    ) {
        if objects.get(name).is_some_and(|ours| ours.uid() == object.uid()) {
            objects.remove(name);
            self.index.remove(object);
        }
    }

    /// The newer of the object as watched and as written; what the watch has caught up with is forgotten.
    #[must_use]
    pub fn newest(&self, watched: &Arc<YubiKeyShipment>) -> Arc<YubiKeyShipment> {
        let name = name_of(watched);
        let mut objects = self.objects();
        match objects.get(&name) {
            Some(ours)
                if ours.uid() == watched.uid()
                    && resource_version::is_newer(ours.as_ref(), watched.as_ref()) =>
            {
                Arc::clone(ours)
            }
            Some(_) => {
                self.remove(&mut objects, &name, watched);
                Arc::clone(watched)
            }
            None => Arc::clone(watched),
        }
    }

    /// Names of what was written and is found under a key now.
    #[must_use]
    pub fn by_index(&self, key: &IndexKey) -> Vec<ObjectRef<YubiKeyShipment>> {
        self.index.by_index(key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shipment(uid: &str, version: u64, enrollment: Option<&str>) -> YubiKeyShipment {
        let at = "2027-01-01T00:00:00.000000Z";
        let enrollment = enrollment.map(|id| {
            json!({"attempt": 1, "outcome": "Made", "id": id, "rpIds": ["acme.com"], "createdAt": at,
                "mark": {"at": at, "oktaTime": at, "shown": []}})
        });
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": "kim", "namespace": "onboarding", "uid": uid, "resourceVersion": version.to_string()},
            "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": "kim@example.com"}, "key": {"model": "m"}},
            "status": {"conditions": [], "observedGeneration": 1, "userId": "00u1", "enrollment": enrollment},
        }))
        .expect("a shipment")
    }

    #[test]
    fn what_was_written_is_found_by_what_it_has_now_until_the_watch_shows_it() {
        let written = Written::default();
        let key = IndexKey::Enrollment("fwf1".to_owned());
        let watched = Arc::new(shipment("a", 1, None));
        written.note(&Arc::new(shipment("a", 2, Some("fwf1"))));
        assert_eq!(written.by_index(&key).len(), 1);
        assert_eq!(resource_version::number(&*written.newest(&watched)), 2);
        assert_eq!(resource_version::number(&*written.newest(&Arc::new(shipment("a", 3, None)))), 3);
        assert!(written.by_index(&key).is_empty(), "the watch has caught up");
    }

    #[test]
    fn whose_status_was_written_is_told_until_the_watch_shows_it() {
        let written = Written::default();
        written.note(&Arc::new(shipment("a", 2, None)));
        assert_eq!(written.uids(), [Uid::of("a")]);
        let _ = written.newest(&Arc::new(shipment("a", 3, None)));
        assert!(written.uids().is_empty());
    }

    #[test]
    fn what_was_written_for_another_object_of_the_name_is_not_taken_for_it() {
        let written = Written::default();
        written.note(&Arc::new(shipment("a", 9, Some("fwf1"))));
        let declared_again = Arc::new(shipment("b", 3, None));
        assert_eq!(written.newest(&declared_again).uid().as_deref(), Some("b"));
        written.forget(&shipment("b", 3, None));
        assert_eq!(
            written.by_index(&IndexKey::Enrollment("fwf1".to_owned())).len(),
            1,
            "b was never written"
        );
        written.forget(&shipment("a", 9, None));
        assert!(written.by_index(&IndexKey::Enrollment("fwf1".to_owned())).is_empty());
    }
}
