//! The page: who waits for what, where each key is, and the answers. It has no right of its own: every call to the API
//! server is made with the credentials of whoever looks, so that Kubernetes' own rules say what is shown and done.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

mod access;
mod assets;
mod context;
mod document;
mod events;
mod guard;
mod pages;
mod problem;
mod routes;
mod search;
mod secret;
mod serve;
mod settings;
mod site;

pub use self::{
    access::{Access, Callers, Own},
    routes::router,
    secret::Secret,
    serve::serve,
    settings::Settings,
    site::{Site, SiteError},
};
