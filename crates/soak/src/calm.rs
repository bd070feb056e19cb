//! After the storm: wait until every shipment has come to rest.

use std::time::Duration;

use testbed::{objects, setup::Fault};
use tokio::time::{Instant, sleep};

use crate::storm::Stage;

/// Time between two looks.
const GLANCE: Duration = Duration::from_secs(3);

/// By then every window has ended and every door is open again: nobody waits for a rate limit any more.
const LIMITS_END: Duration = Duration::from_mins(2);

/// Waits until all rest at two looks in a row, or the time is over: what has not come to rest then is for the audit.
pub(crate) async fn wait(stage: &Stage, longest: Duration) -> Result<(), Fault> {
    let begun = Instant::now();
    let end = begun + longest;
    let (mut quiet, mut looked) = (0, false);
    while quiet < 2 && Instant::now() < end {
        sleep(GLANCE).await;
        for replica in stage.replicas.lock().await.iter_mut() {
            replica.revive(&stage.diary)?;
        }
        let Ok(shipments) = stage.cluster.shipments().await else { continue };
        if begun.elapsed() >= LIMITS_END && !looked {
            looked = true;
            let limited = shipments.iter().filter(|shipment| objects::reason(shipment) == "RateLimited");
            let names = limited.map(|s| objects::text(s, "/metadata/name").to_owned()).collect();
            stage.diary.note(|pages| pages.limited = names);
        }
        let all =
            shipments.len() == stage.people.len() && shipments.iter().all(|s| objects::end(s).is_some());
        quiet = if all { quiet + 1 } else { 0 };
    }
    stage.diary.note(|pages| pages.calm = Some(testbed::clock::now()));
    Ok(())
}
