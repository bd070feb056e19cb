//! A shipment is deleted, with the caller's own right: what follows from it is said first, and what becomes of it after.

use std::sync::Arc;

use api::shipment::{DeletionPolicy, YubiKeyShipment};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Redirect,
};
use kube::{
    Api, Resource as _,
    api::{DeleteParams, Preconditions},
};
use maud::{Markup, html};
use serde::Deserialize;
use view::{ShipmentView, fault::Fault, listing, managed, text::line};

use super::{
    advice::{self, Parcel},
    answer::{Fields, field},
    layout::{self, Place},
    parts,
};
use crate::{
    context::{self, Context},
    guard,
    problem::Problem,
    settings::Settings,
};

/// The shipment that is to be deleted.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    namespace: String,
    name: String,
}

async fn read(context: &Context, asked: &Asked) -> Result<YubiKeyShipment, Problem> {
    let (namespace, name) = (context::name(&asked.namespace)?, context::name(&asked.name)?);
    let found = listing::shipment(&context.caller.client, namespace, name).await?;
    let gone = || Problem::missing(format!("There is no shipment {name} in namespace {namespace} any more."));
    let shipment = found.ok_or_else(gone)?;
    match managed::by(shipment.meta()) {
        None => Ok(shipment),
        Some(by) => Err(Problem::new(
            StatusCode::CONFLICT,
            format!(
                "{by} manages this shipment, and would declare it anew if it were deleted here, so nothing was done."
            ),
            "Remove it in Git.",
        )),
    }
}

/// The page that asks whether it is meant.
pub async fn page(
    State(_): State<Arc<Settings>>,
    context: Context,
    Query(asked): Query<Asked>,
) -> Result<Markup, Problem> {
    let shipment = read(&context, &asked).await?;
    let policy = policy(&context, &shipment).await;
    let title = format!("Delete {}", asked.name);
    // Nothing on it changes by itself: what is confirmed is what was read.
    Ok(layout::page(
        &context,
        Place::Elsewhere,
        &title,
        &form(&context, &asked, &shipment, policy),
        &html! {},
    ))
}

/// What happens to the order: the shipment's word, else the connection's. `None`: the caller may not see the connection.
async fn policy(context: &Context, shipment: &YubiKeyShipment) -> Option<DeletionPolicy> {
    if shipment.spec.deletion_policy.is_some() {
        return shipment.spec.deletion_policy;
    }
    let connections = listing::connections(&context.caller.client).await.ok()?.objects;
    let wanted = Some(&shipment.spec.connection_ref.name);
    let connection = connections.iter().find(|one| one.metadata.name.as_ref() == wanted)?;
    let defaults = connection.spec.defaults.as_ref();
    Some(defaults.and_then(|defaults| defaults.deletion_policy).unwrap_or(DeletionPolicy::Cancel))
}

/// What the deletion leads to, by how far the parcel is.
pub const fn leads_to(parcel: Parcel, active: bool, policy: Option<DeletionPolicy>) -> &'static str {
    match (policy, active, parcel) {
        (Some(DeletionPolicy::Orphan), ..) => {
            "Its deletionPolicy is Orphan: it goes at once, and nothing is cancelled. Whoever has the parcel has a key that may become active elsewhere."
        }
        (Some(DeletionPolicy::Revoke), true, _) => {
            "Its deletionPolicy is Revoke: the active key is removed at Okta, and the person cannot sign in with it any more."
        }
        (_, true, _) => {
            "The key is active. It stays at Okta until somebody removes it there; only its record here ends."
        }
        (_, false, Parcel::Shipped) => {
            "It is shipped. The parcel is followed to its end, its key never signs in, and the record goes when the parcel has arrived."
        }
        (_, false, Parcel::Unknown) => {
            "Nobody knows yet whether it was ordered. The record stays until that question is answered."
        }
        (_, false, Parcel::Ordered) => {
            "The order is cancelled, then the enrolment is removed, and the record goes. What cannot be cancelled any more is followed, and its key never signs in."
        }
        (_, false, Parcel::None) => "Nothing is ordered. What was enrolled is removed, and the record goes.",
    }
}

