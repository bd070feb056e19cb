//! What passes ask of all objects at once (the person's other shipments, who has an order, what waits for an answer),
//! kept in step with the watch. A walk over ten thousand shipments at each step of each pass would be most of the work.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use api::{
    decision::YubiKeyDecision,
    rollout::{ROLLOUT_LABEL, YubiKeyRollout},
    shipment::YubiKeyShipment,
};
use kube::{
    Resource, ResourceExt,
    runtime::{reflector::ObjectRef, watcher::Event},
};

use crate::context::{is_followed, is_open};

/// What objects are looked up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Term {
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
        /// The namespace.
        namespace: String,
        /// The connection.
        connection: String,
    },
    /// Shipments with this connection whose parcel is under way.
    UnderWay(String),
    /// Shipments with the label of a rollout.
    Rollout {
        /// Its namespace.
        namespace: String,
        /// Its name.
        rollout: String,
    },
    /// Decisions on a shipment.
    Answers {
        /// Its namespace.
        namespace: String,
        /// Its name.
        shipment: String,
    },
    /// Decisions on a rollout.
    RolloutAnswers {
        /// Its namespace.
        namespace: String,
        /// Its name.
        rollout: String,
    },
}

impl Term {
    /// A login, whatever its capitals.
    #[must_use]
    pub fn login(login: &str) -> Self {
        Self::Login(login.to_ascii_lowercase())
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
    /// All of its terms.
    fn terms(&self) -> Vec<Term>;
}

impl Indexed for YubiKeyShipment {
    fn terms(&self) -> Vec<Term> {
        let connection = &self.spec.connection_ref.name;
        let mut terms = vec![Term::Connection(connection.clone())];
        terms.extend(self.labels().get(ROLLOUT_LABEL).map(|rollout| Term::Rollout {
            namespace: self.namespace().unwrap_or_default(),
            rollout: rollout.clone(),
        }));
        let status = self.status.as_ref();
        if let Some(id) = status.and_then(|status| status.user_id.clone()) {
            terms.push(Term::Person(id));
        } else {
            terms.extend(self.spec.user_ref.id.clone().map(Term::Person));
            terms.extend(self.spec.user_ref.login.as_deref().map(Term::login));
        }
        let Some(status) = status else { return terms };
        terms.extend(status.order.as_ref().and_then(|order| order.shipment_id.clone()).map(Term::Order));
        let enrollment = status.enrollment.as_ref().and_then(|enrollment| enrollment.id.clone());
        terms.extend(enrollment.map(Term::Enrollment));
        if is_open(status) {
            terms.push(Term::open_beside(self));
        }
        if is_followed(status) {
            terms.push(Term::UnderWay(connection.clone()));
        }
        terms
    }
}

impl Indexed for YubiKeyDecision {
    fn terms(&self) -> Vec<Term> {
        let namespace = self.namespace().unwrap_or_default();
        let shipment = self
            .spec
            .shipment_ref
            .as_ref()
            .map(|shipment| Term::Answers { namespace: namespace.clone(), shipment: shipment.name.clone() });
        let rollout = self.spec.rollout_ref.as_ref().map(|rollout| Term::RolloutAnswers {
            namespace: namespace.clone(),
            rollout: rollout.name.clone(),
        });
        shipment.into_iter().chain(rollout).collect()
    }
}

/// Few, and never looked up by anything but their name.
impl Indexed for YubiKeyRollout {
    fn terms(&self) -> Vec<Term> {
        Vec::new()
    }
}

/// Names under one term: most have one object only, and a hundred thousand sets of one would weigh more than what
/// they hold.
#[derive(Debug)]
enum Found<K: Resource<DynamicType = ()>> {
    One(Arc<ObjectRef<K>>),
    Many(HashSet<Arc<ObjectRef<K>>>),
}

impl<K: Resource<DynamicType = ()>> Found<K> {
    fn add(&mut self, object: Arc<ObjectRef<K>>) {
        match self {
            Self::One(one) if *one == object => {}
            Self::One(one) => *self = Self::Many(HashSet::from([Arc::clone(one), object])),
            Self::Many(all) => drop(all.insert(object)),
        }
    }

