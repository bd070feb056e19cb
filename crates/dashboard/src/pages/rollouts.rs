//! Rollouts as progress.

use std::sync::Arc;

use api::rollout::{Counts, YubiKeyRollout};
use axum::extract::State;
use maud::{Markup, html};
use view::{RolloutView, listing, text::line};

use super::{
    layout::{self, Place},
    parts,
};
use crate::{context::Context, problem::Problem, settings::Settings};

/// `/rollouts`: how far each rollout is.
pub async fn page(State(_): State<Arc<Settings>>, context: Context) -> Result<Markup, Problem> {
    let scope = context.scope.namespace.as_deref();
    let rollouts = listing::namespaced::<YubiKeyRollout>(&context.caller.client, scope, "rollouts").await?;
    let live = html! {
        (parts::unread(&rollouts.undecodable))
        @if rollouts.objects.is_empty() { p.empty { "There is no rollout here." } }
        @for rollout in &rollouts.objects { (article(&context, rollout)) }
    };
    Ok(layout::page(&context, Place::Rollouts, "Rollouts", &html! {}, &live))
}

fn article(context: &Context, rollout: &YubiKeyRollout) -> Markup {
    let view = RolloutView::of(rollout);
    let id = format!("rollout-{}-{}", view.namespace, view.name);
    html! {
        article aria-labelledby=(id) {
            h2 id=(id) { (view.namespace) "/" (view.name) }
            p { span.reason { (line(&view.reason)) } " " (line(&view.message)) }
            @if rollout.spec.paused { p.warning { "It is paused: nobody new is ordered for." } }
            (bars(&view))
            (waves(rollout, &view))
            (problems(rollout))
            @for hold in &view.holds { (parts::hold(hold, &context.scope, context.now, false)) }
        }
    }
}

fn bars(view: &RolloutView) -> Markup {
    let Some(counts) = &view.counts else { return html! { p { "Nobody is counted yet." } } };
    html! {
        p { (view.progress()) "." }
        dl.bars {
            (bar(&format!("{}/{}: activated", view.namespace, view.name), "Activated", counts.activated, counts.eligible))
            (bar(&format!("{}/{}: budget", view.namespace, view.name), "Of the budget", counts.served, view.budget))
        }
        (people(counts))
    }
}

fn bar(label: &str, name: &str, value: u32, of: u32) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { progress value=(value) max=(of.max(1)) aria-label=(label) { (value) " of " (of) } " " (value) " of " (of) }
        }
    }
}

fn people(counts: &Counts) -> Markup {
    let all = [
        ("named by the source", counts.members),
        ("waiting", counts.waiting),
        ("on their way", counts.in_flight),
        ("held", counts.held),
        ("activated", counts.activated),
        ("skipped", counts.skipped),
    ];
    html! { dl.counts { @for (name, count) in all { div { dt { (name) } dd { (count) } } } } }
}

fn waves(rollout: &YubiKeyRollout, view: &RolloutView) -> Markup {
    let open = view.wave.unwrap_or(1);
    html! {
        @if !rollout.spec.waves.is_empty() {
            h3 { "Waves" }
            ol.waves {
                @for (number, wave) in (1..).zip(&rollout.spec.waves) {
                    li aria-current=[(number == open).then_some("step")] {
                        @match (wave.percent, wave.count) {
                            (Some(percent), _) => { (percent) " %" },
                            (None, Some(count)) => { (count) " people" },
                            (None, None) => "the rest",
                        }
                        @if number < open { " (through)" } @else if number == open { " (open)" }
                    }
                }
            }
        }
    }
}

fn problems(rollout: &YubiKeyRollout) -> Markup {
    let problems = rollout.status.as_ref().map(|status| status.problems.as_slice()).unwrap_or_default();
    let rows = html! {
        @for problem in problems {
            tr {
                th scope="row" { (line(&problem.reason)) }
                td { (problem.total) }
                td { (line(&problem.message)) }
                td { (line(&problem.examples.join(", "))) }
            }
        }
    };
    html! { @if !problems.is_empty() { (parts::table("Problems by reason", &["Reason", "How many", "What to do", "Such as"], &rows)) } }
}
