//! What passes ask of all objects at once (the person's other shipments, who has an order, what waits for an answer),
//! kept in step with the watch. A walk over ten thousand shipments at each step of each pass would be most of the work.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    marker::PhantomData,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use api::{
    decision::YubiKeyDecision,
    rollout::{ROLLOUT_LABEL, YubiKeyRollout},
    shipment::{
        YubiKeyShipment,
        progress::{is_followed, is_open},
    },
};
use domain::text;
use kube::{
    Resource, ResourceExt,
    runtime::{reflector::ObjectRef, watcher::Event},
};

/// What objects are looked up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IndexKey {
    /// Shipments for the Okta user of this id.
    Person(String),
    /// Shipments for this login, in lower case, as long as no id is known.
    Login(String),
    /// Shipments that name this order.
    Order(String),
    /// Shipments that name this enrolment.
    Enrollment(String),
    /// Shipments with this connection.
    Connection(String),
    /// Shipments of a namespace with a connection that have an open order.
    Open {
        /// Namespace of the shipments.
        namespace: String,
        /// Name of the connection.
        connection: String,
    },
    /// Shipments with this connection whose parcel is under way.
    UnderWay(String),
    /// Shipments with the label of a rollout.
    Rollout {
        /// Namespace of the rollout and its shipments.
        namespace: String,
        /// Name of the rollout, the value of the label.
        rollout: String,
    },
    /// Decisions on a shipment.
    Answers {
        /// Namespace of the decisions and their shipment.
        namespace: String,
        /// Name of the shipment.
        shipment: String,
    },
    /// Decisions on a rollout.
    RolloutAnswers {
        /// Namespace of the decisions and their rollout.
        namespace: String,
        /// Name of the rollout.
        rollout: String,
    },
}

impl IndexKey {
    /// A login, whatever its capitals and spelling.
    #[must_use]
    pub fn login(login: &str) -> Self {
        Self::Login(text::folded(&text::tidy(login)))
    }

    /// No two keys have the same text, because only the last part may hold a slash.
    fn text(&self) -> String {
        match self {
            Self::Person(id) => format!("person/{id}"),
            Self::Login(login) => format!("login/{login}"),
            Self::Order(id) => format!("order/{id}"),
            Self::Enrollment(id) => format!("enrollment/{id}"),
            Self::Connection(name) => format!("connection/{name}"),
            Self::Open { namespace, connection } => format!("open/{namespace}/{connection}"),
            Self::UnderWay(connection) => format!("under-way/{connection}"),
            Self::Rollout { namespace, rollout } => format!("rollout/{namespace}/{rollout}"),
            Self::Answers { namespace, shipment } => format!("answers/{namespace}/{shipment}"),
            Self::RolloutAnswers { namespace, rollout } => format!("rollout-answers/{namespace}/{rollout}"),
        }
    }

    /// Open orders that count together.
    #[must_use]
    pub fn open_beside(shipment: &YubiKeyShipment) -> Self {
        Self::Open {
            namespace: shipment.namespace().unwrap_or_default(),
            connection: shipment.spec.connection_ref.name.clone(),
        }
    }
}

/// What an object is found under.
pub trait Indexed: Resource<DynamicType = ()> {
    /// All that it is found by.
    fn index_keys(&self) -> Vec<IndexKey>;
}

