//! One shipment: its journey, its question, and what to say to the person who calls.

use std::sync::Arc;

use api::shipment::{YubiKeyShipment, YubiKeyShipmentStatus};
use axum::extract::{Path, State};
use maud::{Markup, html};
use view::{ShipmentView, journey as stages, listing, text::line, times::ends_in};

use super::{
    advice, journey,
    layout::{self, Place},
    parts,
};
use crate::{
    context::{self, Context},
    problem::Problem,
    settings::Settings,
};

/// One shipment: its journey, its question, and what comes next.
pub async fn page(
    State(_): State<Arc<Settings>>,
    Path((namespace, name)): Path<(String, String)>,
    context: Context,
) -> Result<Markup, Problem> {
    let (namespace, name) = (context::name(&namespace)?, context::name(&name)?);
    let client = &context.caller.client;
    let found = listing::shipment(client, namespace, name).await?;
    let shipment = found
        .ok_or_else(|| Problem::missing(format!("There is no shipment {name} in namespace {namespace}.")))?;
    // Most people may not see connections: then times of polls are left out.
    let connections = listing::connections(client).await.map(|listed| listed.objects).unwrap_or_default();
    let connection = connections
        .iter()
        .find(|one| one.metadata.name.as_deref() == Some(&shipment.spec.connection_ref.name))
        .map(|one| &one.spec);
    let view = ShipmentView::of(&shipment, connection, context.now);
    let title =
        if view.user.is_empty() { format!("Key of {name}") } else { format!("Key of {}", line(&view.user)) };
    let live = live(&context, &shipment, &view);
    Ok(layout::page(&context, Place::Elsewhere, &title, &html! {}, &live))
}

fn live(context: &Context, shipment: &YubiKeyShipment, view: &ShipmentView) -> Markup {
    let status = shipment.status.clone().unwrap_or_default();
    html! {
        (journey::picture(&stages(shipment), context.now))
        section aria-labelledby="now" {
            h2 #now { "Now" }
            p { span.phase { (view.phase) } @if view.reason != view.phase { ": " span.reason { (line(&view.reason)) } }
                @if let Some(at) = view.since { " since " (parts::since(at, context.now)) } }
            @if !view.message.is_empty() { p { (line(&view.message)) } }
            @if let Some(failure) = &view.failure { p.warning { (line(failure)) } }
            p { "Next: " (line(&view.next.what))
                @if let Some(at) = view.next.at { " " (ends_in(at, context.now)) } "." }
            (look(context, view))
        }
        @if let Some(hold) = &view.hold { (parts::hold(hold, &context.scope, context.now, false)) }
        (facts(shipment, view, &status))
        (steps(context, view))
        (advice::section(context, shipment))
        (decisions(&status))
    }
}

fn look(context: &Context, view: &ShipmentView) -> Markup {
    html! {
        form method="post" action=(context.scope.href("/look")) {
            input type="hidden" name="form" value=(context.caller.form);
            input type="hidden" name="namespace" value=(view.namespace);
            input type="hidden" name="name" value=(view.name);
            button type="submit" { "Have the operator look now" }
        }
    }
}

fn facts(shipment: &YubiKeyShipment, view: &ShipmentView, status: &YubiKeyShipmentStatus) -> Markup {
    let order = status.order.as_ref();
    let number = order.and_then(|order| order.tracking.as_deref());
    let login = shipment.spec.user_ref.login.as_deref().filter(|login| *login != view.user);
    let rows: Vec<(&str, Markup)> = [
        ("Shipment", Some(html! { (view.namespace) "/" (view.name) })),
        ("Person", (!view.user.is_empty()).then(|| html! { (line(&view.user)) })),
        ("Login in the manifest", login.map(|login| html! { (line(login)) })),
        ("Okta user id", status.user_id.as_ref().map(|id| html! { (line(id)) })),
        ("Key", Some(html! { (line(&view.key)) })),
        ("Serial number", status.key.as_ref().map(|key| html! { (line(&key.serial)) })),
        (
            "Order at YubiEnterprise",
            order.and_then(|order| order.shipment_id.as_ref()).map(|id| html! { (line(id)) }),
        ),
        (
            "Parcel",
            number.map(|number| {
                parts::parcel(order.and_then(|order| order.carrier.as_deref()).unwrap_or_default(), number)
            }),
        ),
        ("Connection", Some(html! { (line(&view.connection)) })),
        ("Rollout", view.rollout.as_ref().map(|name| html! { (line(name)) })),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    html! {
        section aria-labelledby="facts" {
            h2 #facts { "Facts" }
            dl.pairs { @for (name, value) in rows { div { dt { (name) } dd { (value) } } } }
        }
    }
}

fn steps(context: &Context, view: &ShipmentView) -> Markup {
    let rows = html! {
        @for step in &view.steps {
            tr {
                th scope="row" { (step.name) }
                td { (line(&step.state)) }
                td { @if let Some(at) = step.at { (parts::moment(at)) " (" (parts::since(at, context.now)) " ago)" } }
                td { (line(&step.details)) }
            }
        }
    };
    parts::table("Steps", &["Step", "State", "When", "Numbers"], &rows)
}

fn decisions(status: &YubiKeyShipmentStatus) -> Markup {
    let rows = html! {
        @for decision in status.decisions.iter().rev() {
            tr {
                th scope="row" { (line(&decision.action)) }
                td { (line(&decision.requested_by)) }
                td { (parts::moment(decision.at.0)) }
                td { @if decision.accepted { "accepted" } @else { "declined" } }
            }
        }
    };
    html! {
        @if !status.decisions.is_empty() { (parts::table("Decided so far", &["Answer", "By", "When", "Reply"], &rows)) }
    }
}
