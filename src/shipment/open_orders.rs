//! What of a kind may be begun only once or only so often: a namespace's open orders, the enrolment of a person, the
//! taking over of an order.

use std::collections::HashSet;

use api::shipment::YubiKeyShipment;
use domain::ids::{ShipmentId, UserId};
use jiff::Timestamp;
use kube::ResourceExt;

use super::reservations::Reservation;
use crate::{connection::let_go, context::Context, kubernetes::index::IndexKey};

/// Open orders of the namespace with the same connection, those that were let go among them and this shipment's not
/// counted, and a place among them if there are less than `most`.
#[must_use]
pub fn reserve(ctx: &Context, object: &YubiKeyShipment, most: u32) -> (u32, Option<Reservation>) {
    let among = IndexKey::open_beside(object);
    let undecodable = ctx.undecodables.by_index(&among);
    let undecodable = undecodable.iter().filter_map(|other| other.metadata.uid.clone());
    let known = ctx.shipments.watched.by_index(&among);
    let open = known.iter().filter_map(|other| other.uid()).chain(undecodable).collect();
    let since = object.creation_timestamp().map_or(Timestamp::UNIX_EPOCH, |created| created.0);
    let uid = object.uid().unwrap_or_default();
    let let_go = let_go::count(ctx, object);
    let left = most.saturating_sub(let_go);
    let (others, place) = ctx.reservations.take_in_order(&among, (since, &uid), &open, left);
    (others.saturating_add(let_go), place)
}

/// The right of one pass to begin an enrolment for this person. None: another pass is just doing it, and soon the
/// cache shows whose.
#[must_use]
pub fn claim_person(
    ctx: &Context,
    org: &str,
    user: &UserId,
    object: &YubiKeyShipment,
) -> Option<Reservation> {
    claim(ctx, &IndexKey::Person(format!("{org}/{user}")), object)
}

/// The right of one pass to take over this order. None: another pass is just doing it.
#[must_use]
pub fn claim_order(ctx: &Context, order: &ShipmentId, object: &YubiKeyShipment) -> Option<Reservation> {
    claim(ctx, &IndexKey::Order(order.to_string()), object)
}

fn claim(ctx: &Context, among: &IndexKey, object: &YubiKeyShipment) -> Option<Reservation> {
    ctx.reservations.take(among, &object.uid().unwrap_or_default(), &HashSet::new(), 1).1
}
