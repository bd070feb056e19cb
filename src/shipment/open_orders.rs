//! What of a kind may be begun only once or only so often: a namespace's open orders, the enrolment of a person, the
//! taking over of an order.

use std::collections::HashSet;

use api::shipment::YubiKeyShipment;
use domain::ids::{ShipmentId, UserId};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{ResourceExt, runtime::reflector::ObjectRef};

use super::reservations::{Open, Reservation};
use crate::{
    connection::let_go,
    context::Context,
    kubernetes::{index::IndexKey, lister::Lister},
};

/// Which object: what was declared again under a name is another one. Neither uids nor names hold a slash.
fn id(object: &ObjectMeta) -> String {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}/{}/{}", text(&object.uid), text(&object.namespace), text(&object.name))
}

fn object_of(id: &str) -> Option<(&str, ObjectRef<YubiKeyShipment>)> {
    let (uid, name) = id.split_once('/')?;
    let (namespace, name) = name.split_once('/')?;
    Some((uid, ObjectRef::new(name).within(namespace)))
}

/// Open orders of a namespace with one connection. They are counted and asked for one by one: to walk over them at the
/// beginning of each order would grow with their square.
struct Shown<'a> {
    watched: &'a Lister<YubiKeyShipment>,
    among: &'a IndexKey,
    undecodable: HashSet<String>,
}

impl Open for Shown<'_> {
    fn count(&self) -> usize {
        self.watched.count(self.among) + self.undecodable.len()
    }

    fn has(&self, id: &str) -> bool {
        let watched = object_of(id).is_some_and(|(uid, name)| self.watched.has(self.among, &name, uid));
        watched || self.undecodable.contains(id)
    }
}

/// Open orders of the namespace with the same connection, those that were let go among them and this shipment's not
/// counted, and a place among them if there are less than `most`.
#[must_use]
pub fn reserve(ctx: &Context, object: &YubiKeyShipment, most: u32) -> (u32, Option<Reservation>) {
    let among = IndexKey::open_beside(object);
    let undecodable = ctx.undecodables.by_index(&among);
    let open = Shown {
        watched: &ctx.shipments.watched,
        among: &among,
        undecodable: undecodable.iter().map(|other| id(&other.metadata)).collect(),
    };
    let since = object.creation_timestamp().map_or(Timestamp::UNIX_EPOCH, |created| created.0);
    let let_go = let_go::count(ctx, object);
    let left = most.saturating_sub(let_go);
    let (others, place) = ctx.reservations.take_in_order(&among, (since, &id(&object.metadata)), &open, left);
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
    ctx.reservations.take(among, &id(&object.metadata), &HashSet::new(), 1).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_known_by_its_uid_and_its_whole_name() {
        let metadata = ObjectMeta {
            uid: Some("1a2b-3c".to_owned()),
            namespace: Some("people".to_owned()),
            name: Some("kim.lee".to_owned()),
            ..ObjectMeta::default()
        };
        let text = id(&metadata);
        let (uid, object) = object_of(&text).expect("an id");
        assert_eq!(uid, "1a2b-3c");
        assert_eq!((object.namespace.as_deref(), object.name.as_str()), (Some("people"), "kim.lee"));
        assert!(object_of("1a2b-3c").is_none());
    }
}