fn form(
    context: &Context,
    asked: &Asked,
    shipment: &YubiKeyShipment,
    policy: Option<DeletionPolicy>,
) -> Markup {
    let status = shipment.status.as_ref();
    let active = status.is_some_and(|s| s.times.as_ref().is_some_and(|times| times.activated.is_some()));
    let leads = leads_to(advice::parcel(shipment), active, policy);
    let view = ShipmentView::of(shipment, None, context.now);
    let uid = shipment.meta().uid.as_deref().unwrap_or_default();
    let hidden = [
        ("form", context.caller.form.as_str()),
        ("namespace", &asked.namespace),
        ("name", &asked.name),
        ("uid", uid),
    ];
    html! {
        p.question { "Shall this shipment be deleted?" }
        dl.pairs {
            div { dt { "About" } dd { (asked.namespace) "/" (asked.name) @if !view.user.is_empty() { " for " (line(&view.user)) } } }
            div { dt { "Now" } dd { (line(&view.phase)) @if view.reason != view.phase { ": " (line(&view.reason)) } } }
            div { dt { "Leads to" } dd { (leads) @if policy.is_none() { " The connection's deletionPolicy may say otherwise; you may not see it." } } }
            @if let Some(rollout) = &view.rollout {
                div { dt { "Rollout" } dd { "It belongs to " (line(rollout)) ", which asks a person before it makes another one. Whoever left goes by leaving its source." } }
            }
        }
        form.decide method="post" action=(context.scope.href("/deletions")) {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            div {
                label for="typed" { "Type the name " strong { (asked.name) } " to go on" }
                input #typed type="text" name="typed" required autocomplete="off";
            }
            p { "It is deleted in your name, " strong { (context.who) } "." }
            button.primary type="submit" { "Delete the shipment" }
            " " a href=(context.scope.href(&parts::shipment_path(&asked.namespace, &asked.name))) { "Do nothing" }
        }
    }
}

/// Deletes it, if it is the very one that was confirmed.
pub async fn take(
    State(_): State<Arc<Settings>>,
    context: Context,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Problem> {
    guard::check_form(&context.caller, field(&fields, "form"))?;
    let asked =
        Asked { namespace: field(&fields, "namespace").to_owned(), name: field(&fields, "name").to_owned() };
    let shipment = read(&context, &asked).await?;
    let again = "Go back and confirm it.";
    if field(&fields, "typed") != asked.name {
        return Err(Problem::unfit(
            format!("The name {} was not typed, so nothing was done.", asked.name),
            again,
        ));
    }
    let uid = Some(field(&fields, "uid").to_owned()).filter(|uid| !uid.is_empty());
    if uid.is_none() || uid != shipment.meta().uid {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "It is another shipment of the same name by now, so nothing was done.",
            "Look at it again.",
        ));
    }
    let api: Api<YubiKeyShipment> = Api::namespaced(context.caller.client.clone(), &asked.namespace);
    let only = DeleteParams {
        preconditions: Some(Preconditions { uid, resource_version: None }),
        ..DeleteParams::default()
    };
    let deleted = api.delete(&asked.name, &only).await;
    deleted.map_err(|error| {
        Fault::of_api(&format!("delete shipment {}/{}", asked.namespace, asked.name), &error)
    })?;
    let path = format!("/deletions/{}/{}", asked.namespace, asked.name);
    Ok(Redirect::to(&context.scope.href(&path)))
}

/// What became of it.
pub async fn fate(
    State(_): State<Arc<Settings>>,
    Path((namespace, name)): Path<(String, String)>,
    context: Context,
) -> Result<Markup, Problem> {
    let (namespace, name) = (context::name(&namespace)?, context::name(&name)?);
    let found = listing::shipment(&context.caller.client, namespace, name).await?;
    let live = html! {
        @match &found {
            None => { p.good role="status" { strong { "It is gone." } " There is no shipment " (name) " in namespace " (namespace) " any more." } },
            Some(shipment) if shipment.meta().deletion_timestamp.is_none() => { p.warning role="status" { "There is a shipment " (name) " that is not being deleted: somebody declared it anew." } },
            Some(shipment) => { (waits(context.now, shipment)) },
        }
        @if found.is_some() { p { a href=(context.scope.href(&parts::shipment_path(namespace, name))) { "To the shipment " (name) } } }
        p { a href=(context.scope.href("/")) { "To the overview" } }
    };
    Ok(layout::page(&context, Place::Elsewhere, &format!("Deleting {name}"), &html! {}, &live))
}

fn waits(now: jiff::Timestamp, shipment: &YubiKeyShipment) -> Markup {
    let view = ShipmentView::of(shipment, None, now);
    html! {
        p role="status" { strong { "It is being deleted." } " This page shows when it is gone." }
        @if !view.message.is_empty() { p { (line(&view.message)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_deletion_leads_to_is_said_for_every_state() {
        let said = |parcel, active, policy| leads_to(parcel, active, policy);
        assert!(said(Parcel::Ordered, false, None).contains("order is cancelled"));
        assert!(said(Parcel::Shipped, false, None).contains("never signs in"));
        assert!(said(Parcel::Shipped, true, None).contains("stays at Okta"));
        assert!(said(Parcel::Shipped, true, Some(DeletionPolicy::Revoke)).contains("removed at Okta"));
        assert!(said(Parcel::Ordered, false, Some(DeletionPolicy::Orphan)).contains("nothing is cancelled"));
        assert!(said(Parcel::Unknown, false, Some(DeletionPolicy::Cancel)).contains("until that question"));
        assert!(said(Parcel::None, false, Some(DeletionPolicy::Revoke)).contains("Nothing is ordered"));
    }
}
