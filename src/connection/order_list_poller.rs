//! Follows the orders of each connection by the organization's list, once there are many of them.
//!
//! Only wakes shipments: what the list shows moved is read by the shipment's own pass.

use api::shipment::journal_status;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use api::shipment::YubiKeyShipment;
use domain::{
    failure::{CallError, Kind, Reason},
    ids::ShipmentId,
    journal::Journal,
    sweep::{Followed, Next, Rhythm, Sweep},
};
use jiff::{SignedDuration, Timestamp};
use system::clock;

use crate::connection::handle::Link;
use crate::{context::Context, kubernetes::index::Term};

/// Longest time between two looks at what is to do.
const LONGEST: Duration = Duration::from_secs(5);

/// Shortest.
const SHORTEST: Duration = Duration::from_millis(100);

/// Where the list of each connection stands.
#[derive(Debug, Default)]
pub struct Following {
    /// By uid.
    by_connection: Mutex<HashMap<String, Stand>>,
}

#[derive(Debug, Default)]
struct Stand {
    sweep: Sweep,
    /// Orders that the list shows moved, until they are read.
    moved: HashSet<ShipmentId>,
    /// Orders that were seen to have moved elsewhere, until they are read.
    asked: HashSet<ShipmentId>,
}

/// What the list means for the next pass over one order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByList {
    /// It answers for the order: no single read is due.
    pub answered: bool,
    /// It, or a look of somebody else, shows the order moved: a single read is due now.
    pub moved: bool,
}

impl Following {
    fn stands(&self) -> MutexGuard<'_, HashMap<String, Stand>> {
        self.by_connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the list means for this order.
    #[must_use]
    pub fn about(&self, link: &Link, journal: &Journal, deleting: bool, now: Timestamp) -> ByList {
        let first_after = link.facts.times.first_after;
        let Some(order) = Followed::of(journal, first_after, deleting) else { return ByList::default() };
        let stands = self.stands();
        let Some(stand) = stands.get(&link.uid) else { return ByList::default() };
        ByList {
            answered: stand.sweep.covers(&order, rhythm(link), now),
            moved: stand.moved.contains(&order.id) || stand.asked.contains(&order.id),
        }
    }

    /// Somebody else saw the order moved: its own pass is to read it now, list or not.
    pub fn ask(&self, uid: &str, order: &ShipmentId) {
        self.with(uid, |stand| stand.asked.insert(order.clone()));
    }

    /// The order was read singly.
    pub fn note_look(&self, uid: &str, order: &ShipmentId) {
        if let Some(stand) = self.stands().get_mut(uid) {
            stand.moved.remove(order);
            stand.asked.remove(order);
        }
    }

    /// The connection is gone, or this process does not lead.
    fn forget_all_but(&self, kept: &HashSet<&str>) {
        self.stands().retain(|uid, _| kept.contains(uid.as_str()));
    }

    fn with<T>(&self, uid: &str, change: impl FnOnce(&mut Stand) -> T) -> T {
        change(self.stands().entry(uid.to_owned()).or_default())
    }
}

fn rhythm(link: &Link) -> Rhythm {
    Rhythm::new(link.spec.polling.list_from, link.facts.times.interval)
}

/// Runs until it is dropped.
pub async fn run(ctx: Arc<Context>) {
    ctx.answered.clone().await;
    loop {
        let links = if ctx.leadership.is_held() { ctx.registry.usable() } else { Vec::new() };
        ctx.following.forget_all_but(&links.iter().map(|link| link.uid.as_str()).collect());
        let steps = links.iter().map(|link| step(&ctx, link));
        let due = futures::future::join_all(steps).await.into_iter().flatten().min();
        let now = clock::now();
        let wait = due.map_or(LONGEST, |at| at.duration_since(now).max(SignedDuration::ZERO).unsigned_abs());
        tokio::time::sleep(wait.clamp(SHORTEST, LONGEST)).await;
    }
}

/// Reads a page if one is due; gives the moment of the next.
async fn step(ctx: &Context, link: &Arc<Link>) -> Option<Timestamp> {
    let rhythm = rhythm(link);
    let count = ctx.shipments.count(&Term::UnderWay(link.name.clone()));
    let next = ctx.following.with(&link.uid, |stand| stand.sweep.next(count, rhythm, clock::now()));
    let offset = match next {
        Next::Off => {
            ctx.following.with(&link.uid, |stand| stand.moved.clear());
            return None;
        }
        Next::Wait(at) => return Some(at),
        Next::Page(offset) => offset,
    };
    match link.yubico.listed(offset).await {
        Ok(page) => {
            let known = followed(ctx, link);
            let orders = known.iter().map(|(id, (order, _))| (id.clone(), order.clone())).collect();
            let moved = ctx.following.with(&link.uid, |stand| {
                let moved = stand.sweep.read(&page, &orders, rhythm, clock::now());
                stand.moved.retain(|id| orders.contains_key(id));
                stand.moved.extend(moved.iter().cloned());
                moved
            });
            tracing::debug!(connection = link.name, offset, moved = moved.len(), "read a page of orders");
            for (_, shipment) in moved.iter().filter_map(|id| known.get(id)) {
                ctx.wake(shipment);
            }
        }
        Err(error) => failed(ctx, link, rhythm, &error),
    }
    Some(clock::now())
}

/// The orders that the list can tell of, and whose they are. One that two resources name is nobody's here.
fn followed(ctx: &Context, link: &Link) -> HashMap<ShipmentId, (Followed, Arc<YubiKeyShipment>)> {
    let first_after = link.facts.times.first_after;
    let mut found = HashMap::new();
    for shipment in ctx.shipments.under(&Term::UnderWay(link.name.clone())) {
        let shipment = ctx.newest(&shipment);
        let Some(Ok(journal)) = shipment.status.as_ref().map(journal_status::read) else { continue };
        if journal.orgs.as_ref().is_some_and(|orgs| orgs.contradicts(&link.facts.orgs)) {
            // Ordered through a connection that had this name before: this list does not know it.
            continue;
        }
        let deleting = shipment.metadata.deletion_timestamp.is_some();
        if let Some(order) = Followed::of(&journal, first_after, deleting) {
            found.insert(order.id.clone(), (order, shipment));
        }
    }
    found
}

fn failed(ctx: &Context, link: &Link, rhythm: Rhythm, error: &CallError) {
    let reason = error.failure.reason;
    if reason.kind() == Kind::Auth && reason != Reason::YubicoForbidden {
        ctx.registry.report(&link.uid);
    }
    // The list is not documented for these orders: a clear no is said once in a long while, not at each page.
    let for_good = matches!(error.status, Some(400 | 403..=405 | 410 | 501));
    if for_good {
        tracing::info!(connection = link.name, %error, "the list of orders is no use; each order is read singly");
    }
    ctx.following.with(&link.uid, |stand| stand.sweep.failed(for_good, rhythm, clock::now()));
}
