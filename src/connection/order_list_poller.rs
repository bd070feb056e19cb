//! Follows the orders of each connection by the organization's list, once there are many of them.
//!
//! Only wakes shipments: what the list shows moved is read by the shipment's own pass.

use std::{collections::HashMap, sync::Arc, time::Duration};

use api::shipment::{YubiKeyShipment, journal_status};
use domain::{
    failure::{CallError, Kind, Reason},
    ids::ShipmentId,
    order_list_poll::{Followed, Next, PollRate},
};
use jiff::{SignedDuration, Timestamp};
use system::clock;

use crate::{
    connection::{handle::ConnectionHandle, poll_states::poll_rate},
    context::Context,
    kubernetes::index::IndexKey,
};

/// Longest time between two looks at what is to do.
const LONGEST: Duration = Duration::from_secs(5);

/// Shortest time between two looks at what is to do.
const SHORTEST: Duration = Duration::from_millis(100);

/// Runs until it is dropped.
pub async fn run(ctx: Arc<Context>) {
    ctx.answered.clone().await;
    loop {
        let links = if ctx.leadership.is_held() { ctx.connections.entries.usable() } else { Vec::new() };
        ctx.order_lists.forget_all_but(&links.iter().map(|link| link.uid.as_str()).collect());
        let steps = links.iter().map(|link| step(&ctx, link));
        let due = futures::future::join_all(steps).await.into_iter().flatten().min();
        let now = clock::now();
        let wait = due.map_or(LONGEST, |at| at.duration_since(now).max(SignedDuration::ZERO).unsigned_abs());
        tokio::time::sleep(wait.clamp(SHORTEST, LONGEST)).await;
    }
}

/// Reads a page if one is due; gives the moment of the next.
async fn step(ctx: &Context, link: &Arc<ConnectionHandle>) -> Option<Timestamp> {
    let poll_rate = poll_rate(link);
    let count = ctx.shipments.watched.count(&IndexKey::UnderWay(link.name.clone()));
    let next =
        ctx.order_lists.with(&link.uid, |state| state.order_list_poll.next(count, poll_rate, clock::now()));
    let offset = match next {
        Next::Off => {
            ctx.order_lists.with(&link.uid, |state| state.moved.clear());
            return None;
        }
        Next::Wait(at) => return Some(at),
        Next::Page(offset) => offset,
    };
    match link.yubico.listed(offset).await {
        Ok(page) => {
            let known = followed(ctx, link);
            let orders = known.iter().map(|(id, (order, _))| (id.clone(), order.clone())).collect();
            let moved = ctx.order_lists.with(&link.uid, |state| {
                let moved = state.order_list_poll.read(&page, &orders, poll_rate, clock::now());
                state.moved.retain(|id| orders.contains_key(id));
                state.moved.extend(moved.iter().cloned());
                moved
            });
            tracing::debug!(connection = link.name, offset, moved = moved.len(), "read a page of orders");
            for (_, shipment) in moved.iter().filter_map(|id| known.get(id)) {
                ctx.shipments.wake(shipment);
            }
        }
        Err(error) => failed(ctx, link, poll_rate, &error),
    }
    Some(clock::now())
}

/// The orders that the list can tell of, and whose they are. One that two resources name is nobody's here.
fn followed(ctx: &Context, link: &ConnectionHandle) -> HashMap<ShipmentId, (Followed, Arc<YubiKeyShipment>)> {
    let first_after = link.facts.times.first_after;
    let mut found = HashMap::new();
    for shipment in ctx.shipments.watched.by_index(&IndexKey::UnderWay(link.name.clone())) {
        let shipment = ctx.shipments.newest(&shipment);
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

fn failed(ctx: &Context, link: &ConnectionHandle, poll_rate: PollRate, error: &CallError) {
    let reason = error.failure.reason;
    if reason.kind() == Kind::Auth && reason != Reason::YubicoForbidden {
        ctx.connections.entries.report(&link.uid);
    }
    // The list is not documented for these orders: a clear no is said once in a long while, not at each page.
    let for_good = matches!(error.status, Some(400 | 403..=405 | 410 | 501));
    if for_good {
        tracing::info!(connection = link.name, %error, "the list of orders is no use; each order is read singly");
    }
    ctx.order_lists.with(&link.uid, |state| state.order_list_poll.failed(for_good, poll_rate, clock::now()));
}
