//! What all pages have: head, ways to the others, and the place where changes are told.

use maud::{DOCTYPE, Markup, html};

use crate::context::{Context, Scope};

/// The pages that every page leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Who waits for what.
    Overview,
    /// What waits for a person.
    Holds,
    /// Rollouts.
    Rollouts,
    /// Connections.
    Connections,
    /// Another page.
    Elsewhere,
}

const NAVIGATION: [(Place, &str, &str); 4] = [
    (Place::Overview, "/", "Overview"),
    (Place::Holds, "/holds", "Questions"),
    (Place::Rollouts, "/rollouts", "Rollouts"),
    (Place::Connections, "/connections", "Connections"),
];

/// A page. `fixed`: what stays as it is, such as a form that is being filled in; `live`: what changes by itself.
pub fn page(context: &Context, place: Place, title: &str, fixed: &Markup, live: &Markup) -> Markup {
    let header = html! {
        nav aria-label="Pages" {
            ul {
                @for (own, path, name) in NAVIGATION {
                    li { a href=(context.scope.href(path)) aria-current=[(own == place).then_some("page")] { (name) } }
                }
            }
        }
        p.who { "You are " strong { (context.who) } ", looking at " (view::listing::place(context.scope.namespace.as_deref())) "." }
    };
    let main = html! {
        (fixed)
        div #live { (live) }
    };
    document(title, Some(&context.scope), &header, &main)
}

/// A page that says why there is no other.
pub fn problem(title: &str, what: &str, next: &str) -> Markup {
    let main = html! {
        div.problem role="alert" {
            p { strong { (what) } }
            p { (next) }
        }
    };
    let header = html! {
        nav aria-label="Pages" { ul { li { a href="/" { "Overview" } } } }
    };
    document(title, None, &header, &main)
}

/// The page after the way in: it goes on by itself.
pub fn entered() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content="0;url=/";
                title { "YubiKey shipments" }
                link rel="stylesheet" href="/assets/page.css";
            }
            body { main { h1 { "YubiKey shipments" } p { a href="/" { "Go on to the overview" } } } }
        }
    }
}

fn document(title: &str, follows: Option<&Scope>, header: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · YubiKey shipments" }
                link rel="stylesheet" href="/assets/page.css";
                script src="/assets/page.js" defer {}
            }
            body data-events=[follows.map(|scope| scope.href("/events"))] {
                a.skip href="#main" { "Skip to the content" }
                header {
                    p.brand { "YubiKey shipments" }
                    (header)
                }
                main #main tabindex="-1" {
                    h1 { (title) }
                    (main)
                }
                p #said.said role="status" {}
            }
        }
    }
}
