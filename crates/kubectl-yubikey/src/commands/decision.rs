//! A decision in one's own name: made with one call, then followed until the operator took it up.

use std::time::Duration;

use api::decision::{RolloutRef, ShipmentRef, YubiKeyDecision, YubiKeyDecisionSpec};
use clap::Args;
use domain::hold::Choice;
use kube::{
    Api, ResourceExt as _,
    api::{ObjectMeta, PostParams},
    runtime::wait,
};

use crate::{
    cluster::Cluster,
    fault::{Fault, Result},
    objects::{self, Kind},
    terminal::Terminal,
    view::HoldView,
};

/// Longest reason that a decision holds.
const LONGEST_REASON: usize = 1024;

/// How a decision is given.
#[derive(Debug, Clone, Args)]
pub struct Giving {
    /// Why, for the auditor
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Do not ask; for scripts
    #[arg(short, long)]
    pub yes: bool,
    /// How many seconds to wait for the operator's reply; 0: do not wait
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub wait: u64,
}

impl Giving {
    /// Does it fit into a decision?
    ///
    /// # Errors
    /// If the reason does not.
    pub fn check(&self) -> Result<()> {
        match &self.reason {
            Some(reason) if reason.trim().is_empty() => {
                Err(Fault::usage("--reason is empty", "say why in a few words, or leave it out"))
            }
            Some(reason) if reason.chars().count() > LONGEST_REASON => Err(Fault::usage(
                format!(
                    "--reason has {} characters, and a decision holds {LONGEST_REASON}",
                    reason.chars().count()
                ),
                "say it shorter",
            )),
            _ => Ok(()),
        }
    }
}

/// What is decided.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Of the object.
    pub namespace: String,
    /// `yks/NAME` or `ykr/NAME`.
    pub object: String,
    /// The hold, or the mail.
    pub hold: String,
    /// The answer.
    pub choice: Choice,
    /// With `AdoptOrder`.
    pub shipment_id: Option<String>,
    /// With `DiscardEnrollment`.
    pub enrollment_id: Option<String>,
    /// With `Proceed` on deleted shipments.
    pub user_ids: Vec<String>,
}

impl Draft {
    /// An answer that needs nothing beside the choice. `hold`: the hold's id, or the mail's.
    #[must_use]
    pub const fn new(namespace: String, object: String, hold: String, choice: Choice) -> Self {
        Self { namespace, object, hold, choice, shipment_id: None, enrollment_id: None, user_ids: Vec::new() }
    }

    /// The same about this hold.
    #[must_use]
    pub fn about(hold: &HoldView, choice: Choice) -> Self {
        Self::new(hold.namespace.clone(), hold.object.clone(), hold.id.clone(), choice)
    }

    fn decision(&self, reason: Option<&String>, by: String) -> Result<YubiKeyDecision> {
        let (kind, name) = objects::named(&self.object)?;
        let rollout = kind == Some(Kind::Rollout);
        let spec = YubiKeyDecisionSpec {
            shipment_ref: (!rollout).then(|| ShipmentRef { name: name.to_owned() }),
            rollout_ref: rollout.then(|| RolloutRef { name: name.to_owned() }),
            hold_id: self.hold.clone(),
            action: self.choice.into(),
            shipment_id: self.shipment_id.clone(),
            enrollment_id: self.enrollment_id.clone(),
            user_ids: (!self.user_ids.is_empty()).then(|| self.user_ids.clone()),
            reason: reason.cloned(),
            requested_by: by,
        };
        // The server adds five letters; a name has at most 253.
        let prefix: String = name.chars().take(200).collect();
        let metadata = ObjectMeta {
            generate_name: Some(format!("{prefix}-")),
            namespace: Some(self.namespace.clone()),
            ..ObjectMeta::default()
        };
        Ok(YubiKeyDecision { metadata, spec, status: None })
    }
}

