//! The Prometheus registry of this process. Labels are bounded.

use std::sync::Arc;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, info::Info},
    registry::Registry,
};

use crate::{domain::failure::Reason, http::CallMetrics};

/// Labels of a failed pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    kind: &'static str,
    outcome: &'static str,
}

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Calls to the vendors.
    pub calls: Arc<CallMetrics>,
    passes: Family<PassLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("yubikey_shipment_operator");
        let calls = Arc::new(CallMetrics::default());
        calls.register(&mut registry);
        let passes = Family::default();
        registry.register(
            "passes",
            "Passes over resources by kind and outcome: ok, or the reason",
            passes.clone(),
        );
        registry.register("build", "This build", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        Self { registry, calls, passes }
    }
}

impl Metrics {
    /// Counts a pass; `None` is a good one.
    pub fn count_pass(&self, kind: &'static str, failure: Option<Reason>) {
        let outcome = failure.map_or("ok", Reason::as_str);
        self.passes.get_or_create(&PassLabels { kind, outcome }).inc();
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
