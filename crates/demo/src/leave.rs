//! The end: nothing is left running.

use std::time::Duration;

use crate::{cluster, stage::Stage};

/// How long the operator may take to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends everything, the operator before what it talks to. What was made in a cluster of the caller's goes before that, while
/// the operator still runs.
pub(crate) async fn leave(stage: &mut Stage) {
    if stage.current_prepared {
        cluster::leave_current(stage).await;
    }
    // What came to its end and was not taken up ends as it is dropped.
    if let Some(starting) = stage.starting.take().filter(|starting| !starting.is_finished()) {
        stage.cluster = starting.await.ok().and_then(Result::ok);
    }
    if let Some(operator) = stage.operator.take() {
        let _ = tokio::task::spawn_blocking(move || operator.terminate(PATIENCE)).await;
    }
    if let Some(own) = stage.cluster.as_ref().and_then(|cluster| cluster.control_plane().ok()) {
        let _ = own.stop().await;
    }
    if let Some(mut vendors) = stage.vendors.take() {
        let _ = vendors.stop().await;
    }
}
