//! What waits for a person, oldest first.

use std::sync::Arc;

use api::{rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use axum::extract::State;
use maud::{Markup, html};
use view::{fault::Exit, hold_of_shipment, holds_of_rollout, listing};

use super::{
    layout::{self, Place},
    parts,
};
use crate::{context::Context, problem::Problem, settings::Settings};

/// `/holds`: every question that waits for a person, of shipments and rollouts.
pub async fn page(State(_): State<Arc<Settings>>, context: Context) -> Result<Markup, Problem> {
    let client = &context.caller.client;
    let scope = context.scope.namespace.as_deref();
    let (shipments, rollouts) = tokio::join!(
        listing::namespaced::<YubiKeyShipment>(client, scope, "shipments"),
        listing::namespaced::<YubiKeyRollout>(client, scope, "rollouts"),
    );
    let shipments = shipments?;
    let mut unread = shipments.undecodable;
    let mut holds: Vec<_> = shipments.objects.iter().filter_map(hold_of_shipment).collect();
    let mut left_out = None;
    match rollouts {
        Ok(rollouts) => {
            unread.extend(rollouts.undecodable);
            holds.extend(rollouts.objects.iter().flat_map(holds_of_rollout));
        }
        Err(fault) if fault.exit == Exit::Denied => left_out = Some(fault.what),
        Err(fault) => return Err(fault.into()),
    }
    holds.sort_by(|a, b| (a.since, &a.namespace, &a.object).cmp(&(b.since, &b.namespace, &b.object)));
    let live = html! {
        @if let Some(why) = left_out { p.warning role="note" { "Questions of rollouts are left out: " (why) "." } }
        (parts::unread(&unread))
        @if holds.is_empty() { p.empty { "Nothing waits for a person." } }
        @else { p { (holds.len()) " wait, the oldest first." } }
        @for hold in &holds { (parts::hold(hold, &context.scope, context.now, true)) }
    };
    Ok(layout::page(&context, Place::Holds, "Questions", &html! {}, &live))
}
