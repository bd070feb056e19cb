//! Pieces that several pages have.

use jiff::Timestamp;
use maud::{Markup, html};
use view::{
    HoldView,
    text::line,
    times::{ago, day},
    tracking,
};

use crate::context::Scope;

/// A time: how long ago for reading, exactly for whoever asks.
pub fn since(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) title=(day(at)) { (ago(at, now)) } }
}

/// A time as day and minute.
pub fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) { (day(at)) } }
}

/// A parcel's number, with a link where the carrier's page is known.
pub fn parcel(carrier: &str, number: &str) -> Markup {
    html! {
        (line(carrier)) " "
        @if let Some(link) = tracking::link(carrier, number) {
            a href=(link) rel="noopener noreferrer external" target="_blank" { (line(number)) " (opens " (line(carrier)) ")" }
        } @else { (line(number)) }
    }
}

/// The path of a shipment's page.
pub fn shipment_path(namespace: &str, name: &str) -> String {
    format!("/shipments/{namespace}/{name}")
}

/// A table with a name, which may be wider than the window.
pub fn table(caption: &str, columns: &[&str], rows: &Markup) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A question with its facts and answers. `level`: of its heading.
pub fn hold(hold: &HoldView, scope: &Scope, now: Timestamp, heading: bool) -> Markup {
    let name = hold.object.rsplit('/').next().unwrap_or_default();
    html! {
        article.hold {
            @if heading {
                h2 {
                    @if hold.object.starts_with("yks/") {
                        a href=(scope.href(&shipment_path(&hold.namespace, name))) { (hold.namespace) "/" (name) }
                    } @else { (hold.namespace) "/" (hold.object) }
                    @if !hold.user.is_empty() { " for " (line(&hold.user)) }
                }
            } @else {
                h2 { "A person must decide" }
            }
            p.question { (line(hold.headline())) }
            (explained(hold))
            p.facts { span.reason { (line(&hold.reason)) } " since " (since(hold.since, now)) }
            (choices(hold, scope))
        }
    }
}

/// What happened: a sentence, or a list where several things are wrong.
fn explained(hold: &HoldView) -> Markup {
    let lines = hold.explained();
    match lines.as_slice() {
        [head, faults @ .., tail] if !faults.is_empty() => html! {
            p { (line(head)) ":" }
            ul { @for fault in faults { li { (line(fault)) } } }
            p { (line(tail)) }
        },
        lines => html! { @for said in lines { p { (line(said)) } } },
    }
}

fn choices(hold: &HoldView, scope: &Scope) -> Markup {
    let answers = hold.answers();
    html! {
        @if hold.choices.is_empty() {
            p { "Nothing is to be answered: it ends by itself once its cause is gone." }
        } @else if answers.is_empty() {
            p { "This version of the page knows none of its answers (" (hold.choices.join(", ")) "). Use the page of the operator's version." }
        } @else {
            ul.choices {
                @for choice in answers {
                    li {
                        a.button href=(decide_path(hold, choice.as_str(), scope)) {
                            (choice.as_str()) span.quiet { " for " (hold.object) }
                        }
                        p { "Leads to: " (choice.leads_to()) "." }
                        @if domain::question::may_order(choice, hold.known()) { p.warning { strong { "May pay for another key." } } }
                    }
                }
            }
        }
    }
}

/// The page on which a choice is confirmed.
pub fn decide_path(hold: &HoldView, choice: &str, scope: &Scope) -> String {
    let query = [
        ("namespace", hold.namespace.as_str()),
        ("object", &hold.object),
        ("hold", &hold.id),
        ("choice", choice),
    ];
    scope.href_with("/decide", &query)
}

/// What this version cannot read is named, so that nobody takes it for absent.
pub fn unread(names: &[String]) -> Markup {
    html! {
        @if !names.is_empty() {
            div.warning role="note" {
                p { "Left out, because this version of the page cannot read them: " (names.join(", ")) ". Use the page of the operator's version, or kubectl." }
            }
        }
    }
}
