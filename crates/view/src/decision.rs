//! A decision in one's own name.

use api::decision::{RolloutRef, ShipmentRef, YubiKeyDecision, YubiKeyDecisionSpec};
use domain::hold::Choice;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};

use crate::{
    fault::{Fault, Result},
    hold::HoldView,
    names::{self, Kind},
};

/// Longest reason that a decision holds, in characters.
pub const LONGEST_REASON: usize = 1024;

/// Does a reason fit into a decision? `what`: where it was given, such as `--reason`.
///
/// # Errors
/// If it is empty or too long.
pub fn check_reason(what: &str, reason: Option<&str>) -> Result<()> {
    match reason {
        Some(reason) if reason.trim().is_empty() => {
            Err(Fault::usage(format!("{what} is empty"), "say why in a few words, or leave it out"))
        }
        Some(reason) if reason.chars().count() > LONGEST_REASON => Err(Fault::usage(
            format!(
                "{what} has {} characters, and a decision holds {LONGEST_REASON}",
                reason.chars().count()
            ),
            "say it shorter",
        )),
        _ => Ok(()),
    }
}

/// One's own name, as the API server knows it and as decisions must give it.
///
/// # Errors
/// If the API server does not tell.
pub async fn whoami(client: &Client) -> Result<String> {
    let api: Api<SelfSubjectReview> = Api::all(client.clone());
    let review = api
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await
        .map_err(|error| Fault::of_api("ask who you are", &error))?;
    let name = review.status.and_then(|status| status.user_info).and_then(|user| user.username);
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        Fault::new(
            "the API server does not tell your name, and a decision must give it",
            "see what `kubectl auth whoami` says",
        )
    })
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
    /// The action that the decision gives.
    pub choice: Choice,
    /// With `AdoptOrder`: the order's id at `YubiEnterprise`.
    pub shipment_id: Option<String>,
    /// With `DiscardEnrollment`: the pending enrolment's id at Okta.
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

    /// Makes the decision in the name of whoever the client is; the answer is the object, which the operator has not
    /// taken up yet.
    ///
    /// # Errors
    /// If it may not be given.
    pub async fn give(&self, client: &Client, reason: Option<&str>) -> Result<YubiKeyDecision> {
        let by = whoami(client).await?;
        let decision = self.decision(reason, by)?;
        let api: Api<YubiKeyDecision> = Api::namespaced(client.clone(), &self.namespace);
        let doing = format!("decide about {} in namespace {}", self.object, self.namespace);
        api.create(&PostParams::default(), &decision).await.map_err(|error| Fault::of_api(&doing, &error))
    }

    fn decision(&self, reason: Option<&str>, by: String) -> Result<YubiKeyDecision> {
        let (kind, name) = names::named(&self.object)?;
        let rollout = kind == Some(Kind::Rollout);
        let spec = YubiKeyDecisionSpec {
            shipment_ref: (!rollout).then(|| ShipmentRef { name: name.to_owned() }),
            rollout_ref: rollout.then(|| RolloutRef { name: name.to_owned() }),
            hold_id: self.hold.clone(),
            action: self.choice.into(),
            shipment_id: self.shipment_id.clone(),
            enrollment_id: self.enrollment_id.clone(),
            user_ids: (!self.user_ids.is_empty()).then(|| self.user_ids.clone()),
            reason: reason.map(str::to_owned),
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

/// What the operator replied: status and message of the condition Ready; `None` until then.
#[must_use]
pub fn reply(decision: &YubiKeyDecision) -> Option<(&str, &str)> {
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
        let made = draft("ykr/staff", Choice::Proceed).decision(Some("seen"), "kim".into()).unwrap();
        assert_eq!(serde_json::to_value(made.spec).unwrap()["rolloutRef"]["name"], "staff");
    }

    #[test]
    fn a_reason_that_no_decision_holds_is_refused_before_anything_is_sent() {
        let check = |reason: &str| check_reason("--reason", Some(reason));
        assert!(check(" ").is_err() && check(&"x".repeat(1025)).is_err());
        assert!(check(&"ü".repeat(1024)).is_ok() && check_reason("--reason", None).is_ok());
    }
}
