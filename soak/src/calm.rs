//! After the storm: wait until every shipment has come to rest.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{Fault, audit::objects, storm::Stage};

/// Time between two looks.
const GLANCE: Duration = Duration::from_secs(3);

/// Waits until all rest at two looks in a row, or the time is over: what has not come to rest then is for the audit.
pub(crate) async fn wait(stage: &Stage, longest: Duration) -> Result<(), Fault> {
    let end = Instant::now() + longest;
    let mut quiet = 0;
    while quiet < 2 && Instant::now() < end {
        sleep(GLANCE).await;
        for replica in stage.replicas.lock().await.iter_mut() {
            replica.revive(&stage.diary)?;
        }
        let Ok(shipments) = stage.cluster.shipments().await else { continue };
        let all =
            shipments.len() == stage.people.len() && shipments.iter().all(|s| objects::end(s).is_some());
        quiet = if all { quiet + 1 } else { 0 };
    }
    stage.diary.note(|pages| pages.calm = Some(crate::clock::now()));
    Ok(())
}
