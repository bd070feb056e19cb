//! Letting go of an order, and the place among the open orders that it keeps.

use api::{
    connection::{Permission, YubiKeyConnection},
    shipment::{DeletionPolicy, YubiKeyShipment},
};
use domain::{
    failure::Failure,
    journal::{Journal, Order},
};
use kube::{Api, ResourceExt};

use super::Pass;
use crate::{
    connection::{handle::ConnectionHandle, let_go},
    context::Context,
    kubernetes::{decode::Decoded, events, names::whole_name, status_patch::CommitError},
    shipment::{claims, open_orders},
};

impl Pass {
    /// Whoever may begin an enrolment needs a place among the namespace's open orders, however often one was begun
    /// before: what was refused or removed stands for nobody any more.
    pub(super) fn take_place(&mut self, link: &ConnectionHandle) {
        if self.is_deleting() || !self.journal.may_begin() {
            self.open_orders = None;
        } else if self.place.is_none() {
            let (others, place) =
                open_orders::reserve(&self.ctx, &self.object, link.spec.policy.max_open_orders);
            (self.open_orders, self.place) = (Some(others), place);
        }
    }

    /// Looks whether the namespace is being deleted, where the answer matters.
    pub(super) async fn note_ending(&mut self) -> Result<(), Failure> {
        self.namespace_ending =
            forbids(&self.ctx, &self.object) && is_ending(&self.ctx, &self.object).await?;
        Ok(())
    }

    /// Orphan needs no connection: it is the way out when there is none any more.
    pub(super) fn lets_go(&self) -> bool {
        if !wants(&self.object) {
            return false;
        }
        let may = self.namespace_ending || !forbids(&self.ctx, &self.object) || !self.journal.is_under_way();
        // What another shipment has as well is followed by that one: letting go is the only way out of such a claim.
        may || claims::of(&self.ctx, &self.object, &self.journal).is_some()
    }
}

fn wants(object: &YubiKeyShipment) -> bool {
    object.spec.deletion_policy == Some(DeletionPolicy::Orphan)
}

/// Is there a connection that admits no letting go?
fn forbids(ctx: &Context, object: &YubiKeyShipment) -> bool {
    let connection = ctx.connections.get(&object.spec.connection_ref.name);
    connection.is_some_and(|connection| connection.spec.policy.orphan == Permission::Forbid)
}

async fn is_ending(ctx: &Context, object: &YubiKeyShipment) -> Result<bool, Failure> {
    ctx.namespaces.is_ending(&object.namespace().unwrap_or_default()).await
}

/// Is a shipment let go whose status cannot be read? Then an order may be under way, and counts.
pub(super) async fn unreadable(ctx: &Context, object: &YubiKeyShipment) -> Result<bool, CommitError> {
    if object.metadata.deletion_timestamp.is_none() || !wants(object) {
        return Ok(false);
    }
    if forbids(ctx, object) && !is_ending(ctx, object).await? {
        return Ok(false);
    }
    let_go::note(ctx, object).await?;
    Ok(true)
}

/// Writes the ids of a released shipment to an event on its connection, where they outlive it.
pub(super) async fn say_released(ctx: &Context, object: &YubiKeyShipment, journal: &Journal) {
    let order = match &journal.order {
        Order::Accepted(order) => order.id.to_string(),
        Order::Open(..) | Order::Unknown(..) => {
            "unknown, look for it in the YubiEnterprise Console".to_owned()
        }
        Order::Never | Order::Refused(_) | Order::Cancelled(..) => "none".to_owned(),
    };
    let enrollment = journal.made().map_or_else(|| "none".to_owned(), |m| m.id.to_string());
    let note = format!("Shipment {} was let go: order {order}, enrolment {enrollment}.", whole_name(object));
    tracing::info!(order, enrollment, "the shipment is let go");
    let api: Api<Decoded<YubiKeyConnection>> = Api::all(ctx.client.clone());
    if let Ok(Some(connection)) = api.get_opt(&object.spec.connection_ref.name).await {
        events::publish_last(&ctx.outbox, &connection, object, "ShipmentReleased", &note).await;
    }
}
