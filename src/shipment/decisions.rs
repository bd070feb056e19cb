//! Decisions of people, put into the journal before anything else of a pass. A decision counts once: the shipment's
//! status remembers it before the decision's own status says so.

use std::sync::Arc;

use api::{
    decision::{YubiKeyDecision, YubiKeyDecisionStatus},
    shipment::{DecisionRecord, YubiKeyShipment, YubiKeyShipmentStatus},
};
use domain::{
    answer::{self, Answer, Declined},
    hold::Choice,
    ids::{EnrollmentId, ShipmentId},
    journal::Journal,
};
use kube::{Api, Resource, ResourceExt, runtime::events::EventType};
use system::clock;

use crate::{
    context::Context,
    kubernetes::{
        conditions::{self, Fact},
        events,
        index::IndexKey,
        status_patch::{self, CommitError},
    },
};

/// Decisions that the status remembers.
const REMEMBERED: usize = 5;

/// What became of one decision.
#[derive(Debug)]
pub struct Reply {
    decision: Arc<YubiKeyDecision>,
    declined: Option<Declined>,
}

impl Reply {
    /// Reason and message of the decision's condition.
    fn words(&self) -> (&'static str, String) {
        match &self.declined {
            None => (
                "Accepted",
                "The decision was taken up; the shipment's status shows what follows.".to_owned(),
            ),
            Some(declined) => ("Declined", format!("The decision changes nothing: {declined}.")),
        }
    }

    /// For the event: who wanted what.
    fn note(&self, message: &str) -> String {
        let spec = &self.decision.spec;
        let action = Choice::from(spec.action).as_str();
        format!("{action} on hold {} by {}: {message}", spec.hold_id, spec.requested_by)
    }

    const fn kind(&self) -> EventType {
        if self.declined.is_none() { EventType::Normal } else { EventType::Warning }
    }
}

/// Decisions on this shipment that nobody has answered to yet, the oldest first.
#[must_use]
pub fn pending(ctx: &Context, object: &YubiKeyShipment) -> Vec<Arc<YubiKeyDecision>> {
    waiting(ctx, &object.namespace().unwrap_or_default(), &object.name_any())
}

fn waiting(ctx: &Context, namespace: &str, shipment: &str) -> Vec<Arc<YubiKeyDecision>> {
    unanswered(ctx, &IndexKey::Answers { namespace: namespace.to_owned(), shipment: shipment.to_owned() })
}

/// Decisions under a key that nobody has answered to yet, the oldest first.
#[must_use]
pub fn unanswered(ctx: &Context, key: &IndexKey) -> Vec<Arc<YubiKeyDecision>> {
    let answered = |d: &YubiKeyDecision| d.status.as_ref().is_some_and(|s| !s.conditions.is_empty());
    let mut all: Vec<_> = ctx.decisions.by_index(key).into_iter().filter(|d| !answered(d)).collect();
    all.sort_by_key(|d| (d.creation_timestamp().map(|t| t.0), d.uid()));
    all
}

/// Puts the decisions into the journal, and notes them in the status that is written next. `claimed` tells which other
/// shipment has an enrolment.
#[must_use]
pub fn apply(
    pending: Vec<Arc<YubiKeyDecision>>,
    status: &mut YubiKeyShipmentStatus,
    journal: &mut Journal,
    generation: i64,
    claimed: &dyn Fn(&EnrollmentId) -> Option<String>,
) -> Vec<Reply> {
    let now = clock::now();
    pending
        .into_iter()
        .map(|decision| {
            if let Some(known) = remembered(status, &decision) {
                // The process ended between the two writes.
                let declined = (!known).then(|| Declined::NoSuchHold(decision.spec.hold_id.clone()));
                return Reply { decision, declined };
            }
            let declined = read(&decision)
                .and_then(|answer| whose(answer, claimed))
                .and_then(|answer| answer::apply(journal, &answer, generation, now))
                .err();
            remember(status, &decision, declined.is_none(), now);
            Reply { decision, declined }
        })
        .collect()
}

/// By uid: a corrected decision may have the name and the hold of the one it replaces.
fn remembered(status: &YubiKeyShipmentStatus, decision: &YubiKeyDecision) -> Option<bool> {
    let uid = decision.uid();
    let known = status.decisions.iter().find(|d| d.uid.is_some() && d.uid == uid)?;
    Some(known.accepted)
}

