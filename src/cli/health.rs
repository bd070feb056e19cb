//! `/healthz` (alive), `/readyz` (what is missing), `/metrics`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;

use crate::{
    metrics::{CONTENT_TYPE, Metrics},
    readiness::Readiness,
};

#[derive(Clone)]
struct Served {
    readiness: Readiness,
    metrics: Arc<Metrics>,
}

/// Takes the address; fails at once if somebody has it.
///
/// # Errors
/// If the address cannot be taken.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until the process ends.
///
/// # Errors
/// If the listener breaks.
pub async fn serve(
    listener: TcpListener,
    readiness: Readiness,
    metrics: Arc<Metrics>,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(scraped))
        .with_state(Served { readiness, metrics });
    axum::serve(listener, router).await
}

async fn scraped(State(served): State<Served>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], served.metrics.text())
}

/// With `?verbose` everything that is waited for, a line each, and whether this process leads.
async fn ready(State(served): State<Served>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let readiness = &served.readiness;
    let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let verbose = query.is_some_and(|query| query == "verbose" || query.starts_with("verbose="));
    (status, if verbose { readiness.text() + &readiness.verbose() } else { readiness.text() })
}
