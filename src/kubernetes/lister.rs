//! Objects as watched, of the whole cluster or of several namespaces, found by the keys of their index.

use std::sync::Arc;

use kube::{
    Resource,
    runtime::reflector::{ObjectRef, Store},
};
use tokio::sync::mpsc;

use super::index::{Index, IndexKey, Indexed};

/// What one watch keeps: the objects, and what they are looked up by.
pub struct Cache<K: 'static + Resource<DynamicType = ()>> {
    /// The objects.
    pub store: Store<K>,
    pub(super) index: Arc<Index<K>>,
    pub(super) woken: mpsc::UnboundedSender<ObjectRef<K>>,
}

impl<K: 'static + Resource<DynamicType = ()> + Clone> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), index: Arc::clone(&self.index), woken: self.woken.clone() }
    }
}

/// All objects of one kind, whichever watch they come from.
pub struct Lister<K: 'static + Resource<DynamicType = ()>>(Arc<[Cache<K>]>);

impl<K: 'static + Resource<DynamicType = ()>> Clone for Lister<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: 'static + Indexed + Clone> Lister<K> {
    /// Every object. A walk over all: for what has no key.
    #[must_use]
    pub fn state(&self) -> Vec<Arc<K>> {
        self.0.iter().flat_map(|cache| cache.store.state()).collect()
    }

    /// The objects under a key.
    #[must_use]
    pub fn by_index(&self, key: &IndexKey) -> Vec<Arc<K>> {
        let found = |cache: &Cache<K>| -> Vec<_> {
            cache.index.by_index(key).iter().filter_map(|object| cache.store.get(object)).collect()
        };
        self.0.iter().flat_map(found).collect()
    }

    /// Has the controller look at an object. False: there is none, or the controller has ended.
    #[must_use]
    pub fn wake(&self, object: &ObjectRef<K>) -> bool {
        let cache = self.0.iter().find(|cache| cache.store.get(object).is_some());
        cache.is_some_and(|cache| cache.woken.send(object.clone()).is_ok())
    }

    /// One object, as watched.
    #[must_use]
    pub fn get(&self, object: &ObjectRef<K>) -> Option<Arc<K>> {
        self.0.iter().find_map(|cache| cache.store.get(object))
    }

    /// How many objects are under a key.
    #[must_use]
    pub fn count(&self, key: &IndexKey) -> usize {
        self.0.iter().map(|cache| cache.index.count(key)).sum()
    }
}

impl<K: 'static + Resource<DynamicType = ()>> FromIterator<Cache<K>> for Lister<K> {
    fn from_iter<T: IntoIterator<Item = Cache<K>>>(caches: T) -> Self {
        Self(caches.into_iter().collect())
    }
}
