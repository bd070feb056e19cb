//! What all pages have: the ways to the others, who looks, and what changes by itself.

use maud::{Markup, html};

use crate::{context::Context, document};

/// The pages that every page leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Who waits for what.
    Overview,
    /// What waits for a person.
    Holds,
    /// `/rollouts`, how far each rollout is.
    Rollouts,
    /// `/connections`, with the checks of each.
    Connections,
    /// A page that the navigation does not name.
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
    document::whole(title, Some(&context.scope.href("/events")), &header, &main)
}
