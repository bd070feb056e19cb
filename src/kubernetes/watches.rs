//! Watches and their caches: of the whole cluster, or of the namespaces that are listed.

use std::{collections::BTreeSet, fmt, sync::Arc};

use api::{
    connection::YubiKeyConnection,
    decision::YubiKeyDecision,
    rollout::{ROLLOUT_LABEL, YubiKeyRollout},
    shipment::YubiKeyShipment,
};
use futures::{StreamExt, stream::BoxStream};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Resource, ResourceExt,
    core::PartialObjectMeta,
    runtime::{
        Controller, WatchStreamExt,
        reflector::{self, ObjectRef, Store, store::Writer},
        watcher::{self, Event},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch};

use super::{
    batches,
    decode::{Decoded, Watched},
    index::{Index, Indexed},
    kept::KeptShipment,
    undecodable::{Key, Undecodables, key},
};
use crate::{
    connection::entries::ConnectionEntries,
    kubernetes::{client::WATCH, lister::Cache, watch_health::WatchHealth},
    readiness::Readiness,
};

/// Where shipments and decisions are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// In every namespace.
    Cluster,
    /// In these namespaces; one watch of each kind for each.
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

type Wakes<K> = BoxStream<'static, ObjectRef<K>>;

type Watching<K> = BoxStream<'static, Result<K, watcher::Error>>;

/// What watches of all kinds and places are opened with.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// Speaks to the API server as the operator's service account.
    pub client: &'a Client,
    /// Where it is told what has come.
    pub readiness: &'a Readiness,
    /// Where it is noted what cannot be decoded.
    pub undecodables: &'a Undecodables,
}

/// A watch whose objects are indexed as they come.
fn open_indexed<K>(
    opening: Opening<'_>,
    api: Api<Decoded<K>>,
    place: Option<&str>,
    fate: WatchHealth,
    note: impl Fn(&Event<K>) + Send + 'static,
) -> (Cache<K>, Watching<K::Kept>, Wakes<K::Kept>)
where
    K: Indexed + Watched + Clone + DeserializeOwned + fmt::Debug + Send + Sync + 'static,
{
    let index = Arc::new(Index::default());
    let noted = Arc::clone(&index);
    let (woken, mut wakes) = mpsc::unbounded_channel();
    let gone = woken.clone();
    let (store, watching) = open(opening, api, place, fate, move |event| {
        noted.note(event);
        note(event);
        if let Event::Delete(object) = event {
            let (_, namespace, name) = key::<K>(object);
            // A pass over what is not there any more answers to whoever still speaks of it. Nobody listens at the end.
            let _ = gone.send(ObjectRef::new(&name).within(&namespace));
        }
    });
    let wakes = futures::stream::poll_fn(move |context| wakes.poll_recv(context));
    (Cache { store, index, woken }, watching, wakes.boxed())
}

fn open<K>(
    opening: Opening<'_>,
    api: Api<Decoded<K>>,
    place: Option<&str>,
    fate: WatchHealth,
    note: impl Fn(&Event<K>) + Send + 'static,
) -> (Store<K::Kept>, Watching<K::Kept>)
where
    K: Watched + Clone + DeserializeOwned + fmt::Debug + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let mut sorting = Sorting {
        place: place.map(str::to_owned),
        store: store.clone(),
        writer,
        undecodables: opening.undecodables.clone(),
        listed: BTreeSet::new(),
        note,
    };
    // The most recent list: one of any age (`resourceVersion=0`) the API server hands over whole, however many objects a
    // page may hold, and the process would never give back the memory for that.
    let watch = watcher::watcher(api, watcher::Config::default().page_size(K::PAGE).timeout(WATCH));
    let seen = watch.default_backoff().filter_map(move |event| {
        let event = match event {
            Err(error) => {
                fate.failed(&error);
                None
            }
            Ok(event) => {
                let event = sorting.take(event);
                if matches!(event, Some(Event::InitDone)) {
                    fate.listed();
                }
                event.map(Ok)
            }
        };
        futures::future::ready(event)
    });
    let applied = batches::applied(seen, store.clone());
    (store, applied.boxed())
}

/// Parts what can be decoded, which goes into cache and index, from what cannot. At no moment an object is in neither:
/// whoever looks then would find nobody in its way.
struct Sorting<K: 'static + Watched, N> {
    place: Option<String>,
    store: Store<K::Kept>,
    writer: Writer<K::Kept>,
    undecodables: Undecodables,
    /// Undecodable objects of a list that is not whole yet.
    listed: BTreeSet<Key>,
    note: N,
}

