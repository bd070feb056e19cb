//! The page: who waits for what, where each key is, and the answers. It has no right of its own: every call to the API
//! server is made with the credentials of whoever looks, so that Kubernetes' own rules say what is shown and done.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

mod access;
mod assets;
mod context;
mod events;
mod guard;
mod pages;
mod problem;
mod routes;
mod search;
mod secret;
mod site;

use std::io;

use tokio::net::TcpListener;

pub use self::{
    access::{Access, Callers, Own},
    routes::router,
    secret::Secret,
    site::{Site, SiteError},
};

/// What the page is served with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In whose name.
    pub access: Access,
    /// Under which addresses.
    pub site: Site,
    /// The namespace that is shown if the address names none; `None`: all of them.
    pub namespace: Option<String>,
}

/// Serves the page until `end` is over. Open streams of changes end with it.
///
/// # Errors
/// If the socket fails.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    end: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (over, ends) = tokio::sync::watch::channel(false);
    let app = router(settings, ends);
    let end = async move {
        end.await;
        // Nobody listens any more where nobody looks.
        let _ = over.send(true);
    };
    axum::serve(listener, app).with_graceful_shutdown(end).await
}