fn remember(
    status: &mut YubiKeyShipmentStatus,
    decision: &YubiKeyDecision,
    accepted: bool,
    now: jiff::Timestamp,
) {
    status.decisions.push(DecisionRecord {
        name: decision.name_any(),
        uid: decision.uid(),
        hold_id: decision.spec.hold_id.clone(),
        action: Choice::from(decision.spec.action).as_str().to_owned(),
        requested_by: decision.spec.requested_by.clone(),
        at: k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime(now),
        accepted,
    });
    let extra = status.decisions.len().saturating_sub(REMEMBERED);
    status.decisions.drain(..extra);
}

fn read(decision: &YubiKeyDecision) -> Result<Answer, Declined> {
    let spec = &decision.spec;
    let shipment = spec.shipment_id.as_ref().map(ShipmentId::new).transpose();
    let enrollment = spec.enrollment_id.as_ref().map(EnrollmentId::new).transpose();
    Ok(Answer {
        hold: spec.hold_id.clone(),
        choice: spec.action.into(),
        shipment: shipment.map_err(|_| Declined::Incomplete("AdoptOrder", "a usable spec.shipmentID"))?,
        enrollment: enrollment
            .map_err(|_| Declined::Incomplete("DiscardEnrollment", "a usable spec.enrollmentID"))?,
    })
}

/// Nobody removes what another shipment has, here or at the vendors.
fn whose(answer: Answer, claimed: &dyn Fn(&EnrollmentId) -> Option<String>) -> Result<Answer, Declined> {
    let named = answer.enrollment.as_ref().filter(|_| answer.choice == Choice::DiscardEnrollment);
    match named.and_then(|id| Some((id, claimed(id)?))) {
        Some((id, other)) => Err(Declined::OfAnother(id.clone(), other)),
        None => Ok(answer),
    }
}

/// Declines the decisions on a shipment that does not exist: nobody else would ever answer to them. False: not all were
/// answered to, and it must be tried again.
pub async fn decline_orphans(ctx: &Context, namespace: &str, name: &str) -> bool {
    let pending = waiting(ctx, namespace, name);
    if pending.is_empty() || !ctx.leadership.is_held() {
        return true;
    }
    // The watch of the shipments may lag behind that of the decisions.
    let api: Api<YubiKeyShipment> = Api::namespaced(ctx.client.clone(), namespace);
    match api.get_opt(name).await {
        Ok(None) => {}
        Ok(Some(_)) => return true,
        Err(_) => return false,
    }
    let mut all = true;
    for decision in pending {
        let verdict = Reply { decision, declined: Some(Declined::NoSuchShipment(name.to_owned())) };
        all &= tell(ctx, &*verdict.decision, &verdict).await;
    }
    all
}

/// Says in the decision's own status what became of it, and in an event on the shipment.
pub async fn publish(ctx: &Context, object: &YubiKeyShipment, verdicts: Vec<Reply>) {
    for verdict in verdicts {
        tell(ctx, object, &verdict).await;
    }
}

async fn tell<K>(ctx: &Context, object: &K, verdict: &Reply) -> bool
where
    K: Resource<DynamicType = ()>,
{
    let (reason, message) = verdict.words();
    if let Err(error) = write(ctx, &verdict.decision, verdict.declined.is_none(), reason, &message).await {
        tracing::warn!(%error, "the decision's status could not be written; the next pass does it");
        return false;
    }
    let note = verdict.note(&message);
    let about = &*verdict.decision;
    events::publish_about(&ctx.outbox, object, about, verdict.kind(), &format!("Decision{reason}"), &note);
    true
}

/// Writes what became of a decision into its own status.
///
/// # Errors
/// As every guarded write.
pub async fn write(
    ctx: &Context,
    decision: &YubiKeyDecision,
    taken: bool,
    reason: &str,
    message: &str,
) -> Result<(), CommitError> {
    let api: Api<YubiKeyDecision> =
        Api::namespaced(ctx.client.clone(), &decision.namespace().unwrap_or_default());
    let old = decision.status.clone().unwrap_or_default();
    let generation = decision.metadata.generation.unwrap_or_default();
    let mut facts = vec![Fact::new("Ready", taken, reason, message)];
    if !taken {
        facts.push(Fact::new("Stalled", true, reason, message));
    }
    let conditions = conditions::build(facts, &old.conditions, generation, clock::now());
    let new = YubiKeyDecisionStatus {
        observed_generation: generation,
        summary: conditions::summary(&conditions),
        conditions,
    };
    status_patch::commit(&api, decision, &old, &new).await.map(drop)
}
