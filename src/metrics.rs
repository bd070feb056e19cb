//! The Prometheus registry of this process. Labels are bounded.

use std::sync::Arc;

use jiff::Timestamp;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};

use crate::{domain::failure::Reason, http::CallMetrics};

/// Labels of a failed pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    kind: &'static str,
    outcome: &'static str,
}

/// Labels of a connection's credential.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CredentialLabels {
    connection: String,
    credential: &'static str,
}

/// What is measured of connections.
#[derive(Debug, Default)]
pub struct ConnectionMetrics {
    expiry: Family<CredentialLabels, Gauge>,
}

impl ConnectionMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "credential_expiry_timestamp_seconds",
            "When a credential of a connection ends, in seconds since 1970; only while that is known",
            self.expiry.clone(),
        );
    }

    /// When the connection's token of `YubiEnterprise` ends; `None` where it is not known or the connection is gone.
    pub fn set_expiry(&self, connection: &str, end: Option<Timestamp>) {
        let labels = CredentialLabels { connection: connection.to_owned(), credential: "yubico-api-token" };
        match end {
            Some(end) => drop(self.expiry.get_or_create(&labels).set(end.as_second())),
            None => drop(self.expiry.remove(&labels)),
        }
    }
}

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Calls to the vendors.
    pub calls: Arc<CallMetrics>,
    /// Connections.
    pub connections: ConnectionMetrics,
    passes: Family<PassLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("yubikey_shipment_operator");
        let calls = Arc::new(CallMetrics::default());
        calls.register(&mut registry);
        let connections = ConnectionMetrics::default();
        connections.register(&mut registry);
        let passes = Family::default();
        registry.register(
            "passes",
            "Passes over resources by kind and outcome: ok, or the reason",
            passes.clone(),
        );
        registry.register("build", "This build", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        Self { registry, calls, connections, passes }
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
