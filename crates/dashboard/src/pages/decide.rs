//! One answer before it is given: the question once more, where the answer leads, and what one must be sure of.

use std::sync::Arc;

use axum::extract::{Query, State};
use domain::{
    hold::Choice,
    question::{Needs, may_order},
};
use maud::{Markup, html};
use serde::Deserialize;
use view::{
    HoldView,
    decision::LONGEST_REASON,
    hold_of_shipment, holds_of_rollout, listing,
    names::{self, Kind},
    pin,
    text::line,
};

use super::{
    layout::{self, Place},
    parts,
};
use crate::{
    context::{self, Context},
    problem::Problem,
    settings::Settings,
};

/// Which answer to which question.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    /// Of the object.
    pub namespace: String,
    /// `yks/NAME` or `ykr/NAME`.
    pub object: String,
    /// The hold, or the mail.
    pub hold: String,
    /// One of the hold's choices, as a decision writes it.
    pub choice: String,
}

/// A question that is open now, and one of its answers.
#[derive(Debug)]
pub struct Open {
    /// As it stands now, not as the form showed it.
    pub hold: HoldView,
    /// The answer that was asked for; the question admits it.
    pub choice: Choice,
}

/// Reads the question anew: what was answered meanwhile is not answered twice.
///
/// # Errors
/// If it is not open any more, or does not admit the answer.
pub async fn open(context: &Context, asked: &Asked) -> Result<Open, Problem> {
    let namespace = context::name(&asked.namespace)?;
    let choice = Choice::parse(&asked.choice).ok_or_else(|| {
        Problem::unfit("This version of the page does not know that answer.", "Go back to the question.")
    })?;
    let (kind, name) = names::named(&asked.object)?;
    let name = context::name(name)?;
    let client = &context.caller.client;
    let holds = match kind {
        Some(Kind::Shipment) => {
            let shipment = listing::shipment(client, namespace, name).await?.ok_or_else(|| gone(asked))?;
            if asked.hold.starts_with(pin::PIN_MAIL) {
                vec![mail(&shipment, context)?]
            } else {
                hold_of_shipment(&shipment).into_iter().collect()
            }
        }
        Some(Kind::Rollout) => {
            let rollout = listing::rollout(client, namespace, name).await?.ok_or_else(|| gone(asked))?;
            holds_of_rollout(&rollout)
        }
        _ => {
            return Err(Problem::unfit(
                "Only shipments and rollouts ask questions.",
                "Go back to the questions.",
            ));
        }
    };
    let hold = holds.into_iter().find(|hold| hold.id == asked.hold).ok_or_else(|| answered(asked))?;
    if !hold.answers().contains(&choice) {
        return Err(Problem::unfit(
            format!("{} of {} does not admit {}.", hold.reason, hold.object, choice.as_str()),
            format!("Choose one of {}.", hold.choices.join(", ")),
        ));
    }
    Ok(Open { hold, choice })
}

fn gone(asked: &Asked) -> Problem {
    Problem::missing(format!("There is no {} in namespace {} any more.", asked.object, asked.namespace))
}

fn answered(asked: &Asked) -> Problem {
    Problem::new(
        axum::http::StatusCode::CONFLICT,
        format!("{} does not ask this question any more, so nothing was done.", asked.object),
        "Somebody answered it, or its cause is gone. Look at it again.",
    )
}

/// A wish for another PIN mail, in the form of a question.
fn mail(shipment: &api::shipment::YubiKeyShipment, context: &Context) -> Result<HoldView, Problem> {
    let mail = pin::another_mail(shipment, context.now).map_err(|why| {
        Problem::new(
            axum::http::StatusCode::CONFLICT,
            format!("For {} {why}.", shipment.metadata.name.as_deref().unwrap_or_default()),
            "Look at the shipment again.",
        )
    })?;
    let display = shipment.status.as_ref().and_then(|status| status.display.as_ref());
    let late = mail.goes_out.map(|at| {
        format!("Three mails were asked for within a day: this one goes out at {}.", view::times::day(at))
    });
    Ok(HoldView {
        namespace: mail.draft.namespace,
        object: mail.draft.object,
        user: display.map(|display| display.user.clone()).unwrap_or_default(),
        id: mail.draft.hold,
        reason: "PIN mail".to_owned(),
        since: mail.last.unwrap_or(context.now),
        question: "Shall Okta mail the PIN once more?".to_owned(),
        message: late.unwrap_or_else(|| "Shall Okta mail the PIN once more?".to_owned()),
        choices: vec![Choice::ResendPin.as_str().to_owned()],
        enrollment: None,
    })
}

