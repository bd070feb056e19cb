//! Watches and their caches: of the whole cluster, or of the namespaces that are listed.

use std::{fmt, sync::Arc};

use futures::{StreamExt, stream::BoxStream};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Resource, ResourceExt,
    core::PartialObjectMeta,
    runtime::{
        Controller, WatchStreamExt,
        reflector::{self, ObjectRef, Store},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch};

use super::index::{Index, Indexed, Term};
use crate::{
    api::{
        REQUESTED_AT,
        connection::YubiKeyConnection,
        decision::YubiKeyDecision,
        rollout::{ROLLOUT_LABEL, YubiKeyRollout},
        shipment::YubiKeyShipment,
    },
    readiness::Readiness,
};

/// Objects of a page of the first list. A page is held as text and as objects at once, so it weighs more than what is
/// kept of it.
const PAGE: u32 = 100;

/// Where shipments and decisions are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// In every namespace.
    Cluster,
    /// In these.
    Namespaces(Vec<String>),
}

impl Scope {
    /// One entry a watch; `None` is the whole cluster.
    #[must_use]
    pub fn places(&self) -> Vec<Option<String>> {
        match self {
            Self::Cluster => vec![None],
            Self::Namespaces(names) => names.iter().cloned().map(Some).collect(),
        }
    }
}

/// What one watch keeps: the objects, and what they are looked up by.
pub struct Cache<K: 'static + Resource<DynamicType = ()>> {
    /// The objects.
    pub store: Store<K>,
    index: Arc<Index<K>>,
    woken: mpsc::UnboundedSender<ObjectRef<K>>,
}

impl<K: 'static + Resource<DynamicType = ()> + Clone> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), index: Arc::clone(&self.index), woken: self.woken.clone() }
    }
}

/// All objects of one kind, whichever watch they come from.
pub struct View<K: 'static + Resource<DynamicType = ()>>(Arc<[Cache<K>]>);

impl<K: 'static + Resource<DynamicType = ()>> Clone for View<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: 'static + Indexed + Clone> View<K> {
    /// Every object. A walk over all: for what has no term.
    #[must_use]
    pub fn state(&self) -> Vec<Arc<K>> {
        self.0.iter().flat_map(|cache| cache.store.state()).collect()
    }

    /// The objects under a term.
    #[must_use]
    pub fn under(&self, term: &Term) -> Vec<Arc<K>> {
        let found = |cache: &Cache<K>| -> Vec<_> {
            cache.index.under(term).iter().filter_map(|object| cache.store.get(object)).collect()
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

    /// How many objects are under a term.
    #[must_use]
    pub fn count(&self, term: &Term) -> usize {
        self.0.iter().map(|cache| cache.index.count(term)).sum()
    }
}

impl<K: 'static + Resource<DynamicType = ()>> FromIterator<Cache<K>> for View<K> {
    fn from_iter<T: IntoIterator<Item = Cache<K>>>(caches: T) -> Self {
        Self(caches.into_iter().collect())
    }
}

/// What becomes of one watch, for `/readyz`, the log, and those who wait for its first answer.
#[derive(Clone)]
struct Fate {
    what: String,
    /// The thing that all watches of this kind bring about together.
    kind: &'static str,
    readiness: Readiness,
    answered: Arc<watch::Sender<bool>>,
}

impl Fate {
    fn new(kind: &'static str, place: Option<&str>, readiness: &Readiness) -> Self {
        let what = place.map_or_else(|| kind.to_owned(), |namespace| format!("{kind} in {namespace}"));
        Self { what, kind, readiness: readiness.clone(), answered: Arc::new(watch::channel(false).0) }
    }

    fn listed(&self) {
        self.readiness.has(&self.what);
        self.readiness.has(self.kind);
        tracing::info!(watch = self.what, "watching");
        self.answered.send_replace(true);
    }

