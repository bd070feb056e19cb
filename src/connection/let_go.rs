//! The record of orders that were let go, in the status of their connection: it stands before the finalizer goes, so
//! that no restart and no deletion makes room for more orders than the connection admits.

use api::shipment::journal_status;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use api::{
    connection::{self, MOST_LET_GO, YubiKeyConnection},
    shipment::YubiKeyShipment,
};
use domain::{
    backoff,
    let_go::{self, LetGo},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use kube::{Api, ResourceExt, runtime::reflector::ObjectRef};
use system::clock;
use tokio::sync::{Mutex, mpsc};

use crate::{
    context::Context,
    kubernetes::status_patch::{self, CommitError},
};

/// Conflicts in a row after which the pass gives up and comes back later.
const MOST_CONFLICTS: usize = 5;

/// How long it is remembered that an order was counted.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// Tries to count an order whose shipment is gone already.
const MOST_TRIES: u32 = 8;

/// What this process wrote.
#[derive(Debug, Default)]
pub struct Record {
    /// Held while a record is written, so that a thousand deletions at once are no thousand conflicts.
    writing: Mutex<()>,
    /// Connections as written last, by name.
    written: std::sync::Mutex<HashMap<String, Arc<YubiKeyConnection>>>,
    /// Shipments whose order stands in the record, and since when: a pass that began before they were gone, and the
    /// event that they are, come later.
    noted: std::sync::Mutex<HashMap<String, Timestamp>>,
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    fn knows(&self, uid: &str) -> bool {
        lock(&self.noted).contains_key(uid)
    }

    fn note(&self, uid: String) {
        let now = clock::now();
        let mut noted = lock(&self.noted);
        noted.retain(|_, at| now.duration_since(*at) < REMEMBERED);
        noted.insert(uid, now);
    }

    fn keep(&self, connection: &Arc<YubiKeyConnection>) {
        lock(&self.written).insert(connection.name_any(), Arc::clone(connection));
    }

    /// The newer of the connection as watched and as written here.
    fn newest(&self, watched: Arc<YubiKeyConnection>) -> Arc<YubiKeyConnection> {
        let written = lock(&self.written).get(&watched.name_any()).cloned();
        let newer =
            |ours: &Arc<YubiKeyConnection>| ours.uid() == watched.uid() && version(ours) > version(&watched);
        written.filter(newer).unwrap_or(watched)
    }
}

impl Context {
    /// Orders of the shipment's namespace and connection that were let go and may not have arrived yet.
    #[must_use]
    pub fn let_go(&self, object: &YubiKeyShipment) -> u32 {
        let Some(connection) = self.connections.get(&ObjectRef::new(&object.spec.connection_ref.name)) else {
            return 0;
        };
        let status = self.let_go.newest(connection).status.clone().unwrap_or_default();
        let_go::count(&read(&status.let_go), &object.namespace().unwrap_or_default(), today())
    }

    /// Writes that an order of this shipment is let go. Where the connection is gone there is nothing to count against.
    ///
    /// # Errors
    /// If it could not be written: then nothing may be let go. A crash after it counts the order twice, never not at all.
    pub async fn note_let_go(&self, object: &YubiKeyShipment) -> Result<(), CommitError> {
        let uid = object.uid().unwrap_or_default();
        let name = &object.spec.connection_ref.name;
        let _writing = self.let_go.writing.lock().await;
        if self.let_go.knows(&uid) {
            return Ok(());
        }
        let api: Api<YubiKeyConnection> = Api::all(self.client.clone());
        let watched = self.connections.get(&ObjectRef::new(name));
        let mut known = watched.map(|watched| self.let_go.newest(watched));
        for _ in 0..MOST_CONFLICTS {
            let Some(connection) = known.take() else {
                // One that is there and cannot be read still bounds what its namespaces may order.
                return self.undecodable_connection(name).map_or(Ok(()), |failure| Err(failure.into()));
            };
            match write(&api, &connection, &object.namespace().unwrap_or_default()).await {
                Ok(written) => {
                    self.let_go.keep(&Arc::new(written));
                    self.let_go.note(uid);
                    return Ok(());
                }
                Err(CommitError::Conflict) => {
                    known = api.get_opt(name).await.map_err(status_patch::classify)?.map(Arc::new);
                }
                Err(CommitError::Gone) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Err(CommitError::Conflict)
    }
}

/// Counts the orders of shipments that somebody tore away: without its finalizer a shipment goes before any pass could
/// say so, and whoever may write shipments may remove that.
pub async fn follow(
    mut gone: mpsc::UnboundedReceiver<YubiKeyShipment>,
    ctx: Arc<Context>,
    stop: impl Future<Output = ()> + Send,
) {
    let all = async {
        while let Some(shipment) = gone.recv().await {
            take_up(&shipment, &ctx).await;
        }
    };
    futures::future::select(Box::pin(all), Box::pin(stop)).await;
}

async fn take_up(shipment: &YubiKeyShipment, ctx: &Arc<Context>) {
    let uid = shipment.uid().unwrap_or_default();
    if ctx.let_go.knows(&uid) || !ctx.leadership.is_held() || !may_arrive(shipment) {
        return;
    }
    tracing::warn!(
        namespace = shipment.namespace(),
        name = shipment.name_any(),
        "a shipment with an order under way was torn away by hand"
    );
    for count in 1..=MOST_TRIES {
        match ctx.note_let_go(shipment).await {
            Ok(()) => break,
            Err(error) => {
                tracing::warn!(%error, count, "the order of a shipment that was torn away is not counted yet");
                tokio::time::sleep(backoff::delay(count).unsigned_abs()).await;
            }
        }
    }
}

/// A status that cannot be read may hide an order.
fn may_arrive(shipment: &YubiKeyShipment) -> bool {
    let status = shipment.status.clone().unwrap_or_default();
    journal_status::read(&status).map_or(true, |journal| journal.is_under_way())
}

async fn write(
    api: &Api<YubiKeyConnection>,
    connection: &YubiKeyConnection,
    namespace: &str,
) -> Result<YubiKeyConnection, CommitError> {
    let old = connection.status.clone().unwrap_or_default();
    let mut new = old.clone();
    new.let_go = shown(let_go::add(read(&old.let_go), namespace, today(), MOST_LET_GO));
    let written = status_patch::commit(api, connection, &old, &new, |object| object.status.as_ref()).await?;
    Ok(written.unwrap_or_else(|| connection.clone()))
}

/// The entries that still count, for whoever writes the status anyway.
#[must_use]
pub fn current(entries: &[connection::LetGo]) -> Vec<connection::LetGo> {
    shown(let_go::current(read(entries), today()))
}

/// A day that cannot be read counts as today: longer rather than not at all.
fn read(entries: &[connection::LetGo]) -> Vec<LetGo> {
    let one = |entry: &connection::LetGo| LetGo {
        namespace: entry.namespace.clone(),
        day: entry.day.parse().unwrap_or_else(|_| today()),
        orders: entry.orders,
    };
    entries.iter().map(one).collect()
}

fn shown(entries: Vec<LetGo>) -> Vec<connection::LetGo> {
    let one = |entry: LetGo| connection::LetGo {
        namespace: entry.namespace,
        day: entry.day.to_string(),
        orders: entry.orders,
    };
    entries.into_iter().map(one).collect()
}

fn today() -> Date {
    clock::now().to_zoned(TimeZone::UTC).date()
}

fn version(object: &YubiKeyConnection) -> u64 {
    object.resource_version().and_then(|version| version.parse().ok()).unwrap_or(0)
}