    /// True if nothing is left.
    fn remove(&mut self, object: &ObjectRef<K>) -> bool {
        match self {
            Self::One(one) => **one == *object,
            Self::Many(all) => {
                all.remove(object);
                all.is_empty()
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(all) => all.len(),
        }
    }

    fn all(&self) -> Vec<ObjectRef<K>> {
        match self {
            Self::One(one) => vec![(**one).clone()],
            Self::Many(all) => all.iter().map(|object| (**object).clone()).collect(),
        }
    }
}

/// Each name and each term is kept once, and shared.
#[derive(Debug)]
struct Sides<K: Resource<DynamicType = ()>> {
    terms: HashMap<Arc<ObjectRef<K>>, Box<[Arc<Term>]>>,
    objects: HashMap<Arc<Term>, Found<K>>,
}

impl<K: Resource<DynamicType = ()>> Default for Sides<K> {
    fn default() -> Self {
        Self { terms: HashMap::new(), objects: HashMap::new() }
    }
}

impl<K: Resource<DynamicType = ()> + Clone> Sides<K> {
    fn set(&mut self, object: ObjectRef<K>, terms: Vec<Term>) {
        if self.terms.get(&object).is_some_and(|before| before.iter().map(AsRef::as_ref).eq(&terms)) {
            return;
        }
        self.remove(&object);
        let object = Arc::new(object);
        let terms = terms.into_iter().map(|term| self.add(term, &object)).collect();
        self.terms.insert(object, terms);
    }

    fn add(&mut self, term: Term, object: &Arc<ObjectRef<K>>) -> Arc<Term> {
        let term = match self.objects.get_key_value(&term) {
            Some((known, _)) => Arc::clone(known),
            None => Arc::new(term),
        };
        match self.objects.entry(Arc::clone(&term)) {
            Entry::Occupied(mut found) => found.get_mut().add(Arc::clone(object)),
            Entry::Vacant(free) => drop(free.insert(Found::One(Arc::clone(object)))),
        }
        term
    }

    fn remove(&mut self, object: &ObjectRef<K>) {
        for term in self.terms.remove(object).unwrap_or_default() {
            if self.objects.get_mut(&term).is_some_and(|found| found.remove(object)) {
                self.objects.remove(&term);
            }
        }
    }
}

/// What it is called, and nothing of what changes with each write.
fn name_of<K: Resource<DynamicType = ()>>(object: &K) -> ObjectRef<K> {
    let name = ObjectRef::new(&object.name_any());
    match object.namespace() {
        Some(namespace) => name.within(&namespace),
        None => name,
    }
}

/// The index of one watch.
#[derive(Debug)]
pub struct Index<K: Resource<DynamicType = ()>> {
    sides: RwLock<Sides<K>>,
    /// A list that is not whole yet: until then the one before holds, as in the cache.
    listing: RwLock<Sides<K>>,
}

impl<K: Resource<DynamicType = ()>> Default for Index<K> {
    fn default() -> Self {
        Self { sides: RwLock::default(), listing: RwLock::default() }
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Indexed + Clone> Index<K> {
    /// Takes an event, after the cache took it.
    pub fn note(&self, event: &Event<K>) {
        match event {
            Event::Apply(object) => write(&self.sides).set(name_of(object), object.terms()),
            Event::Delete(object) => write(&self.sides).remove(&name_of(object)),
            Event::Init => *write(&self.listing) = Sides::default(),
            Event::InitApply(object) => {
                write(&self.listing).set(name_of(object), object.terms());
            }
            Event::InitDone => {
                let whole = std::mem::take(&mut *write(&self.listing));
                *write(&self.sides) = whole;
            }
        }
    }

    /// What is found under a term.
    #[must_use]
    pub fn under(&self, term: &Term) -> Vec<ObjectRef<K>> {
        read(&self.sides).objects.get(term).map(Found::all).unwrap_or_default()
    }

    /// How much is found under a term.
    #[must_use]
    pub fn count(&self, term: &Term) -> usize {
        read(&self.sides).objects.get(term).map_or(0, Found::len)
    }
}

#[cfg(test)]
mod tests;