impl<K, N> Sorting<K, N>
where
    K: Watched + Clone + DeserializeOwned,
    N: Fn(&Event<K>),
{
    /// Takes an event; what is left of it for whoever sees decoded objects only.
    fn take(&mut self, event: Event<Decoded<K>>) -> Option<Event<K::Kept>> {
        match event {
            Event::Init => {
                self.listed.clear();
                Some(self.keep(Event::Init))
            }
            Event::InitApply(Decoded(Ok(object))) => Some(self.keep(Event::InitApply(object))),
            Event::InitApply(Decoded(Err(object))) => {
                let key = (K::KIND, object.namespace(), object.name());
                self.listed.insert(key.clone());
                self.undecodables.put(key, object);
                None
            }
            Event::InitDone => {
                let kept = self.keep(Event::InitDone);
                self.undecodables.retain(K::KIND, self.place.as_deref(), &self.listed);
                Some(kept)
            }
            Event::Apply(Decoded(Ok(object))) => {
                let key = key::<K>(&object);
                let kept = self.keep(Event::Apply(object));
                self.undecodables.remove(&key);
                Some(kept)
            }
            Event::Apply(Decoded(Err(object))) => {
                let key = (K::KIND, object.namespace(), object.name());
                self.undecodables.put(key.clone(), object);
                self.drop_cached(&key)
            }
            Event::Delete(Decoded(object)) => {
                let key = match &object {
                    Ok(object) => key::<K>(object),
                    Err(object) => (K::KIND, object.namespace(), object.name()),
                };
                self.undecodables.remove(&key);
                match object {
                    Ok(object) => Some(self.keep(Event::Delete(object))),
                    Err(_) => self.drop_cached(&key),
                }
            }
        }
    }

    /// Index and cache change in one step, between which nobody looks.
    fn keep(&mut self, event: Event<K>) -> Event<K::Kept> {
        (self.note)(&event);
        let event = match event {
            Event::Apply(object) => Event::Apply(object.keep()),
            Event::Delete(object) => Event::Delete(object.keep()),
            Event::Init => Event::Init,
            Event::InitApply(object) => Event::InitApply(object.keep()),
            Event::InitDone => Event::InitDone,
        };
        self.writer.apply_watcher_event(&event);
        event
    }

    /// It could be decoded before.
    fn drop_cached(&mut self, (_, namespace, name): &Key) -> Option<Event<K::Kept>> {
        let object = match namespace.as_str() {
            "" => ObjectRef::new(name),
            namespace => ObjectRef::new(name).within(namespace),
        };
        let cached = K::whole(&self.store.get(&object)?)?;
        Some(self.keep(Event::Delete(K::clone(&cached))))
    }
}

fn scoped<K>(client: &Client, place: Option<&str>) -> Api<Decoded<K>>
where
    K: Watched + Resource<Scope = kube::core::NamespaceResourceScope>,
{
    match place {
        None => Api::all(client.clone()),
        Some(namespace) => Api::namespaced(client.clone(), namespace),
    }
}

/// The watches of one place.
pub struct NamespaceWatch {
    /// Follows its shipments, and looks at one when a decision names it.
    pub controller: Controller<KeptShipment>,
    /// Its shipments, as watched.
    pub shipments: Cache<YubiKeyShipment>,
    /// Shipments that have just gone, as they were last.
    pub gone: mpsc::UnboundedReceiver<YubiKeyShipment>,
    /// Its decisions, as watched.
    pub decisions: Cache<YubiKeyDecision>,
    /// Follows its rollouts, and looks at one when a decision names it or a shipment of it changes.
    pub rollout_controller: Controller<YubiKeyRollout>,
    /// Its rollouts, as watched.
    pub rollouts: Cache<YubiKeyRollout>,
    answers: [watch::Receiver<bool>; 3],
}

impl NamespaceWatch {
    /// Opens the watches of one namespace, or of the whole cluster.
    ///
    /// (`for_stream` is marked unstable in kube 5; the lock file pins it.)
    #[must_use]
    pub fn open(opening: Opening<'_>, place: Option<&str>) -> Self {
        let [seen, decided, rolled] = ["shipments", "decisions", "rollouts"]
            .map(|kind| WatchHealth::new(kind, place, opening.readiness));
        let answers = [&seen, &decided, &rolled].map(|fate| fate.answered.subscribe());
        let client = opening.client;
        let (last_seen, gone) = mpsc::unbounded_channel();
        let undecodables = opening.undecodables.clone();
        let (rollouts, plans, rollout_wakes) =
            open_indexed(opening, scoped::<YubiKeyRollout>(client, place), place, rolled, |_| {});
        let (poke, told) = (rollouts.woken.clone(), rollouts.woken.clone());
        let note = move |event: &Event<YubiKeyShipment>| match event {
            Event::Apply(shipment) | Event::InitApply(shipment) => {
                if let Some(rollout) = rollout_of(shipment) {
                    // Nobody listens any more at the end.
                    let _ = poke.send(rollout);
                }
            }
            Event::Delete(shipment) => {
                // What can only not be decoded any more is still there.
                let (kind, namespace, name) = key::<YubiKeyShipment>(shipment);
                if undecodables.get(kind, &namespace, &name).is_none() {
                    // Nobody listens any more at the end.
                    let _ = last_seen.send(shipment.clone());
                }
            }
            Event::Init | Event::InitDone => {}
        };
        let (shipments, stream, wakes) =
            open_indexed(opening, scoped::<YubiKeyShipment>(client, place), place, seen, note);
        let (decisions, words, _) =
            open_indexed(opening, scoped::<YubiKeyDecision>(client, place), place, decided, |_| {});
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
        Self { controller, shipments, gone, decisions, rollout_controller, rollouts, answers }
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

/// Connections of the whole cluster; they have no namespace. What is known of one comes and goes with it.
#[must_use]
pub fn connections(
    opening: Opening<'_>,
    registry: &Arc<ConnectionEntries>,
) -> (Controller<YubiKeyConnection>, Store<YubiKeyConnection>) {
    let fate = WatchHealth::new("connections", None, opening.readiness);
    let api = Api::<Decoded<YubiKeyConnection>>::all(opening.client.clone());
    let known = Arc::clone(registry);
    let note = move |event: &Event<YubiKeyConnection>| known.note(event);
    let (store, stream) = open(opening, api, None, fate, note);
    (Controller::for_stream(stream, store.clone()), store)
}

/// Metadata of all namespaces; of it, labels and times are kept.
pub(super) fn namespaces(
    opening: Opening<'_>,
) -> (Store<PartialObjectMeta<Namespace>>, Watching<PartialObjectMeta<Namespace>>) {
    let fate = WatchHealth::new("namespaces", None, opening.readiness);
    let api = Api::<Decoded<PartialObjectMeta<Namespace>>>::all(opening.client.clone());
    open(opening, api, None, fate, |_| {})
}

#[cfg(test)]
mod tests;
