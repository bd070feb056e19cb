//! Which other shipment has an order or an enrolment in its status. Nobody's ids are touched on another one's word.

use std::sync::Arc;

use api::shipment::{Org, YubiKeyShipment};
use domain::{
    ids::{EnrollmentId, ShipmentId},
    journal::{Journal, Order},
    plan::{Claimed, Shared},
};
use kube::ResourceExt;

use crate::{
    context::Context,
    kubernetes::{index::IndexKey, names::whole_name},
};

/// Another shipment with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// `metadata.uid`, which no other shipment ever has.
    pub uid: String,
    /// Its name, as people write it.
    pub name: String,
    /// What it has.
    pub what: Shared,
}

impl Claim {
    /// For the plan.
    #[must_use]
    pub fn as_claimed(&self) -> Claimed<'_> {
        Claimed { name: &self.name, what: self.what }
    }
}

/// Another shipment that has the order or the enrolment of this one.
#[must_use]
pub fn of(ctx: &Context, object: &YubiKeyShipment, journal: &Journal) -> Option<Claim> {
    let order = match &journal.order {
        Order::Accepted(order) => Some(&order.id),
        Order::Cancelled(_, _, id) => id.as_ref(),
        Order::Never | Order::Open(..) | Order::Unknown(..) | Order::Refused(_) => None,
    };
    let of_order = order.and_then(|id| of_order(ctx, id, object));
    of_order.or_else(|| of_enrollment(ctx, &journal.made()?.id, object))
}

/// Another shipment that has this order, whatever became of it.
#[must_use]
pub fn of_order(ctx: &Context, id: &ShipmentId, object: &YubiKeyShipment) -> Option<Claim> {
    let has = |other: &YubiKeyShipment| order_of(other) == Some(id.as_str());
    find(ctx, &IndexKey::Order(id.to_string()), object, Shared::Order, has)
}

/// Another shipment that has this enrolment.
#[must_use]
pub fn of_enrollment(ctx: &Context, id: &EnrollmentId, object: &YubiKeyShipment) -> Option<Claim> {
    let has = |other: &YubiKeyShipment| enrollment_of(other) == Some(id.as_str());
    find(ctx, &IndexKey::Enrollment(id.to_string()), object, Shared::Enrollment, has)
}

fn find(
    ctx: &Context,
    key: &IndexKey,
    object: &YubiKeyShipment,
    what: Shared,
    has: impl Fn(&YubiKeyShipment) -> bool,
) -> Option<Claim> {
    let others = ctx.shipments.by_index(key).into_iter().filter(|other| {
        other.uid() != object.uid() && has(other) && same_vendor(what, org_of(other), org_of(object))
    });
    // Always the same one is named, however the index is sorted.
    let first: Option<Arc<YubiKeyShipment>> = others.min_by_key(|other| whole_name(other.as_ref()));
    let decoded = first.map(|other| (other.uid(), whole_name(other.as_ref())));
    let undecodable = || {
        let all = ctx.undecodables.by_index(key);
        let other = all.iter().find(|other| other.metadata.uid != object.uid())?;
        Some((other.metadata.uid.clone(), other.whole_name()))
    };
    let (uid, name) = decoded.or_else(undecodable)?;
    Some(Claim { uid: uid.unwrap_or_default(), name, what })
}

fn org_of(object: &YubiKeyShipment) -> Option<&Org> {
    object.status.as_ref()?.org.as_ref()
}

/// Ids belong to one organization; where one is not known it may be the same.
fn same_vendor(what: Shared, theirs: Option<&Org>, ours: Option<&Org>) -> bool {
    let id = |org: Option<&Org>| {
        org.and_then(|org| match what {
            Shared::Order => org.yubico.clone(),
            Shared::Enrollment => org.okta.clone(),
        })
    };
    match (id(theirs), id(ours)) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    }
}

fn order_of(object: &YubiKeyShipment) -> Option<&str> {
    object.status.as_ref()?.order.as_ref()?.shipment_id.as_deref()
}

/// The enrolment that a shipment has.
#[must_use]
pub fn enrollment_of(object: &YubiKeyShipment) -> Option<&str> {
    object.status.as_ref()?.enrollment.as_ref()?.id.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org(okta: Option<&str>, yubico: Option<&str>) -> Org {
        Org { okta: okta.map(str::to_owned), yubico: yubico.map(str::to_owned) }
    }

    #[test]
    fn ids_of_another_organization_are_no_claim_and_an_unknown_one_may_be_the_same() {
        let (ours, theirs) = (org(Some("00o1"), Some("y1")), org(Some("00o2"), None));
        assert!(!same_vendor(Shared::Enrollment, Some(&theirs), Some(&ours)));
        assert!(same_vendor(Shared::Order, Some(&theirs), Some(&ours)));
        assert!(same_vendor(Shared::Enrollment, None, Some(&ours)));
        assert!(same_vendor(Shared::Enrollment, Some(&ours), Some(&ours)));
    }
}
