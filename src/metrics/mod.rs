//! The Prometheus registry of this process. Labels are bounded: our own words, reasons, and the names that
//! connections bring. What `docs/metrics.md` lists is here, in `http` (calls) and in `controller::census` (gauges).

pub mod collector;
mod connections;
mod exposition;
pub mod instrument;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::failure::Reason;
use prometheus_client::{
    collector::Collector,
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};
use vendors::http::CallMetrics;

use crate::kubernetes::client::Silences;

pub use self::{connections::Connections, exposition::Form};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    kind: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

/// All metrics of the process; docs/metrics.md lists them.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    /// Calls to the vendors.
    pub calls: Arc<CallMetrics>,
    /// Calls of the API server that stayed silent.
    pub silences: Arc<Silences>,
    /// What is known of each connection.
    pub connections: Arc<Connections>,
    reconciles: Family<OutcomeLabels, Counter>,
    durations: Family<KindLabels, Histogram, fn() -> Histogram>,
    failures: Family<FailureLabels, Counter>,
}

/// Upper bounds in seconds: a pass that finds nothing to do, up to one that waits for its turn and for slow vendors.
fn pass_time() -> Histogram {
    Histogram::new([0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("yubikey_shipment_operator");
        let calls = Arc::new(CallMetrics::default());
        calls.register(&mut registry);
        let silences = Arc::new(Silences::default());
        silences.register(&mut registry);
        let reconciles = Family::default();
        registry.register(
            "reconciles",
            "Passes over resources by kind and outcome: ok, or the reason that could not even be written to the status",
            reconciles.clone(),
        );
        let durations = Family::new_with_constructor(pass_time as fn() -> Histogram);
        registry.register_with_unit(
            "reconcile_duration",
            "Time of a pass, waits for its turn and for the vendors included",
            Unit::Seconds,
            durations.clone(),
        );
        let failures = Family::default();
        registry.register(
            "failures",
            "Failures that passes ended with, those told in the status included",
            failures.clone(),
        );
        registry.register("build", "This build", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        Self {
            registry: Mutex::new(registry),
            calls,
            silences,
            connections: Arc::default(),
            reconciles,
            durations,
            failures,
        }
    }
}

impl Metrics {
    /// Counts a pass and its time; `None` is one that could say in the status whatever there was to say.
    pub fn reconciled(&self, kind: &'static str, failure: Option<Reason>, took: Duration) {
        let outcome = failure.map_or("ok", Reason::as_str);
        self.reconciles.get_or_create(&OutcomeLabels { kind, outcome }).inc();
        self.durations.get_or_create(&KindLabels { kind }).observe(took.as_secs_f64());
    }

    /// Counts a failure that a pass ended with.
    pub fn failed(&self, kind: &'static str, reason: Reason) {
        self.failures.get_or_create(&FailureLabels { kind, reason: reason.as_str() }).inc();
    }

    /// Adds what is counted when it is read.
    pub fn include(&self, collector: impl Collector) {
        self.registry().register_collector(Box::new(collector));
    }

    /// Everything, as [`Form::OpenMetrics`].
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry());
        text
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_and_failures_are_counted_by_kind_and_reason() {
        let metrics = Metrics::default();
        metrics.reconciled("YubiKeyShipment", None, Duration::from_millis(30));
        metrics.reconciled("YubiKeyShipment", Some(Reason::StatusWriteFailed), Duration::from_secs(2));
        metrics.failed("YubiKeyConnection", Reason::Unreachable);
        let text = metrics.text();
        for line in [
            r#"yubikey_shipment_operator_reconciles_total{kind="YubiKeyShipment",outcome="ok"} 1"#,
            r#"yubikey_shipment_operator_reconciles_total{kind="YubiKeyShipment",outcome="StatusWriteFailed"} 1"#,
            r#"yubikey_shipment_operator_reconcile_duration_seconds_bucket{le="0.1",kind="YubiKeyShipment"} 1"#,
            r#"yubikey_shipment_operator_failures_total{kind="YubiKeyConnection",reason="Unreachable"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
