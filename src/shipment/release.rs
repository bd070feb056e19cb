//! Letting go of a shipment: who may be let go, and what is said of it at last.

use api::{
    connection::{Permission, YubiKeyConnection},
    shipment::{DeletionPolicy, YubiKeyShipment},
};
use domain::{
    failure::Failure,
    journal::{Journal, Order},
};
use kube::{Api, ResourceExt};

use crate::{
    connection::let_go,
    context::Context,
    kubernetes::{decode::Decoded, events, names::whole_name, status_patch::CommitError},
};

/// Does it ask to be let go?
#[must_use]
pub fn wants(object: &YubiKeyShipment) -> bool {
    object.spec.deletion_policy == Some(DeletionPolicy::Orphan)
}

/// Is there a connection that admits no letting go?
#[must_use]
pub fn forbids(ctx: &Context, object: &YubiKeyShipment) -> bool {
    let connection = ctx.connections.get(&object.spec.connection_ref.name);
    connection.is_some_and(|connection| connection.spec.policy.orphan == Permission::Forbid)
}

/// May a shipment be let go under that policy? Where nothing is under way, nothing is lost.
#[must_use]
pub const fn admits(forbidden: bool, under_way: bool) -> bool {
    !forbidden || !under_way
}

/// Is its namespace being deleted?
///
/// # Errors
/// If the API server does not tell.
pub async fn is_ending(ctx: &Context, object: &YubiKeyShipment) -> Result<bool, Failure> {
    ctx.namespaces.is_ending(&object.namespace().unwrap_or_default()).await
}

/// Is a shipment let go whose status cannot be read? Then an order may be under way, and counts.
///
/// # Errors
/// As every guarded write.
pub async fn unreadable(ctx: &Context, object: &YubiKeyShipment) -> Result<bool, CommitError> {
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
pub async fn say_released(ctx: &Context, object: &YubiKeyShipment, journal: &Journal) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_order_under_way_is_kept_by_a_policy() {
        assert!(!admits(true, true));
        assert!(admits(true, false) && admits(false, true) && admits(false, false));
    }
}
