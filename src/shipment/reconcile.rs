//! The story of one reconcile: take the newest object we know, run a pass in a task of its own, come back when due.

use std::{sync::Arc, time::Duration};

use api::{REQUESTED_AT, shipment::YubiKeyShipment};
use domain::{
    backoff,
    failure::{Failure, Reason},
};
use jiff::{SignedDuration, Timestamp};
use kube::{
    Api, ResourceExt,
    runtime::{controller::Action, reflector::ObjectRef},
};
use queue::fair_queue::FairQueue;
use system::{clock, random, trace};
use tracing::Instrument;

use crate::{
    connection::entries::ConnectionVersion,
    context::Context,
    kubernetes::{
        decode::Decoded, kept::KeptShipment, leader_election::Leadership, retry, status_patch::CommitError,
    },
    metrics::instrument,
    shipment::{
        decisions,
        driver::{Done, Driver},
        permits,
    },
    tasks::when_woken,
};

/// Conflicts in a row after which the pass gives up and comes back later.
const MOST_CONFLICTS: usize = 5;

/// One reconcile.
///
/// # Errors
/// If the API server cannot be written to.
pub async fn reconcile(object: Arc<KeptShipment>, ctx: Arc<Context>) -> Result<Action, Failure> {
    // Memory for the pass only once it runs: the controller holds thousands that wait to run.
    when_woken(Box::pin(begin(object, ctx))).await
}

async fn begin(object: Arc<KeptShipment>, ctx: Arc<Context>) -> Result<Action, Failure> {
    let Some(object) = object.whole() else { return Ok(Action::await_change()) };
    let who = ObjectRef::from_obj(&*object);
    if !acts(&ctx.leadership, &ctx.fair_queue, &who) {
        ctx.budget_queue.leave(&who);
        return Ok(Action::await_change());
    }
    ctx.answered.clone().await;
    let namespace = object.namespace().unwrap_or_default();
    let uid = object.uid().unwrap_or_default();
    let span = trace::shipment(&namespace, &object.name_any(), &uid);
    // Its own task: a dropped reconcile cannot part a call from the write of its receipt.
    let work = ctx.tasks.run(Box::pin(passes(object, Arc::clone(&ctx)).instrument(span.clone())));
    let ended = async { retry::joined(work.await) };
    instrument::pass((&ctx.metrics, &ctx.failures), instrument::SHIPMENT, &uid, ended).instrument(span).await
}

/// May this process act? One that stands by gives the turn on that it was called to: nobody would ever begin it.
fn acts(
    leadership: &Leadership,
    queue: &FairQueue<ObjectRef<YubiKeyShipment>>,
    who: &ObjectRef<YubiKeyShipment>,
) -> bool {
    if !leadership.is_held() {
        queue.leave(who);
    }
    leadership.is_held()
}

