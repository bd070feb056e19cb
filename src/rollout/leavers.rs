//! Taking back the key of a person who left the source. A deletion cannot be undone and the status is as old as the last
//! look, so the parcel is looked at first: what is shipped by now stays, as `CancelIfNotShipped` says.

use std::sync::Arc;

use api::shipment::{YubiKeyShipment, journal_status};
use domain::{
    failure::{Failure, Reason},
    ids::ShipmentId,
    vendor_states::ParcelClass,
};
use kube::Api;

use crate::{connection::handle::ConnectionHandle, context::Context, rollout::shipments};

/// Deletes the shipment unless its key is on its way. If it is, the shipment's own pass reads so at once, and the next
/// plan keeps it.
///
/// # Errors
/// If the parcel cannot be read, and then nothing is deleted; if the API server does not take the deletion.
pub async fn take_back(
    ctx: &Context,
    link: &ConnectionHandle,
    api: &Api<YubiKeyShipment>,
    shipment: &Arc<YubiKeyShipment>,
) -> Result<(), Failure> {
    let newest = ctx.shipments.newest(shipment);
    if let Some(order) = order_of(&newest)
        && is_on_its_way(link, &order).await?
    {
        ctx.order_lists.ask(&link.uid, &order);
        ctx.shipments.wake(&newest);
        return Ok(());
    }
    shipments::delete(api, shipment).await
}

fn order_of(shipment: &YubiKeyShipment) -> Option<ShipmentId> {
    let journal = journal_status::read(shipment.status.as_ref()?).ok()?;
    journal.accepted().map(|order| order.id.clone())
}

async fn is_on_its_way(link: &ConnectionHandle, order: &ShipmentId) -> Result<bool, Failure> {
    match link.yubico.shipment(order).await {
        Ok(parcel) => Ok(matches!(parcel.state.class, ParcelClass::Shipped | ParcelClass::Delivered)),
        // The deletion itself doubts that.
        Err(error) if error.failure.reason == Reason::OrderNotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