/// Shows the question and what the answer leads to; nothing is decided before it is sent.
pub async fn page(
    State(_): State<Arc<Settings>>,
    context: Context,
    Query(asked): Query<Asked>,
) -> Result<Markup, Problem> {
    let open = open(&context, &asked).await?;
    let title = format!("{}: {}", open.choice.as_str(), open.hold.object);
    // Nothing on it changes by itself: what is confirmed is what was read.
    Ok(layout::page(&context, Place::Elsewhere, &title, &form(&context, &open), &html! {}))
}

fn form(context: &Context, Open { hold, choice }: &Open) -> Markup {
    let orders = may_order(*choice, hold.known());
    let hidden = [
        ("form", context.caller.form.as_str()),
        ("namespace", &hold.namespace),
        ("object", &hold.object),
        ("hold", &hold.id),
        ("choice", choice.as_str()),
    ];
    html! {
        p.question { (line(&hold.question)) }
        @if hold.message != hold.question { p { (line(&hold.message)) } }
        dl.pairs {
            div { dt { "About" } dd { (hold.namespace) "/" (hold.object) @if !hold.user.is_empty() { " for " (line(&hold.user)) } } }
            div { dt { "Reason" } dd { (line(&hold.reason)) " since " (parts::since(hold.since, context.now)) } }
            div { dt { "Your answer" } dd { strong { (choice.as_str()) } } }
            div { dt { "Leads to" } dd { (choice.leads_to()) "." } }
        }
        @if orders {
            div.warning role="note" { p { strong { "This may pay for another key." } " Two parcels for one person cannot be called back." } }
        }
        form.decide method="post" action=(context.scope.href("/decisions")) {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            (id(hold, *choice))
            div {
                label for="reason" { "Why, for the auditor (may be left empty)" }
                textarea #reason name="reason" rows="2" maxlength=(LONGEST_REASON) {}
            }
            div.sure {
                input #sure type="checkbox" name="sure" value="yes" required;
                label for="sure" { "I am sure that " (choice.be_sure()) "." }
            }
            @if orders {
                div {
                    label for="typed" { "Type the name " strong { (name(hold)) } " to go on" }
                    input #typed type="text" name="typed" required autocomplete="off";
                }
            }
            p { "It is decided in your name, " strong { (context.who) } ", once, and stays on record." }
            button.primary type="submit" { "Decide: " (choice.as_str()) }
            " " a href=(context.scope.href(&back(hold))) { "Do nothing" }
        }
    }
}

/// The name that confirms an answer which may order.
pub fn name(hold: &HoldView) -> &str {
    hold.object.rsplit('/').next().unwrap_or_default()
}

fn back(hold: &HoldView) -> String {
    if hold.object.starts_with("yks/") {
        parts::shipment_path(&hold.namespace, name(hold))
    } else {
        "/holds".to_owned()
    }
}

/// The id that an answer needs.
fn id(hold: &HoldView, choice: Choice) -> Markup {
    match choice.needs() {
        Some(Needs::ShipmentId) => html! {
            div {
                label for="shipment" { "The order's id, from the YubiEnterprise Console" }
                input #shipment type="text" name="shipment" required autocomplete="off" maxlength="100";
            }
        },
        Some(Needs::EnrollmentId) => html! {
            div {
                label for="enrollment" { "The pending enrolment's id, at Okta" }
                input #enrollment type="text" name="enrollment" required autocomplete="off" maxlength="100" value=(hold.enrollment.as_deref().unwrap_or_default());
            }
        },
        None if hold.known() == Some(domain::failure::Reason::ShipmentDeleted) => html! {
            div {
                label for="users" { "Okta ids of the people who get one again, with commas (may be left empty)" }
                input #users type="text" name="users" autocomplete="off";
            }
        },
        None => html! {},
    }
}