impl Indexed for YubiKeyShipment {
    fn index_keys(&self) -> Vec<IndexKey> {
        let connection = &self.spec.connection_ref.name;
        let mut index_keys = vec![IndexKey::Connection(connection.clone())];
        index_keys.extend(self.labels().get(ROLLOUT_LABEL).map(|rollout| IndexKey::Rollout {
            namespace: self.namespace().unwrap_or_default(),
            rollout: rollout.clone(),
        }));
        let status = self.status.as_ref();
        if let Some(id) = status.and_then(|status| status.user_id.clone()) {
            index_keys.push(IndexKey::Person(id));
        } else {
            index_keys.extend(self.spec.user_ref.id.clone().map(IndexKey::Person));
            index_keys.extend(self.spec.user_ref.login.as_deref().map(IndexKey::login));
        }
        let Some(status) = status else { return index_keys };
        index_keys
            .extend(status.order.as_ref().and_then(|order| order.shipment_id.clone()).map(IndexKey::Order));
        let enrollment = status.enrollment.as_ref().and_then(|enrollment| enrollment.id.clone());
        index_keys.extend(enrollment.map(IndexKey::Enrollment));
        if is_open(status) {
            index_keys.push(IndexKey::open_beside(self));
        }
        if is_followed(status) {
            index_keys.push(IndexKey::UnderWay(connection.clone()));
        }
        index_keys
    }
}

impl Indexed for YubiKeyDecision {
    fn index_keys(&self) -> Vec<IndexKey> {
        let namespace = self.namespace().unwrap_or_default();
        let shipment = self.spec.shipment_ref.as_ref().map(|shipment| IndexKey::Answers {
            namespace: namespace.clone(),
            shipment: shipment.name.clone(),
        });
        let rollout = self.spec.rollout_ref.as_ref().map(|rollout| IndexKey::RolloutAnswers {
            namespace: namespace.clone(),
            rollout: rollout.name.clone(),
        });
        shipment.into_iter().chain(rollout).collect()
    }
}

/// Few, and never looked up by anything but their name.
impl Indexed for YubiKeyRollout {
    fn index_keys(&self) -> Vec<IndexKey> {
        Vec::new()
    }
}

/// Names under one key: most have one object only, and a hundred thousand sets of one would weigh more than what
/// they hold.
#[derive(Debug)]
enum Found {
    One(Arc<str>),
    /// Boxed, so that those with one object do not have the room of a set.
    Many(Box<Names>),
}

#[derive(Debug)]
struct Names(HashSet<Arc<str>>);

impl Found {
    fn add(&mut self, object: Arc<str>) {
        match self {
            Self::One(one) if *one == object => {}
            Self::One(one) => *self = Self::Many(Box::new(Names(HashSet::from([Arc::clone(one), object])))),
            Self::Many(all) => drop(all.0.insert(object)),
        }
    }

    /// True if nothing is left.
    fn remove(&mut self, object: &str) -> bool {
        match self {
            Self::One(one) => **one == *object,
            Self::Many(all) => {
                all.0.remove(object);
                all.0.is_empty()
            }
        }
    }

    fn has(&self, object: &str) -> bool {
        match self {
            Self::One(one) => **one == *object,
            Self::Many(all) => all.0.contains(object),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(all) => all.0.len(),
        }
    }

    fn all<K: Resource<DynamicType = ()>>(&self) -> Vec<ObjectRef<K>> {
        match self {
            Self::One(one) => vec![named(one)],
            Self::Many(all) => all.0.iter().map(|object| named(object)).collect(),
        }
    }
}

/// A key as it is kept: 128 random bits of its text, in a sixth of the room. That two of a million million keys share
/// them is less likely than a fault of the memory they lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct KeyHash(u128);

/// What makes [`KeyHash`] of texts; other bits in each process, so that nobody can choose texts that share them.
#[derive(Debug, Default)]
struct Hashers([RandomState; 2]);

impl Hashers {
    fn of(&self, key: &IndexKey) -> KeyHash {
        let text = key.text();
        let [high, low] = self.0.each_ref().map(|hasher| u128::from(hasher.hash_one(&text)));
        KeyHash(high << 64 | low)
    }
}

/// Each name is kept once as text, and shared.
#[derive(Debug, Default)]
struct Sides {
    hashers: Hashers,
    index_keys: HashMap<Arc<str>, Box<[KeyHash]>>,
    objects: HashMap<KeyHash, Found>,
}

