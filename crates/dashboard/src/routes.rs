//! Which address shows what.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Query, State},
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use tokio::sync::watch;

use crate::{
    access::Access,
    assets,
    events::{self, Live},
    guard,
    pages::{answer, connections, decide, delete, holds, look, overview, rollouts, shipment},
    problem::Problem,
    settings::Settings,
};

/// Largest form, in bytes: a reason of 1,024 characters and some ids.
const LARGEST_FORM: usize = 64 * 1024;

/// The page as a service. `ends`: turns true when streams of changes shall end.
pub fn router(settings: Settings, ends: watch::Receiver<bool>) -> Router {
    let settings = Arc::new(settings);
    let guarded = Router::new()
        .route("/", get(overview::page))
        .route("/shipments/{namespace}/{name}", get(shipment::page))
        .route("/holds", get(holds::page))
        .route("/rollouts", get(rollouts::page))
        .route("/connections", get(connections::page))
        .route("/decide", get(decide::page))
        .route("/decisions", post(answer::give))
        .route("/decisions/{namespace}/{name}", get(answer::page))
        .route("/look", post(look::ask))
        .route("/delete", get(delete::page))
        .route("/deletions", post(delete::take))
        .route("/deletions/{namespace}/{name}", get(delete::fate))
        .route("/events", get(events::stream))
        .fallback(missing)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(Extension(Live::new(ends)))
        .layer(from_fn_with_state(Arc::clone(&settings), guard::caller));
    let open = Router::new()
        .route("/assets/page.css", get(assets::style))
        .route("/assets/page.js", get(assets::script))
        .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
        .route("/enter", get(enter));
    guarded
        .merge(open)
        .layer(from_fn_with_state(Arc::clone(&settings), guard::host))
        // The kubelet asks for the pod's address.
        .route("/healthz", get(async || "ok\n"))
        .layer(from_fn(guard::headers))
        .with_state(settings)
}

#[derive(Debug, Deserialize)]
struct Entrance {
    #[serde(default)]
    token: String,
}

async fn enter(State(settings): State<Arc<Settings>>, Query(asked): Query<Entrance>) -> Response {
    match &settings.access {
        Access::Own(own) => guard::enter(own, &asked.token),
        Access::Callers(_) => missing().await.into_response(),
    }
}

async fn missing() -> Problem {
    Problem::missing("There is no such page.")
}
