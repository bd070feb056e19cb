//! `/healthz` (alive), `/readyz` (what is missing), `/metrics`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
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

async fn ready(State(served): State<Served>) -> (StatusCode, String) {
    let missing = served.readiness.list();
    if missing.is_empty() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for: {}\n", missing.join(", ")))
    }
}