/// Gives a decision and tells what became of it.
///
/// # Errors
/// If it may not be given, or the operator declined it.
pub async fn give(cluster: &Cluster, draft: &Draft, giving: &Giving, terminal: &Terminal) -> Result<()> {
    giving.check()?;
    let by = cluster.whoami().await?;
    let decision = draft.decision(giving.reason.as_ref(), by)?;
    let api: Api<YubiKeyDecision> = cluster.of_namespace(&draft.namespace);
    let doing = format!("decide about {} in namespace {}", draft.object, draft.namespace);
    let made = api.create(&PostParams::default(), &decision).await;
    let made = made.map_err(|error| Fault::of_api(&doing, &error))?;
    let (name, namespace) = (made.name_any(), &draft.namespace);
    terminal.print(&format!("yubikeydecision/{name} created\n"))?;
    if giving.wait == 0 {
        return Ok(());
    }
    let answered = wait::await_condition(api, &name, |decision: Option<&YubiKeyDecision>| {
        decision.is_none_or(|decision| ready(decision).is_some())
    });
    let limit = Duration::from_secs(giving.wait);
    let Ok(answered) = tokio::time::timeout(limit, answered).await else {
        terminal.warn(&format!(
            "the decision is made, and the operator did not reply within {} s; see `kubectl get ykd {name} -n {namespace}`",
            giving.wait
        ));
        return Ok(());
    };
    let answered = answered.map_err(|error| {
        Fault::new(
            format!("the decision is made, and its fate cannot be watched: {error}"),
            format!("see `kubectl get ykd {name} -n {namespace}`; do not decide again before"),
        )
    })?;
    match answered.as_ref().and_then(ready) {
        Some(("False", message)) => Err(Fault::new(
            format!("declined: {message}"),
            format!("see `kubectl yubikey status {} -n {namespace}`", draft.object),
        )),
        Some((_, message)) => {
            terminal.tell(&format!("Accepted. {message}"));
            Ok(())
        }
        // Whoever removed it meanwhile knows why.
        None => Err(Fault::new(
            "the decision was removed before it was taken up",
            format!("see `kubectl yubikey status {} -n {namespace}`", draft.object),
        )),
    }
}

fn ready(decision: &YubiKeyDecision) -> Option<(&str, &str)> {
    let conditions = &decision.status.as_ref()?.conditions;
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready")?;
    Some((ready.status.as_str(), ready.message.as_str()))
}

#[cfg(test)]
mod tests {
    use api::decision::Action;

    use super::*;

    fn draft(object: &str, choice: Choice) -> Draft {
        Draft::new("onboarding".into(), object.into(), "order-1-k7f3ab".into(), choice)
    }

    #[test]
    fn each_choice_is_the_action_of_its_name() {
        for choice in Choice::ALL {
            assert_eq!(serde_json::to_value(Action::from(choice)).unwrap(), choice.as_str());
        }
    }

    #[test]
    fn a_decision_names_the_object_the_hold_and_who_decides_and_nothing_else() {
        let made = draft("yks/ann-lee", Choice::CancelOrder).decision(None, "kim".into()).unwrap();
        let value = serde_json::to_value(made).unwrap();
        assert_eq!(
            value["metadata"],
            serde_json::json!({"generateName": "ann-lee-", "namespace": "onboarding"})
        );
        assert_eq!(
            value["spec"],
            serde_json::json!({"shipmentRef": {"name": "ann-lee"}, "holdID": "order-1-k7f3ab", "action": "CancelOrder", "requestedBy": "kim"})
        );
        let made =
            draft("ykr/staff", Choice::Proceed).decision(Some(&"seen".to_owned()), "kim".into()).unwrap();
        assert_eq!(serde_json::to_value(made.spec).unwrap()["rolloutRef"]["name"], "staff");
    }

    #[test]
    fn a_reason_that_no_decision_holds_is_refused_before_anything_is_sent() {
        let giving = |reason: &str| Giving { reason: Some(reason.to_owned()), yes: true, wait: 0 };
        assert!(giving(" ").check().is_err() && giving(&"x".repeat(1025)).check().is_err());
        assert!(giving(&"ü".repeat(1024)).check().is_ok());
    }
}