async fn passes(object: Arc<YubiKeyShipment>, ctx: Arc<Context>) -> Result<Action, Failure> {
    let mut object = ctx.shipments.newest(&object);
    if ctx.unsent.waits(&object.uid().unwrap_or_default()) {
        // A write of it got no answer: what it was decided on may have changed by it.
        match live(&object, &ctx).await? {
            Some(fresh) => object = Arc::new(fresh),
            None => return Ok(Action::await_change()),
        }
    }
    let who = ObjectRef::from_obj(&*object);
    if let Some(action) = rest(&object, &ctx) {
        ctx.fair_queue.leave(&who);
        return Ok(action);
    }
    let connection = &object.spec.connection_ref.name;
    let namespace = who.namespace.as_deref().unwrap_or_default();
    let Some(_permit) = ctx.fair_queue.take(connection, namespace, &who, permits::comes_first(&object))
    else {
        // Woken when it is its turn.
        return Ok(Action::await_change());
    };
    for _ in 0..MOST_CONFLICTS {
        match Driver::run(Arc::clone(&ctx), Arc::clone(&object)).await {
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

/// Is there nothing to find for a pass, and until when?
fn rest(object: &YubiKeyShipment, ctx: &Context) -> Option<Action> {
    let called = ctx.budget_queue.is_called(&ObjectRef::from_obj(object));
    if called || !decisions::pending(ctx, object).is_empty() {
        return None;
    }
    let connection = ctx.connections.version(&object.spec.connection_ref.name);
    if let Some(until) = ctx.shipments.memory.resting(object, connection, clock::now()) {
        return Some(action(until));
    }
    let until = held_before(object, connection, ctx)?;
    ctx.shipments.memory.note_rest(object, Some(until), connection, false);
    Some(action(Some(until)))
}

/// After a conflict: what the API server holds now; what cannot be decoded is left alone.
async fn live(object: &YubiKeyShipment, ctx: &Context) -> Result<Option<YubiKeyShipment>, Failure> {
    let api: Api<Decoded<YubiKeyShipment>> =
        Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
    let found = api.get_opt(&object.name_any()).await;
    Ok(found.map_err(|error| retry::unread(&error, "the shipment"))?.and_then(|found| found.0.ok()))
}

/// Comes back then, or at a change.
pub fn action(until: Option<Timestamp>) -> Action {
    until.map_or_else(Action::await_change, |at| {
        // A moment late rather than early: an early pass finds nothing due.
        let wait =
            at.duration_since(clock::now()).max(SignedDuration::ZERO) + SignedDuration::from_millis(20);
        Action::requeue(wait.unsigned_abs())
    })
}

/// A shipment that an earlier process held for a fault outside the cluster is not looked at again because this process
/// started: ten thousand held shipments would be ten thousand reads. Its slow re-check comes at a moment of its own.
fn held_before(object: &YubiKeyShipment, connection: ConnectionVersion, ctx: &Context) -> Option<Timestamp> {
    if ctx.shipments.memory.knows(object) || connection.epoch == 0 || !is_held_outside(object) {
        return None;
    }
    clock::now().checked_add(share(backoff::STALLED, random::byte())).ok()
}

/// Is it held for what somebody must change outside the cluster, and has nobody changed or asked anything since?
fn is_held_outside(object: &YubiKeyShipment) -> bool {
    let Some(status) = &object.status else { return false };
    let reason = status.hold.as_ref().and_then(|hold| Reason::parse(&hold.reason));
    let outside = matches!(
        reason,
        Some(
            Reason::InvalidRecipient
                | Reason::UserNotFound
                | Reason::UserNotEligible
                | Reason::AddressUndeliverable
                | Reason::OutOfStock
        )
    );
    let current = Some(status.observed_generation) == object.metadata.generation;
    let asked = object.annotations().get(REQUESTED_AT) != status.last_handled_reconcile_at.as_ref();
    outside && current && !asked && object.metadata.deletion_timestamp.is_none()
}

/// A part of the time: nothing for 0, nearly all of it for 255.
fn share(time: SignedDuration, byte: u8) -> SignedDuration {
    time / 255 * i32::from(byte)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_what_rests_for_a_fault_outside_waits_for_its_slow_look() {
        let object = |reason: &str, metadata: Value| -> YubiKeyShipment {
            let mut object = json!({
                "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
                "metadata": {"name": "kim", "generation": 2},
                "spec": {"userRef": {"id": "00u1"}, "key": {"model": "m"}},
                "status": {"conditions": [], "observedGeneration": 2, "hold": {
                    "id": "h", "reason": reason, "message": "", "since": "2027-01-01T00:00:00Z", "generation": 2,
                }},
            });
            object["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
            serde_json::from_value(object).unwrap()
        };
        let waits = |reason: &str, metadata: Value| is_held_outside(&object(reason, metadata));
        assert!(waits("InvalidRecipient", json!({})));
        assert!(waits("OutOfStock", json!({})));
        assert!(!waits("OrderOutcomeUnknown", json!({})), "a person answers");
        assert!(!waits("InvalidRecipient", json!({"generation": 3})), "its spec has changed");
        let asked = json!({"annotations": {REQUESTED_AT: "now"}});
        assert!(!waits("InvalidRecipient", asked), "somebody asks for a look");
        assert!(!waits("InvalidRecipient", json!({"deletionTimestamp": "2027-01-02T00:00:00Z"})));
        let mut fresh = object("InvalidRecipient", json!({}));
        fresh.status = None;
        assert!(!is_held_outside(&fresh));
    }

    #[test]
    fn the_first_looks_of_a_process_are_spread_over_the_whole_time() {
        let half_hour = SignedDuration::from_mins(30);
        assert_eq!(share(half_hour, 0), SignedDuration::ZERO);
        assert!(share(half_hour, 128) > half_hour / 2);
        let last = share(half_hour, 255);
        assert!(last <= half_hour && last > half_hour - SignedDuration::from_secs(1));
    }

    #[tokio::test]
    async fn a_turn_that_was_called_while_leadership_was_lost_is_given_on() {
        let queue: FairQueue<ObjectRef<YubiKeyShipment>> = FairQueue::new(1, |_| true);
        let who = |name: &str| ObjectRef::<YubiKeyShipment>::new(name).within("n");
        let running = queue.take("acme", "n", &who("a"), false);
        assert!(queue.take("acme", "n", &who("b"), false).is_none(), "it stands in line");
        // It is called, and then deleted: nobody asks for its turn any more.
        drop(running);
        assert!(!acts(&Leadership::never(), &queue, &who("b")));
        assert!(queue.take("acme", "n", &who("c"), false).is_some(), "the place is free");
        assert!(acts(&Leadership::always(), &queue, &who("d")));
    }
}
