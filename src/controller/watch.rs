//! Watches and their caches: of the whole cluster, or of the namespaces that are listed.

use std::{fmt, sync::Arc};

use futures::{StreamExt, channel::mpsc};
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
use tokio::sync::watch;

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

/// All objects of one kind, whichever watch they come from.
pub struct View<K: 'static + Resource<DynamicType = ()>>(Vec<Store<K>>);

impl<K: 'static + Resource<DynamicType = ()> + Clone> View<K> {
    /// Every object.
    #[must_use]
    pub fn state(&self) -> Vec<Arc<K>> {
        match &self.0[..] {
            [only] => only.state(),
            all => all.iter().flat_map(Store::state).collect(),
        }
    }
}

impl<K: 'static + Resource<DynamicType = ()>> FromIterator<Store<K>> for View<K> {
    fn from_iter<T: IntoIterator<Item = Store<K>>>(stores: T) -> Self {
        Self(stores.into_iter().collect())
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

type Watching<K> = futures::stream::BoxStream<'static, Result<K, watcher::Error>>;

fn open<K>(api: Api<K>, fate: Fate, trim: impl FnMut(&mut K) + Send + 'static) -> (Store<K>, Watching<K>)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + fmt::Debug + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let watch = watcher(api, watcher::Config::default().any_semantic()).default_backoff().modify(trim);
    let seen = reflector::reflector(writer, watch).filter_map(move |event| {
        let event = match event {
            Err(error) => {
                fate.failed(&error);
                None
            }
            Ok(event) => {
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
    pub shipments: Store<YubiKeyShipment>,
    /// Its decisions.
    pub decisions: Store<YubiKeyDecision>,
    /// Follows its rollouts, and looks at one when a decision names it or a shipment of it changes.
    pub rollout_controller: Controller<YubiKeyRollout>,
    /// Its rollouts.
    pub rollouts: Store<YubiKeyRollout>,
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
        let (poke, poked) = mpsc::unbounded::<ObjectRef<YubiKeyRollout>>();
        let told = poke.clone();
        let (shipments, stream) = open(scoped::<YubiKeyShipment>(client, place), seen, |shipment| {
            shipment.metadata.managed_fields = None;
            if let Some(annotations) = shipment.metadata.annotations.as_mut() {
                annotations.retain(|key, _| key == REQUESTED_AT);
            }
        });
        let (decisions, words) = open(scoped::<YubiKeyDecision>(client, place), decided, |decision| {
            decision.metadata.managed_fields = None;
        });
        let (rollouts, plans) = open(scoped::<YubiKeyRollout>(client, place), rolled, |rollout| {
            rollout.metadata.managed_fields = None;
            if let Some(annotations) = rollout.metadata.annotations.as_mut() {
                annotations.retain(|key, _| key == REQUESTED_AT);
            }
        });
        let stream = stream.inspect(move |shipment| {
            if let Ok(shipment) = shipment
                && let Some(rollout) = rollout_of(shipment)
            {
                // Nobody listens any more at the end.
                let _ = poke.unbounded_send(rollout);
            }
        });
        let words = words.inspect(move |decision| {
            if let Ok(decision) = decision
                && let Some(rollout) = &decision.spec.rollout_ref
            {
                let namespace = decision.namespace().unwrap_or_default();
                let _ = told.unbounded_send(ObjectRef::new(&rollout.name).within(&namespace));
            }
        });
        let rollout_controller = Controller::for_stream(plans, rollouts.clone()).reconcile_on(poked);
        let controller =
            Controller::for_stream(stream, shipments.clone()).watches_stream(words, |decision| {
                let namespace = decision.namespace().unwrap_or_default();
                let shipment = decision.spec.shipment_ref?;
                Some(ObjectRef::new(&shipment.name).within(&namespace))
            });
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
    let (store, stream) = open(Api::<YubiKeyConnection>::all(client.clone()), fate, |_| {});
    (Controller::for_stream(stream, store.clone()), store)
}

/// Metadata of all namespaces; of it, labels and times are kept.
pub(super) fn namespaces(
    client: &Client,
    readiness: &Readiness,
) -> (Store<PartialObjectMeta<Namespace>>, Watching<PartialObjectMeta<Namespace>>) {
    let fate = Fate::new("namespaces", None, readiness);
    open(Api::<PartialObjectMeta<Namespace>>::all(client.clone()), fate, |namespace| {
        namespace.metadata.managed_fields = None;
        namespace.metadata.annotations = None;
    })
}
