//! The document around every page: head, header, content, and the place where changes are told.

use maud::{DOCTYPE, Markup, html};

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
    whole(title, None, &header, &main)
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

/// A whole document. `events`: the stream of changes that it follows.
pub fn whole(title: &str, events: Option<&str>, header: &Markup, main: &Markup) -> Markup {
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
            body data-events=[events] {
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
