//! `/healthz` (alive), `/readyz` (what is missing), `/metrics`.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;

use crate::{
    metrics::{Form, Metrics},
    readiness::Readiness,
};

#[derive(Clone)]
struct Served {
    readiness: Readiness,
    metrics: Arc<Metrics>,
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

/// In the form that the scraper asks for.
async fn scraped(State(served): State<Served>, headers: HeaderMap) -> impl IntoResponse {
    let lines = headers.get_all(header::ACCEPT).into_iter().filter_map(|line| line.to_str().ok());
    let form = Form::accepted(&lines.collect::<Vec<_>>().join(","));
    let about = [(header::CONTENT_TYPE, form.content_type()), (header::VARY, header::ACCEPT.as_str())];
    (about, form.of(served.metrics.text()))
}

/// With `?verbose` everything that is waited for, a line each, and whether this process leads.
async fn ready(State(served): State<Served>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let readiness = &served.readiness;
    let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let verbose = query.is_some_and(|query| query == "verbose" || query.starts_with("verbose="));
    (status, if verbose { readiness.text() + &readiness.verbose() } else { readiness.text() })
}
