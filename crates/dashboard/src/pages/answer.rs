//! An answer is given, in the caller's own name, and its fate is shown.

use std::{collections::HashMap, sync::Arc};

use api::decision::YubiKeyDecision;
use axum::{
    Form,
    extract::{Path, State},
    response::Redirect,
};
use domain::question::{Needs, may_order};
use kube::{Api, ResourceExt as _};
use maud::{Markup, html};
use view::{
    decision::{self, Draft},
    fault::Fault,
    text::line,
};

use super::{
    decide::{self, Asked, Open},
    layout::{self, Place},
    parts,
};
use crate::{
    context::{self, Context},
    guard,
    problem::Problem,
    settings::Settings,
};

/// What a form holds.
pub type Fields = HashMap<String, String>;

/// Gives the answer, and leads to its fate.
pub async fn give(
    State(_): State<Arc<Settings>>,
    context: Context,
    Form(fields): Form<Fields>,
) -> Result<Redirect, Problem> {
    guard::check_form(&context.caller, field(&fields, "form"))?;
    let text = |name: &str| field(&fields, name).to_owned();
    let asked = Asked {
        namespace: text("namespace"),
        object: text("object"),
        hold: text("hold"),
        choice: text("choice"),
    };
    let open = decide::open(&context, &asked).await?;
    confirmed(&open, &fields)?;
    let draft = draft(&open, &fields)?;
    let reason = Some(field(&fields, "reason")).filter(|reason| !reason.is_empty());
    decision::check_reason("The reason", reason)?;
    let made = draft.give(&context.caller.client, reason).await?;
    let path = format!("/decisions/{}/{}", draft.namespace, made.name_any());
    Ok(Redirect::to(&context.scope.href(&path)))
}

/// A field of a form, without blanks around it.
pub fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(|text| text.trim()).unwrap_or_default()
}

fn confirmed(open: &Open, fields: &Fields) -> Result<(), Problem> {
    let again = "Go back to the answer and confirm it.";
    if field(fields, "sure") != "yes" {
        return Err(Problem::unfit("It was not confirmed that you are sure, so nothing was done.", again));
    }
    let name = decide::name(&open.hold);
    if may_order(open.choice, open.hold.known()) && !field(fields, "typed").eq_ignore_ascii_case(name) {
        return Err(Problem::unfit(
            format!("This may pay for another key, and the name {name} was not typed, so nothing was done."),
            again,
        ));
    }
    Ok(())
}

fn draft(open: &Open, fields: &Fields) -> Result<Draft, Problem> {
    let mut draft = Draft::about(&open.hold, open.choice);
    let id = |name: &str, what: &str| {
        let given = field(fields, name);
        let missing = || {
            Problem::unfit(format!("This answer needs {what}, so nothing was done."), "Go back and give it.")
        };
        if given.is_empty() { Err(missing()) } else { Ok(Some(given.to_owned())) }
    };
    match open.choice.needs() {
        Some(Needs::ShipmentId) => draft.shipment_id = id("shipment", "the order's id")?,
        Some(Needs::EnrollmentId) => draft.enrollment_id = id("enrollment", "the pending enrolment's id")?,
        None => {}
    }
    let users = field(fields, "users").split([',', ' ']).filter(|id| !id.is_empty());
    draft.user_ids = users.map(str::to_owned).collect();
    Ok(draft)
}

/// The fate of a decision.
pub async fn page(
    State(_): State<Arc<Settings>>,
    Path((namespace, name)): Path<(String, String)>,
    context: Context,
) -> Result<Markup, Problem> {
    let (namespace, name) = (context::name(&namespace)?, context::name(&name)?);
    let api: Api<YubiKeyDecision> = Api::namespaced(context.caller.client.clone(), namespace);
    let decision = match api.get_opt(name).await {
        Ok(decision) => decision,
        // It was just made; who may make one may not always read it.
        Err(kube::Error::Api(status)) if status.code == 403 => {
            return Ok(layout::page(
                &context,
                Place::Elsewhere,
                "Decided",
                &html! {},
                &html! {
                    p role="status" { "The decision " (name) " is made. You may not read it, so look at the shipment to see what became of it." }
                },
            ));
        }
        Err(error) => {
            return Err(Fault::of_api(&format!("read the decision {namespace}/{name}"), &error).into());
        }
    };
    let decision = decision.ok_or_else(|| {
        Problem::missing(format!("There is no decision {name} in namespace {namespace} any more."))
    })?;
    Ok(layout::page(&context, Place::Elsewhere, "Decided", &html! {}, &fate(&context, namespace, &decision)))
}

fn fate(context: &Context, namespace: &str, decision: &YubiKeyDecision) -> Markup {
    let spec = &decision.spec;
    let shipment = spec.shipment_ref.as_ref().map(|shipment| shipment.name.as_str());
    html! {
        @match decision::reply(decision) {
            Some(("True", message)) => { p.good { strong { "Accepted." } " " (line(message)) } },
            Some((_, message)) => { p.warning { strong { "Declined." } " " (line(message)) } },
            None => { p { "The decision is made. The operator has not replied yet; this page shows it when it does." } },
        }
        dl.pairs {
            div { dt { "Answer" } dd { (serde_json::to_value(spec.action).ok().as_ref().and_then(|action| action.as_str()).unwrap_or_default()) } }
            div { dt { "By" } dd { (line(&spec.requested_by)) } }
            @if let Some(reason) = &spec.reason { div { dt { "Why" } dd { (line(reason)) } } }
            div { dt { "Record" } dd { code { "ykd/" (decision.name_any()) } } }
        }
        @if let Some(name) = shipment {
            p { a href=(context.scope.href(&parts::shipment_path(namespace, name))) { "To the shipment " (name) } }
        }
        p { a href=(context.scope.href("/holds")) { "To the other questions" } }
    }
}
