//! The story of one reconcile of a rollout: not too often, in a task of its own, anew after a conflict.

use std::{sync::Arc, time::Duration};

use api::rollout::YubiKeyRollout;
use domain::failure::Failure;
use jiff::SignedDuration;
use kube::{Api, ResourceExt, runtime::controller::Action};
use system::{clock, trace};
use tracing::Instrument;

use crate::{
    context::Context,
    kubernetes::{decode::Decoded, retry, status_patch::CommitError},
    metrics::instrument,
    rollout::{
        decisions,
        driver::{self, Done},
    },
    shipment::reconcile::action,
};

/// Passes over one rollout are this far apart: its shipments change by the hundred, and each pass looks at all of them.
const APART: SignedDuration = SignedDuration::from_millis(500);

/// And farther for each person in the ledger: each pass may write it whole.
const APART_A_PERSON: SignedDuration = SignedDuration::from_millis(1);

/// Conflicts in a row after which the pass gives up and comes back later.
const MOST_CONFLICTS: usize = 5;

/// One reconcile.
///
/// # Errors
/// If the API server cannot be written to.
pub async fn reconcile(object: Arc<YubiKeyRollout>, ctx: Arc<Context>) -> Result<Action, Failure> {
    if !ctx.leadership.is_held() {
        return Ok(Action::await_change());
    }
    ctx.answered.clone().await;
    if let Some(wait) = too_soon(&object, &ctx) {
        return Ok(Action::requeue(wait));
    }
    let namespace = object.namespace().unwrap_or_default();
    let uid = object.uid().unwrap_or_default();
    let span = trace::rollout(&namespace, &object.name_any(), &uid);
    // Its own task: a dropped reconcile cannot part a mark from what it stands for.
    let work = ctx.tasks.run(Box::pin(passes(object, Arc::clone(&ctx)).instrument(span.clone())));
    let ended = async { retry::joined(work.await) };
    instrument::pass((&ctx.metrics, &ctx.failures), instrument::ROLLOUT, &uid, ended).instrument(span).await
}

fn too_soon(object: &YubiKeyRollout, ctx: &Context) -> Option<Duration> {
    let uid = object.uid().unwrap_or_default();
    let since = clock::now().duration_since(ctx.rollout_memory.ended(&uid)?);
    let decided =
        !decisions::pending(ctx, &object.namespace().unwrap_or_default(), &object.name_any()).is_empty();
    let apart = apart(object.status.as_ref().map_or(0, |status| status.ledger.len()));
    (since < apart && !decided).then(|| (apart - since).unsigned_abs())
}

fn apart(people: usize) -> SignedDuration {
    APART.max(APART_A_PERSON * i32::try_from(people).unwrap_or(i32::MAX))
}

async fn passes(object: Arc<YubiKeyRollout>, ctx: Arc<Context>) -> Result<Action, Failure> {
    let mut object = ctx.rollout_memory.newest(&object);
    for _ in 0..MOST_CONFLICTS {
        match driver::run(Arc::clone(&ctx), (*object).clone()).await {
            Ok(Done::At(until)) => return Ok(action(until)),
            Ok(Done::Gone) | Err(CommitError::Gone) => return Ok(Action::await_change()),
            Err(CommitError::Failed(failure) | CommitError::Unanswered(failure)) => return Err(failure),
            Err(CommitError::Conflict) => match live(&object, &ctx).await? {
                Some(fresh) => object = Arc::new(fresh),
                None => return Ok(Action::await_change()),
            },
        }
    }
    Ok(Action::requeue(Duration::from_secs(1)))
}

/// After a conflict: what the API server holds now; what cannot be decoded is left alone.
async fn live(object: &YubiKeyRollout, ctx: &Context) -> Result<Option<YubiKeyRollout>, Failure> {
    let api: Api<Decoded<YubiKeyRollout>> =
        Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
    let found = api.get_opt(&object.name_any()).await;
    Ok(found.map_err(|error| retry::unread(&error, "the rollout"))?.and_then(|found| found.0.ok()))
}
