//! Decisions of people on rollouts. A decision counts once: the rollout's status remembers it before the decision's own
//! status says so.

use std::sync::Arc;

use api::{
    decision::YubiKeyDecision,
    rollout::{YubiKeyRollout, YubiKeyRolloutStatus},
    shipment::DecisionRecord,
};
use domain::{
    hold::Choice,
    ids::UserId,
    rollout::{Proceed, RolloutState, proceed},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::{Api, Resource, ResourceExt, runtime::events::EventType};
use system::clock;

use crate::{
    context::Context,
    kubernetes::{events, index::IndexKey},
    shipment::decisions::{unanswered, write},
};

/// Decisions that the status remembers.
const REMEMBERED: usize = 5;

/// What became of one decision.
#[derive(Debug, Clone)]
pub struct Reply {
    decision: Arc<YubiKeyDecision>,
    /// Why it changes nothing.
    declined: Option<String>,
}

impl Reply {
    /// Is it about this decision?
    #[must_use]
    pub fn is_about(&self, decision: &YubiKeyDecision) -> bool {
        self.decision.uid() == decision.uid()
    }
}

/// Decisions on this rollout that nobody has answered to yet, the oldest first.
#[must_use]
pub fn pending(ctx: &Context, namespace: &str, rollout: &str) -> Vec<Arc<YubiKeyDecision>> {
    unanswered(
        ctx,
        &IndexKey::RolloutAnswers { namespace: namespace.to_owned(), rollout: rollout.to_owned() },
    )
}

/// Puts the decisions into the book, and notes them in the status that is written next.
#[must_use]
pub fn apply(
    pending: Vec<Arc<YubiKeyDecision>>,
    status: &mut YubiKeyRolloutStatus,
    rollout_state: &mut RolloutState,
    budget: u32,
) -> Vec<Reply> {
    let mut verdicts = Vec::new();
    for decision in pending {
        let known = status.decisions.iter().find(|d| d.uid.is_some() && d.uid == decision.uid());
        let declined = match known {
            // The process ended between the two writes.
            Some(known) if known.accepted => None,
            Some(known) => Some(format!("hold {} was not open", known.hold_id)),
            None => {
                let declined = read(&decision).and_then(|answer| {
                    proceed(rollout_state, &answer, budget).map_err(|refusal| refusal.to_string())
                });
                remember(status, &decision, declined.is_ok());
                declined.err()
            }
        };
        verdicts.push(Reply { decision, declined });
    }
    verdicts
}

fn read(decision: &YubiKeyDecision) -> Result<Proceed, String> {
    let ids = decision.spec.user_ids.iter().flatten();
    let people: Result<Vec<_>, _> = ids.map(|id| UserId::new(id.clone())).collect();
    let people = people.map_err(|fault| format!("spec.userIDs: {fault}; decide again"))?;
    Ok(Proceed { hold: decision.spec.hold_id.clone(), people })
}

fn remember(status: &mut YubiKeyRolloutStatus, decision: &YubiKeyDecision, accepted: bool) {
    status.decisions.push(DecisionRecord {
        name: decision.name_any(),
        uid: decision.uid(),
        hold_id: decision.spec.hold_id.clone(),
        action: Choice::Proceed.as_str().to_owned(),
        requested_by: decision.spec.requested_by.clone(),
        at: MicroTime(clock::now()),
        accepted,
    });
    let extra = status.decisions.len().saturating_sub(REMEMBERED);
    status.decisions.drain(..extra);
}

/// Declines the decisions on a rollout that does not exist: nobody else would ever answer to them. False: not all were
/// answered to, and it must be tried again.
pub async fn decline_orphans(ctx: &Context, namespace: &str, name: &str) -> bool {
    let pending = pending(ctx, namespace, name);
    if pending.is_empty() || !ctx.leadership.is_held() {
        return true;
    }
    // The watch of the rollouts may lag behind that of the decisions.
    let api: Api<YubiKeyRollout> = Api::namespaced(ctx.client.clone(), namespace);
    match api.get_opt(name).await {
        Ok(None) => {}
        Ok(Some(_)) => return true,
        Err(_) => return false,
    }
    let mut all = true;
    for decision in pending {
        let why = format!(
            "there is no rollout {name} in this namespace; decide again with the right spec.rolloutRef.name"
        );
        let verdict = Reply { decision, declined: Some(why) };
        all &= tell(ctx, &*verdict.decision, &verdict).await;
    }
    all
}

/// Says in the decision's own status what became of it, and in an event on the rollout. The answer names those that say
/// so now.
pub async fn publish(ctx: &Context, rollout: &YubiKeyRollout, verdicts: Vec<Reply>) -> Vec<String> {
    let mut told = Vec::new();
    for verdict in verdicts {
        if tell(ctx, rollout, &verdict).await {
            told.extend(verdict.decision.uid());
        }
    }
    told
}

async fn tell<K>(ctx: &Context, object: &K, verdict: &Reply) -> bool
where
    K: Resource<DynamicType = ()>,
{
    let decision = &*verdict.decision;
    let (reason, message, kind) = match &verdict.declined {
        None => (
            "Accepted",
            "The decision was taken up; the rollout's status shows what follows.".to_owned(),
            EventType::Normal,
        ),
        Some(why) => ("Declined", format!("The decision changes nothing: {why}."), EventType::Warning),
    };
    if let Err(error) = write(ctx, decision, verdict.declined.is_none(), reason, &message).await {
        tracing::warn!(%error, "the decision's status could not be written; the next pass does it");
        return false;
    }
    let spec = &decision.spec;
    let note = format!("Proceed on hold {} by {}: {message}", spec.hold_id, spec.requested_by);
    events::publish_about(&ctx.outbox, object, decision, kind, &format!("Decision{reason}"), &note);
    true
}
