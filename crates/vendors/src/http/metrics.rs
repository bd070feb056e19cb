//! What is counted about calls. Labels are bounded: two APIs, our own operation names, `ok` or a reason.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::Api;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    api: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    api: &'static str,
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ApiLabels {
    api: &'static str,
}

/// Counters of all remote calls of this process.
#[derive(Debug)]
pub struct CallMetrics {
    calls: Family<OutcomeLabels, Counter>,
    duration: Family<OperationLabels, Histogram, fn() -> Histogram>,
    wait: Family<ApiLabels, Histogram, fn() -> Histogram>,
}

/// Upper bounds in seconds: a quick answer to the longest time-out a connection may ask for.
fn histogram() -> Histogram {
    Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

/// Upper bounds in seconds: hardly a wait, up to the longest that a vendor's wish is heard for.
fn waits() -> Histogram {
    Histogram::new([0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 600.0, 3600.0])
}

impl Default for CallMetrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            duration: Family::new_with_constructor(histogram),
            wait: Family::new_with_constructor(waits),
        }
    }
}

impl CallMetrics {
    /// Makes the families visible as `remote_calls_total`, `remote_call_duration_seconds` and
    /// `rate_limit_wait_seconds`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "remote_calls",
            "Calls to Okta and YubiEnterprise by outcome: ok, or the reason they failed",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "remote_call_duration",
            "Time from sending a call to the end of its answer",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register_with_unit(
            "rate_limit_wait",
            "Waits of calls for our own pace, for their turn, or until a vendor's limit allows them again",
            Unit::Seconds,
            self.wait.clone(),
        );
    }

    pub(super) fn observe(&self, api: Api, operation: &'static str, outcome: &'static str, took: Duration) {
        let api = api.label();
        self.calls.get_or_create(&OutcomeLabels { api, operation, outcome }).inc();
        self.duration.get_or_create(&OperationLabels { api, operation }).observe(took.as_secs_f64());
    }

    pub(super) fn observe_wait(&self, api: Api, waited: Duration) {
        self.wait.get_or_create(&ApiLabels { api: api.label() }).observe(waited.as_secs_f64());
    }
}
