//! Connections: their checks, stock, and the end of their credentials.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use maud::{Markup, html};
use view::{Check, ConnectionView, Verdict, listing, text::line};

use super::{
    layout::{self, Place},
    parts,
};
use crate::{context::Context, problem::Problem, settings::Settings};

/// Checks that a help desk and a buyer look for first.
const FIRST: [(&str, &str); 2] = [("StockSufficient", "Stock"), ("CredentialsExpiring", "Credentials")];

/// `/connections`: every connection that the caller may see, with its checks.
pub async fn page(State(_): State<Arc<Settings>>, context: Context) -> Result<Markup, Problem> {
    let connections = listing::connections(&context.caller.client).await?;
    let live = html! {
        (parts::unread(&connections.undecodable))
        @if connections.objects.is_empty() { p.empty { "There is no connection in this cluster." } }
        @for connection in &connections.objects { (article(&ConnectionView::of(connection), context.now)) }
    };
    Ok(layout::page(&context, Place::Connections, "Connections", &html! {}, &live))
}

fn article(connection: &ConnectionView, now: Timestamp) -> Markup {
    let id = format!("connection-{}", connection.connection);
    let fine = connection.checks.iter().filter(|check| check.verdict() == Verdict::Fine).count();
    let mut checks: Vec<_> = connection.checks.iter().collect();
    checks.sort_by_key(|check| match check.verdict() {
        Verdict::Wrong => 0,
        Verdict::Warning => 1,
        Verdict::Unknown => 2,
        Verdict::Fine => 3,
    });
    let rows = html! { @for check in checks { (row(check, now)) } };
    let caption = format!("Checks of {}: {fine} of {} hold", connection.connection, connection.checks.len());
    html! {
        article aria-labelledby=(id) {
            h2 id=(id) { (connection.connection) }
            p { (line(&connection.okta)) }
            p { @if connection.ready == "True" { "Ready: " } @else { strong { "Not ready: " } } span.reason { (line(&connection.reason)) } " " (line(&connection.message)) }
            dl.pairs {
                @for (kind, name) in FIRST {
                    @if let Some(check) = connection.checks.iter().find(|check| check.name == kind) {
                        div { dt { (name) } dd { (word(check)) ": " (line(&check.message)) } }
                    }
                }
            }
            (parts::table(&caption, &["Check", "Result", "What was found", "Since"], &rows))
        }
    }
}

fn row(check: &Check, now: Timestamp) -> Markup {
    html! {
        tr {
            th scope="row" { (line(&check.name)) }
            td { span class=(class(check)) { (word(check)) } }
            td { (line(&check.message)) }
            td { @if let Some(at) = check.since { (parts::since(at, now)) } }
        }
    }
}

fn word(check: &Check) -> &'static str {
    match check.verdict() {
        Verdict::Fine => "as wanted",
        Verdict::Unknown => "not known",
        Verdict::Warning => "soon",
        Verdict::Wrong => "not as wanted",
    }
}

fn class(check: &Check) -> &'static str {
    match check.verdict() {
        Verdict::Fine => "good",
        Verdict::Unknown => "quiet-word",
        Verdict::Warning | Verdict::Wrong => "bad",
    }
}
