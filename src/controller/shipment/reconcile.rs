//! The story of one reconcile: take the newest object we know, run a pass in a task of its own, come back when due.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use kube::{Api, ResourceExt, runtime::controller::Action};
use tracing::Instrument;

use super::pass::{Done, Pass};
use crate::{
    api::shipment::YubiKeyShipment,
    clock,
    controller::{Context, commit::CommitError},
    domain::failure::{Failure, Reason},
};

/// Conflicts in a row after which the pass gives up and comes back later.
const MOST_CONFLICTS: usize = 5;

/// One reconcile.
///
/// # Errors
/// If the API server cannot be written to.
pub async fn reconcile(object: Arc<YubiKeyShipment>, ctx: Arc<Context>) -> Result<Action, Failure> {
    let span = tracing::info_span!("shipment", namespace = object.namespace(), name = object.name_any(), uid = object.uid());
    // Its own task: a dropped reconcile cannot part a call from the write of its receipt.
    let task = ctx.tasks.spawn(passes(object, Arc::clone(&ctx)).instrument(span));
    task.await.unwrap_or_else(|_| Err(Failure::new(Reason::StatusWriteFailed, "The pass was stopped; it is run again.")))
}

async fn passes(object: Arc<YubiKeyShipment>, ctx: Arc<Context>) -> Result<Action, Failure> {
    let mut object = ctx.newest(&object);
    for _ in 0..MOST_CONFLICTS {
        match Pass::run(Arc::clone(&ctx), (*object).clone()).await {
            Ok(done) => return Ok(action(&done)),
            Err(CommitError::Gone) => return Ok(Action::await_change()),
            Err(CommitError::Failed(failure)) => return Err(failure),
            Err(CommitError::Conflict) => match live(&object, &ctx).await? {
                Some(fresh) => object = Arc::new(fresh),
                None => return Ok(Action::await_change()),
            },
        }
    }
    Ok(Action::requeue(Duration::from_secs(1)))
}

/// After a conflict: what the API server holds now.
async fn live(object: &YubiKeyShipment, ctx: &Context) -> Result<Option<YubiKeyShipment>, Failure> {
    let api: Api<YubiKeyShipment> = Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
    api.get_opt(&object.name_any()).await.map_err(|error| {
        tracing::warn!(%error, "reading the shipment failed");
        Failure::new(Reason::StatusWriteFailed, "The API server did not give the shipment; it is tried again.")
    })
}

fn action(done: &Done) -> Action {
    match done {
        Done::Gone | Done::At(None) => Action::await_change(),
        Done::At(Some(at)) => {
            // A moment late rather than early: an early pass finds nothing due.
            let wait = at.duration_since(clock::now()).max(SignedDuration::ZERO) + SignedDuration::from_millis(20);
            Action::requeue(wait.unsigned_abs())
        }
        Done::After(wait) => Action::requeue(jittered(wait.unsigned_abs())),
    }
}

/// Up to a fifth more, so that what failed together does not come back together.
fn jittered(wait: Duration) -> Duration {
    let mut byte = [0_u8];
    let _ = openssl::rand::rand_bytes(&mut byte);
    wait + wait.mul_f64(f64::from(byte[0]) / 255.0 / 5.0)
}