impl Sides {
    fn set(&mut self, object: &str, index_keys: &[IndexKey]) {
        let index_keys: Box<[KeyHash]> = index_keys.iter().map(|key| self.hashers.of(key)).collect();
        if self.index_keys.get(object).is_some_and(|before| *before == index_keys) {
            return;
        }
        self.remove(object);
        let object = Arc::from(object);
        index_keys.iter().for_each(|key| self.add(*key, &object));
        self.index_keys.insert(object, index_keys);
    }

    fn add(&mut self, key: KeyHash, object: &Arc<str>) {
        match self.objects.entry(key) {
            Entry::Occupied(mut found) => found.get_mut().add(Arc::clone(object)),
            Entry::Vacant(free) => drop(free.insert(Found::One(Arc::clone(object)))),
        }
    }

    fn remove(&mut self, object: &str) {
        for key in self.index_keys.remove(object).unwrap_or_default() {
            if self.objects.get_mut(&key).is_some_and(|found| found.remove(object)) {
                self.objects.remove(&key);
            }
        }
    }

    fn found(&self, key: &IndexKey) -> Option<&Found> {
        self.objects.get(&self.hashers.of(key))
    }
}

/// What it is called, and nothing of what changes with each write. Neither names nor namespaces hold a slash.
fn name_of<K: Resource<DynamicType = ()>>(object: &K) -> String {
    let meta = object.meta();
    whole_name(meta.namespace.as_deref(), meta.name.as_deref().unwrap_or_default())
}

fn whole_name(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

fn named<K: Resource<DynamicType = ()>>(name: &str) -> ObjectRef<K> {
    match name.split_once('/') {
        Some((namespace, name)) => ObjectRef::new(name).within(namespace),
        None => ObjectRef::new(name),
    }
}

/// The index of one watch.
#[derive(Debug)]
pub struct Index<K: Resource<DynamicType = ()>> {
    sides: RwLock<Sides>,
    /// A list that is not whole yet: until then the one before holds, as in the cache.
    listing: RwLock<Sides>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Resource<DynamicType = ()>> Default for Index<K> {
    fn default() -> Self {
        Self { sides: RwLock::default(), listing: RwLock::default(), kind: PhantomData }
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Indexed + Clone> Index<K> {
    /// Takes an event, as the cache does.
    pub fn note(&self, event: &Event<K>) {
        match event {
            Event::Apply(object) => self.set(object),
            Event::Delete(object) => self.remove(object),
            Event::Init => *write(&self.listing) = Sides::default(),
            Event::InitApply(object) => {
                write(&self.listing).set(&name_of(object), &object.index_keys());
            }
            Event::InitDone => {
                let whole = std::mem::take(&mut *write(&self.listing));
                *write(&self.sides) = whole;
            }
        }
    }

    /// Finds an object by the keys that it has now.
    pub fn set(&self, object: &K) {
        write(&self.sides).set(&name_of(object), &object.index_keys());
    }

    /// Finds an object no more.
    pub fn remove(&self, object: &K) {
        write(&self.sides).remove(&name_of(object));
    }

    /// What is found under a key.
    #[must_use]
    pub fn by_index(&self, key: &IndexKey) -> Vec<ObjectRef<K>> {
        read(&self.sides).found(key).map(Found::all).unwrap_or_default()
    }

    /// Is this object found under a key? It is asked by its name, so that nothing grows with what else is there.
    #[must_use]
    pub fn has(&self, key: &IndexKey, object: &ObjectRef<K>) -> bool {
        let name = whole_name(object.namespace.as_deref(), &object.name);
        read(&self.sides).found(key).is_some_and(|found| found.has(&name))
    }

    /// How much is found under a key.
    #[must_use]
    pub fn count(&self, key: &IndexKey) -> usize {
        read(&self.sides).found(key).map_or(0, Found::len)
    }
}

#[cfg(test)]
mod tests;
