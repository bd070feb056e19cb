//! All objects that this version cannot decode: found by those whom they concern, counted, and said where people look.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use domain::failure::{Failure, Reason};
use kube::ResourceExt;
use tokio::sync::mpsc;

use super::{
    decode::{Undecodable, Watched},
    index::IndexKey,
};
use crate::metrics::instrument;

/// Kinds that are counted.
pub const KINDS: [&str; 4] =
    [instrument::CONNECTION, instrument::DECISION, instrument::ROLLOUT, instrument::SHIPMENT];

/// Kind, namespace and name.
pub type Key = (&'static str, String, String);

/// The key of an object.
pub fn key<K: Watched>(object: &impl ResourceExt) -> Key {
    (K::KIND, object.namespace().unwrap_or_default(), object.name_any())
}

/// What is to be told.
#[derive(Debug)]
pub enum Notice {
    /// An object cannot be decoded, or for another reason than before.
    Found(Arc<Undecodable>),
    /// It is gone, or can be decoded again.
    Over(Arc<Undecodable>),
}

#[derive(Debug)]
struct Inner {
    all: RwLock<BTreeMap<Key, Arc<Undecodable>>>,
    notices: mpsc::UnboundedSender<Notice>,
}

/// Those of all watches.
#[derive(Debug, Clone)]
pub struct Undecodables(Arc<Inner>);

impl Undecodables {
    /// None yet; the receiver gets what is to be told.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Notice>) {
        let (notices, told) = mpsc::unbounded_channel();
        (Self(Arc::new(Inner { all: RwLock::default(), notices })), told)
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Arc<Undecodable>>> {
        self.0.all.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Key, Arc<Undecodable>>> {
        self.0.all.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object of this kind and name, if it cannot be decoded.
    #[must_use]
    pub fn get(&self, kind: &'static str, namespace: &str, name: &str) -> Option<Arc<Undecodable>> {
        let all = self.read();
        if all.is_empty() {
            return None;
        }
        all.get(&(kind, namespace.to_owned(), name.to_owned())).cloned()
    }

    /// Those under a key.
    #[must_use]
    pub fn by_index(&self, key: &IndexKey) -> Vec<Arc<Undecodable>> {
        self.read().values().filter(|one| one.traces.index_keys.contains(key)).cloned().collect()
    }

    /// Those of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> Vec<Arc<Undecodable>> {
        self.read().values().filter(|one| one.kind == kind).cloned().collect()
    }

    /// How many there are of a kind.
    #[must_use]
    pub fn count(&self, kind: &str) -> usize {
        self.read().keys().filter(|(of, ..)| *of == kind).count()
    }

    /// An object cannot be decoded.
    pub fn put(&self, key: Key, object: Arc<Undecodable>) {
        let before = self.write().insert(key, Arc::clone(&object));
        let same =
            |before: Arc<Undecodable>| before.metadata.uid == object.metadata.uid && before.why == object.why;
        if !before.is_some_and(same) {
            self.tell(Notice::Found(object));
        }
    }

    /// An object is gone, or can be decoded.
    pub fn remove(&self, key: &Key) {
        if self.read().is_empty() {
            return;
        }
        if let Some(object) = self.write().remove(key) {
            self.tell(Notice::Over(object));
        }
    }

    /// A list is whole: of its kind and place only these are left.
    pub fn retain(&self, kind: &str, place: Option<&str>, listed: &BTreeSet<Key>) {
        let over: Vec<Key> = {
            let all = self.read();
            let theirs = all
                .keys()
                .filter(|(of, namespace, _)| *of == kind && place.is_none_or(|place| place == namespace));
            theirs.filter(|key| !listed.contains(*key)).cloned().collect()
        };
        for key in over {
            self.remove(&key);
        }
    }

    fn tell(&self, notice: Notice) {
        // Nobody listens any more at the end.
        let _ = self.0.notices.send(notice);
    }
}

/// Why a connection that cannot be decoded cannot be used.
#[must_use]
pub fn connection_fault(name: &str, object: &Undecodable) -> Failure {
    Failure::new(
        Reason::ConnectionNotReady,
        format!(
            "This version of the operator cannot decode the connection {name}: {}. Run the version that wrote it, or correct the field.",
            object.why
        ),
    )
}
