//! What becomes of a watch: told by `/readyz`, the log, and to those who wait for its first answer.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

use crate::readiness::Readiness;

/// What becomes of one watch, for `/readyz`, the log, and those who wait for its first answer.
#[derive(Clone)]
pub(super) struct WatchHealth {
    what: String,
    /// The thing that all watches of this kind bring about together.
    kind: &'static str,
    readiness: Readiness,
    pub(super) answered: Arc<watch::Sender<bool>>,
}

impl WatchHealth {
    pub(super) fn new(kind: &'static str, place: Option<&str>, readiness: &Readiness) -> Self {
        let what = place.map_or_else(|| kind.to_owned(), |namespace| format!("{kind} in {namespace}"));
        Self { what, kind, readiness: readiness.clone(), answered: Arc::new(watch::channel(false).0) }
    }

    pub(super) fn listed(&self) {
        self.readiness.has(&self.what);
        self.readiness.has(self.kind);
        tracing::info!(watch = self.what, "watching");
        self.answered.send_replace(true);
    }

    /// The watch starts again by itself, with growing waits; it is said once.
    pub(super) fn failed(&self, error: &dyn fmt::Display) {
        let why = error.to_string();
        if self.readiness.lacks(&self.what, &why) {
            tracing::warn!(watch = self.what, %error, "the watch was interrupted; it starts again");
        }
        self.answered.send_replace(true);
    }
}