    /// The watch starts again by itself, with growing waits; it is said once.
    fn failed(&self, error: &dyn fmt::Display) {
        let why = error.to_string();
        if self.readiness.lacks(&self.what, &why) {
            tracing::warn!(watch = self.what, %error, "the watch was interrupted; it starts again");
        }
        self.answered.send_replace(true);
    }
}

type Watching<K> = BoxStream<'static, Result<K, watcher::Error>>;

/// A watch whose objects are indexed as they come.
fn open_indexed<K>(
    api: Api<K>,
    fate: Fate,
    trim: impl FnMut(&mut K) + Send + 'static,
) -> (Cache<K>, Watching<K>, BoxStream<'static, ObjectRef<K>>)
where
    K: Indexed + Clone + DeserializeOwned + fmt::Debug + Send + Sync + 'static,
{
    let index = Arc::new(Index::default());
    let noted = Arc::clone(&index);
    let (store, watching) = open(api, fate, trim, move |event| noted.note(event));
    let (woken, mut wakes) = mpsc::unbounded_channel();
    let wakes = futures::stream::poll_fn(move |context| wakes.poll_recv(context));
    (Cache { store, index, woken }, watching, wakes.boxed())
}

fn open<K>(
    api: Api<K>,
    fate: Fate,
    trim: impl FnMut(&mut K) + Send + 'static,
    note: impl Fn(&watcher::Event<K>) + Send + 'static,
) -> (Store<K>, Watching<K>)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + fmt::Debug + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let watch = watcher(api, watcher::Config::default().any_semantic().page_size(PAGE))
        .default_backoff()
        .modify(trim);
    let seen = reflector::reflector(writer, watch).filter_map(move |event| {
        let event = match event {
            Err(error) => {
                fate.failed(&error);
                None
            }
            Ok(event) => {
                note(&event);
                if matches!(event, watcher::Event::InitDone) {
                    fate.listed();
                }
                Some(Ok(event))
            }
        };
        futures::future::ready(event)
    });
    (store, seen.applied_objects().boxed())
}

fn scoped<K>(client: &Client, place: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    match place {
        None => Api::all(client.clone()),
        Some(namespace) => Api::namespaced(client.clone(), namespace),
    }
}

/// The watches of one place.
pub struct Place {
    /// Follows its shipments, and looks at one when a decision names it.
    pub controller: Controller<YubiKeyShipment>,
    /// Its shipments.
    pub shipments: Cache<YubiKeyShipment>,
    /// Its decisions.
    pub decisions: Cache<YubiKeyDecision>,
    /// Follows its rollouts, and looks at one when a decision names it or a shipment of it changes.
    pub rollout_controller: Controller<YubiKeyRollout>,
    /// Its rollouts.
    pub rollouts: Cache<YubiKeyRollout>,
    answers: [watch::Receiver<bool>; 3],
}

impl Place {
    /// Opens the watches of one namespace, or of the whole cluster.
    ///
    /// The caches drop what nobody here reads: field ownership and foreign annotations weigh more than the rest of a
    /// shipment. (`for_stream` is marked unstable in kube 5; the lock file pins it.)
    #[must_use]
    pub fn open(client: &Client, place: Option<&str>, readiness: &Readiness) -> Self {
        let [seen, decided, rolled] =
            ["shipments", "decisions", "rollouts"].map(|kind| Fate::new(kind, place, readiness));
        let answers = [&seen, &decided, &rolled].map(|fate| fate.answered.subscribe());
        let (shipments, stream, wakes) =
            open_indexed(scoped::<YubiKeyShipment>(client, place), seen, |shipment| {
                shipment.metadata.managed_fields = None;
                if let Some(annotations) = shipment.metadata.annotations.as_mut() {
                    annotations.retain(|key, _| key == REQUESTED_AT);
                }
            });
        let (decisions, words, _) =
            open_indexed(scoped::<YubiKeyDecision>(client, place), decided, |decision| {
                decision.metadata.managed_fields = None;
            });
        let (rollouts, plans, rollout_wakes) =
            open_indexed(scoped::<YubiKeyRollout>(client, place), rolled, |rollout| {
                rollout.metadata.managed_fields = None;
                if let Some(annotations) = rollout.metadata.annotations.as_mut() {
                    annotations.retain(|key, _| key == REQUESTED_AT);
                }
            });
        let poke = rollouts.woken.clone();
        let told = poke.clone();
        let stream = stream.inspect(move |shipment| {
            if let Ok(shipment) = shipment
                && let Some(rollout) = rollout_of(shipment)
            {
                // Nobody listens any more at the end.
                let _ = poke.send(rollout);
            }
        });
        let words = words.inspect(move |decision| {
            if let Ok(decision) = decision
                && let Some(rollout) = &decision.spec.rollout_ref
            {
                let namespace = decision.namespace().unwrap_or_default();
                let _ = told.send(ObjectRef::new(&rollout.name).within(&namespace));
            }
        });
        let rollout_controller =
            Controller::for_stream(plans, rollouts.store.clone()).reconcile_on(rollout_wakes);
        let controller =
            Controller::for_stream(stream, shipments.store.clone()).watches_stream(words, |decision| {
                let namespace = decision.namespace().unwrap_or_default();
                let shipment = decision.spec.shipment_ref?;
                Some(ObjectRef::new(&shipment.name).within(&namespace))
            });
        let controller = controller.reconcile_on(wakes);
        Self { controller, shipments, decisions, rollout_controller, rollouts, answers }
    }

    /// Resolves once both watches have listed or failed: nobody waits for a namespace that is not there.
    pub fn answered(&self) -> impl Future<Output = ()> + Send + 'static {
        let answers = self.answers.clone();
        async move {
            for mut answer in answers {
                // A sender that is gone says nothing any more.
                let _ = answer.wait_for(|answered| *answered).await;
            }
        }
    }
}

/// The rollout that made a shipment, by its label.
fn rollout_of(shipment: &YubiKeyShipment) -> Option<ObjectRef<YubiKeyRollout>> {
    let name = shipment.labels().get(ROLLOUT_LABEL)?;
    Some(ObjectRef::new(name).within(&shipment.namespace()?))
}

/// Connections of the whole cluster; they have no namespace.
#[must_use]
pub fn connections(
    client: &Client,
    readiness: &Readiness,
) -> (Controller<YubiKeyConnection>, Store<YubiKeyConnection>) {
    let fate = Fate::new("connections", None, readiness);
    let (store, stream) = open(Api::<YubiKeyConnection>::all(client.clone()), fate, |_| {}, |_| {});
    (Controller::for_stream(stream, store.clone()), store)
}

/// Metadata of all namespaces; of it, labels and times are kept.
pub(super) fn namespaces(
    client: &Client,
    readiness: &Readiness,
) -> (Store<PartialObjectMeta<Namespace>>, Watching<PartialObjectMeta<Namespace>>) {
    let fate = Fate::new("namespaces", None, readiness);
    let trim = |namespace: &mut PartialObjectMeta<Namespace>| {
        namespace.metadata.managed_fields = None;
        namespace.metadata.annotations = None;
    };
    open(Api::<PartialObjectMeta<Namespace>>::all(client.clone()), fate, trim, |_| {})
}
