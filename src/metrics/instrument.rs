//! What is counted and said about a pass, whatever it was over.

use domain::failure::Failure;
use kube::runtime::controller::Action;
use tokio::time::Instant;

use crate::{kubernetes::retry::Failures, metrics::Metrics};

/// Label of passes over shipments.
pub const SHIPMENT: &str = "YubiKeyShipment";
/// Label of passes over rollouts.
pub const ROLLOUT: &str = "YubiKeyRollout";
/// Label of passes over connections.
pub const CONNECTION: &str = "YubiKeyConnection";

/// Label of decisions.
pub const DECISION: &str = "YubiKeyDecision";

/// Runs a pass, in the span of its object; a failure that could not be written to the status is said here.
///
/// # Errors
/// That of the pass.
pub async fn pass(
    (metrics, failures): (&Metrics, &Failures),
    kind: &'static str,
    uid: &str,
    pass: impl Future<Output = Result<Action, Failure>>,
) -> Result<Action, Failure> {
    let started = Instant::now();
    let result = pass.await;
    let failure = result.as_ref().err();
    if failure.is_none() {
        failures.ended(uid);
    }
    if let Some(failure) = failure {
        tracing::warn!(kind, reason = %failure.reason, detail = failure.message, "the pass failed");
        metrics.failed(kind, failure.reason);
    }
    metrics.reconciled(kind, failure.map(|f| f.reason), started.elapsed());
    result
}
