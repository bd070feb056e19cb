//! Objects as watched, of the whole cluster or of several namespaces, found by the keys of their index.

use std::sync::Arc;

use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::mpsc;

use super::{
    decode::Watched,
    index::{Index, IndexKey, Indexed},
    uid::Uid,
};

/// What one watch keeps: the objects, and what they are looked up by.
pub struct Cache<K: 'static + Watched> {
    /// The objects as the watch shows them; may lag.
    pub store: Store<K::Kept>,
    pub(super) index: Arc<Index<K>>,
    pub(super) woken: mpsc::UnboundedSender<ObjectRef<K::Kept>>,
}

impl<K: 'static + Watched> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), index: Arc::clone(&self.index), woken: self.woken.clone() }
    }
}

/// The name of an object as its cache has it.
fn kept<K: Watched>(object: &ObjectRef<K>) -> ObjectRef<K::Kept> {
    let name = ObjectRef::new(&object.name);
    match &object.namespace {
        Some(namespace) => name.within(namespace),
        None => name,
    }
}

impl<K: 'static + Watched> Cache<K> {
    fn get(&self, object: &ObjectRef<K>) -> Option<Arc<K>> {
        self.store.get(&kept(object)).and_then(|kept| K::whole(&kept))
    }
}

/// All objects of one kind, whichever watch they come from.
pub struct Lister<K: 'static + Watched>(Arc<[Cache<K>]>);

impl<K: 'static + Watched> Clone for Lister<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: 'static + Indexed + Watched + Clone> Lister<K> {
    /// Every object, unpacked one after the other. A walk over all: for what has no key.
    pub fn all(&self) -> impl Iterator<Item = Arc<K>> {
        self.0.iter().flat_map(|cache| cache.store.state()).filter_map(|kept| K::whole(&kept))
    }

    /// The uid of every object.
    pub fn uids(&self) -> impl Iterator<Item = Uid> {
        self.0.iter().flat_map(|cache| cache.store.state()).filter_map(|kept| K::uid_of(&kept))
    }

    /// The objects under a key.
    #[must_use]
    pub fn by_index(&self, key: &IndexKey) -> Vec<Arc<K>> {
        let found = |cache: &Cache<K>| -> Vec<_> {
            cache.index.by_index(key).iter().filter_map(|object| cache.get(object)).collect()
        };
        self.0.iter().flat_map(found).collect()
    }

    /// Has the controller look at an object. False: there is none, or the controller has ended.
    #[must_use]
    pub fn wake(&self, object: &ObjectRef<K>) -> bool {
        let object = kept(object);
        let cache = self.0.iter().find(|cache| cache.store.get(&object).is_some());
        cache.is_some_and(|cache| cache.woken.send(object).is_ok())
    }

    /// One object, as watched.
    #[must_use]
    pub fn get(&self, object: &ObjectRef<K>) -> Option<Arc<K>> {
        self.0.iter().find_map(|cache| cache.get(object))
    }

    /// Is the object of this name and uid under a key?
    #[must_use]
    pub fn has(&self, key: &IndexKey, object: &ObjectRef<K>, uid: &str) -> bool {
        let uid = Uid::of(uid);
        let is_it = |cache: &Cache<K>| {
            let kept = cache.store.get(&kept(object));
            kept.and_then(|kept| K::uid_of(&kept)).is_some_and(|kept| kept == uid)
        };
        self.0.iter().any(|cache| cache.index.has(key, object) && is_it(cache))
    }

    /// How many objects are under a key.
    #[must_use]
    pub fn count(&self, key: &IndexKey) -> usize {
        self.0.iter().map(|cache| cache.index.count(key)).sum()
    }
}

impl<K: 'static + Watched> FromIterator<Cache<K>> for Lister<K> {
    fn from_iter<T: IntoIterator<Item = Cache<K>>>(caches: T) -> Self {
        Self(caches.into_iter().collect())
    }
}
