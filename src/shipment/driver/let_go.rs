//! Letting go of an order, and the place among the open orders that it keeps.

use api::{
    connection::Permission,
    shipment::{DeletionPolicy, YubiKeyShipment},
};
use domain::failure::Failure;
use kube::{ResourceExt, runtime::reflector::ObjectRef};

use super::Pass;
use crate::{
    connection::handle::Link, context::Context, kubernetes::status_patch::CommitError, shipment::claims,
};

impl Pass {
    /// Whoever may begin an enrolment needs a place among the namespace's open orders, however often one was begun
    /// before: what was refused or removed stands for nobody any more.
    pub(super) fn take_place(&mut self, link: &Link) {
        if self.is_deleting() || !self.journal.may_begin() {
            self.open_orders = None;
        } else if self.place.is_none() {
            let (others, place) = self.ctx.open_orders(&self.object, link.spec.policy.max_open_orders);
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
    let connection = ctx.connections.get(&ObjectRef::new(&object.spec.connection_ref.name));
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
    ctx.note_let_go(object).await?;
    Ok(true)
}
