//! The record of orders that were let go, in the status of their connection: it stands before the finalizer goes, so
//! that no restart and no deletion makes room for more orders than the connection admits.

use std::sync::Arc;

use api::{
    connection::{self, MOST_LET_GO, YubiKeyConnection},
    shipment::{YubiKeyShipment, journal_status},
};
use domain::{
    backoff,
    let_go::{self, LetGo},
};
use jiff::{civil::Date, tz::TimeZone};
use kube::{Api, ResourceExt};
use system::clock;
use tokio::sync::mpsc;

use crate::{
    context::Context,
    kubernetes::status_patch::{self, CommitError},
};

/// Conflicts in a row after which the pass gives up and comes back later.
const MOST_CONFLICTS: usize = 5;

/// Tries to count an order whose shipment is gone already.
const MOST_TRIES: u32 = 8;

/// Orders of the shipment's namespace and connection that were let go and may not have arrived yet.
#[must_use]
pub fn count(ctx: &Context, object: &YubiKeyShipment) -> u32 {
    let Some(connection) = ctx.connections.get(&object.spec.connection_ref.name) else {
        return 0;
    };
    let connection = ctx.connections.entries.newest(connection);
    // Asked at each plan: the status, with its conditions, is not copied for that.
    match connection.status.as_ref().map(|status| read(&status.let_go)) {
        Some(entries) if !entries.is_empty() => {
            let_go::count(&entries, &object.namespace().unwrap_or_default(), today())
        }
        Some(_) | None => 0,
    }
}

/// Writes that an order of this shipment is let go. Where the connection is gone there is nothing to count against.
///
/// # Errors
/// If it could not be written: then nothing may be let go. A crash after it counts the order twice, never not at all.
pub async fn note(ctx: &Context, object: &YubiKeyShipment) -> Result<(), CommitError> {
    let uid = object.uid().unwrap_or_default();
    let name = &object.spec.connection_ref.name;
    let _writing = ctx.let_go.writing.lock().await;
    if ctx.let_go.knows(&uid) {
        return Ok(());
    }
    let api: Api<YubiKeyConnection> = Api::all(ctx.client.clone());
    let watched = ctx.connections.get(name);
    let mut known = watched.map(|watched| ctx.connections.entries.newest(watched));
    for _ in 0..MOST_CONFLICTS {
        let Some(connection) = known.take() else {
            // One that is there and cannot be read still bounds what its namespaces may order.
            return ctx.connections.undecodable(name).map_or(Ok(()), |failure| Err(failure.into()));
        };
        match write(&api, &connection, &object.namespace().unwrap_or_default()).await {
            Ok(written) => {
                ctx.connections.entries.note_written(&Arc::new(written));
                ctx.let_go.note(uid);
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
        match note(ctx, shipment).await {
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
    let written = status_patch::commit(api, connection, &old, &new).await?;
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
