//! One rollout.

use api::rollout::{Counts, YubiKeyRollout};
use kube::ResourceExt as _;
use serde::Serialize;

use super::hold::{self, HoldView};

/// What a person wants to know of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutView {
    /// Of the object.
    pub namespace: String,
    /// Of the object.
    pub name: String,
    /// Name of the connection it orders with.
    pub connection: String,
    /// Status of the condition Ready.
    pub ready: String,
    /// Reason of the condition Ready; empty before the first pass.
    pub reason: String,
    /// What happens and what to do next, in the operator's words.
    pub message: String,
    /// People and shipments; absent until the source was read once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// The wave that is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave: Option<u32>,
    /// Most keys it ever orders.
    pub budget: u32,
    /// Why people are skipped, by reason: how many.
    pub problems: Vec<(String, u32)>,
    /// What waits for a person.
    pub holds: Vec<HoldView>,
}

impl RolloutView {
    /// Reads an object.
    #[must_use]
    pub fn of(rollout: &YubiKeyRollout) -> Self {
        let status = rollout.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
        Self {
            namespace: rollout.namespace().unwrap_or_default(),
            name: rollout.name_any(),
            connection: rollout.spec.connection_ref.name.clone(),
            ready: ready.map(|condition| condition.status.clone()).unwrap_or_default(),
            reason: ready.map(|condition| condition.reason.clone()).unwrap_or_default(),
            message: ready.map(|condition| condition.message.clone()).unwrap_or_default(),
            counts: status.counts,
            wave: status.wave,
            budget: rollout.spec.budget,
            problems: status.problems.into_iter().map(|problem| (problem.reason, problem.total)).collect(),
            holds: hold::of_rollout(rollout),
        }
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> String {
        let Some(counts) = &self.counts else { return "not counted yet".to_owned() };
        let mut text = format!("{} of {} activated", counts.activated, counts.eligible);
        for (count, word) in [
            (counts.in_flight, "on their way"),
            (counts.waiting, "waiting"),
            (counts.held, "held"),
            (counts.skipped, "skipped"),
        ] {
            if count > 0 {
                text = format!("{text}, {count} {word}");
            }
        }
        format!("{text}; {} of budget {}", counts.served, self.budget)
    }
}
