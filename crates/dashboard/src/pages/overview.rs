//! Who waits for what.

use std::{collections::HashMap, sync::Arc};

use api::{connection::YubiKeyConnectionSpec, shipment::YubiKeyShipment};
use axum::extract::{Query, State};
use kube::ResourceExt as _;
use maud::{Markup, html};
use serde::Deserialize;
use view::{ShipmentView, listing, text::line, times::ends_in};

use super::{
    layout::{self, Place},
    parts,
};
use crate::{context::Context, problem::Problem, search, settings::Settings};

/// Rows of one page; a search shows the others.
const MOST: usize = 300;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

/// `/`: who waits for what, or what a search finds.
pub async fn page(
    State(_): State<Arc<Settings>>,
    context: Context,
    Query(asked): Query<Asked>,
) -> Result<Markup, Problem> {
    let client = &context.caller.client;
    let scope = context.scope.namespace.as_deref();
    let form = form(&context, &asked.q);
    let (shipments, connections) = tokio::join!(
        listing::namespaced::<YubiKeyShipment>(client, scope, "shipments"),
        // They belong to the cluster, and most people may not see them: then times of polls are left out.
        listing::connections(client),
    );
    let shipments = match shipments {
        Ok(shipments) => shipments,
        Err(fault) if fault.exit == view::fault::Exit::Denied => return Ok(denied(&context, &form, fault)),
        Err(fault) => return Err(fault.into()),
    };
    let connections: HashMap<_, _> = connections
        .map(|listed| listed.objects)
        .unwrap_or_default()
        .into_iter()
        .map(|connection| (connection.name_any(), connection.spec))
        .collect();
    let found = found(&context, &shipments.objects, &connections, &asked.q);
    let live = html! {
        (counts(&found))
        (parts::unread(&shipments.undecodable))
        (table(&context, &found, &asked.q))
    };
    Ok(layout::page(&context, Place::Overview, "Who waits for what", &form, &live))
}

/// Who may not see all namespaces may see one.
fn denied(context: &Context, form: &Markup, fault: view::fault::Fault) -> Markup {
    let problem = Problem::from(fault);
    let live = html! {
        div.problem role="alert" {
            p { strong { (problem.what) } }
            p { (problem.next) }
            @if context.scope.namespace.is_none() {
                p { "If you have rights in one namespace only, name it above." }
            }
        }
    };
    layout::page(context, Place::Overview, "Not allowed", form, &live)
}

fn form(context: &Context, search: &str) -> Markup {
    html! {
        form.search role="search" method="get" action="/" {
            div {
                label for="q" { "Search" }
                input #q type="search" name="q" value=(search) aria-describedby="q-hint" autocomplete="off" maxlength="200";
                p #q-hint.hint { "Login, name, order, serial or tracking number" }
            }
            div {
                label for="ns" { "Namespace" }
                input #ns type="text" name="ns" value=(context.scope.namespace.as_deref().unwrap_or_default()) aria-describedby="ns-hint" autocomplete="off" maxlength="253";
                p #ns-hint.hint { "Empty: all of them" }
            }
            button type="submit" { "Show" }
        }
    }
}

fn found(
    context: &Context,
    shipments: &[YubiKeyShipment],
    connections: &HashMap<String, YubiKeyConnectionSpec>,
    search: &str,
) -> Vec<ShipmentView> {
    let fitting = shipments.iter().filter(|shipment| search::finds(shipment, search));
    let mut views: Vec<_> = fitting
        .map(|shipment| {
            let connection = connections.get(&shipment.spec.connection_ref.name);
            ShipmentView::of(shipment, connection, context.now)
        })
        .collect();
    // What waits for a person first, what is through last; the oldest before the others.
    views.sort_by_cached_key(|one| (rank(one), one.since, one.namespace.clone(), one.name.clone()));
    views
}

fn rank(shipment: &ShipmentView) -> u8 {
    match (shipment.is_held(), shipment.phase.as_str()) {
        (true, _) => 0,
        (false, "Failed") => 1,
        (false, "Activated" | "Cancelled") => 3,
        (false, _) => 2,
    }
}

fn counts(found: &[ShipmentView]) -> Markup {
    let of = |phase: &str| found.iter().filter(|one| one.phase == phase).count();
    let held = found.iter().filter(|one| one.is_held()).count();
    html! {
        dl.counts {
            div { dt { "wait for a person" } dd { (held) } }
            @for phase in ["Pending", "Enrolled", "Ordered", "Shipped", "Delivered", "Activated"] {
                div { dt { (phase) } dd { (of(phase)) } }
            }
        }
    }
}

fn table(context: &Context, found: &[ShipmentView], search: &str) -> Markup {
    if found.is_empty() {
        return html! {
            p.empty {
                @if search.trim().is_empty() { "There is no shipment here yet." }
                @else { "No shipment has “" (search) "” in its login, name, order, serial or tracking number." }
            }
        };
    }
    let rows = html! { @for one in found.iter().take(MOST) { (row(context, one)) } };
    let caption = format!("Shipments: {}", found.len());
    html! {
        (parts::table(&caption, &["Shipment", "Person", "Key", "Phase", "Waits for", "Since", "Next"], &rows))
        @if found.len() > MOST { p { "The first " (MOST) " are shown. Search for the others." } }
    }
}

fn row(context: &Context, one: &ShipmentView) -> Markup {
    let path = context.scope.href(&parts::shipment_path(&one.namespace, &one.name));
    html! {
        tr.held[one.is_held()] {
            th scope="row" { a href=(path) { (one.namespace) "/" (one.name) } }
            td { (line(&one.user)) }
            td { (line(&one.key)) }
            td { span.phase { (one.phase) } }
            td {
                @if one.reason != one.phase { span.reason { (line(&one.reason)) } }
                @if let Some(hold) = &one.hold { br; (line(&hold.question)) }
            }
            td { @if let Some(at) = one.since { (parts::since(at, context.now)) } }
            td {
                @if one.hold.as_ref().is_some_and(|hold| !hold.choices.is_empty()) { a href=(path) { "Answer" span.quiet { " the question of " (one.name) } } }
                @else {
                    (line(&one.next.what))
                    @if let Some(at) = one.next.at { " " (ends_in(at, context.now)) }
                }
            }
        }
    }
}
