//! What waits for a person.

use api::{rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use domain::{failure::Reason, hold::Choice, question, recipient::fault_list};
use jiff::Timestamp;
use kube::ResourceExt as _;
use serde::Serialize;

/// What is said of a recipient with several faults, each of which has its line.
const HEADLINE: &str = "The delivery details must be corrected.";

/// One open question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldView {
    /// Of the object.
    pub namespace: String,
    /// `yks/NAME` or `ykr/NAME`.
    pub object: String,
    /// Whose key it is, as the shipment shows it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// A decision names it.
    pub id: String,
    /// Reason of the hold; docs/reasons.md and docs/rollouts.md tell what each means.
    pub reason: String,
    /// Since when it waits (UTC).
    pub since: Timestamp,
    /// The question in plain words; the operator's message where nobody is asked.
    pub question: String,
    /// What happened, in the operator's words.
    pub message: String,
    /// What can be answered. Empty: it ends by itself once its cause is gone.
    pub choices: Vec<String>,
    /// Enrolment of the shipment, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrollment: Option<String>,
}

impl HoldView {
    /// Its reason, if this version knows it.
    #[must_use]
    pub fn known(&self) -> Option<Reason> {
        Reason::parse(&self.reason)
    }

    /// What can be answered, as far as this version knows it.
    #[must_use]
    pub fn answers(&self) -> Vec<Choice> {
        self.choices.iter().filter_map(|name| Choice::parse(name)).collect()
    }

    /// What happened, in lines: a line a fault where it has several. Empty where the question says it all.
    #[must_use]
    pub fn explained(&self) -> Vec<&str> {
        let lines = fault_list::lines(&self.message);
        if lines.len() == 1 && self.question == self.message { Vec::new() } else { lines }
    }

    /// The question, or what stands in its place, in one line.
    #[must_use]
    pub fn headline(&self) -> &str {
        if self.question == self.message && self.explained().len() > 1 { HEADLINE } else { &self.question }
    }

    /// The command that answers it.
    #[must_use]
    pub fn command(&self) -> String {
        if self.choices.is_empty() {
            return format!("kubectl yubikey look {} -n {}", self.object, self.namespace);
        }
        format!("kubectl yubikey decide {} -n {}", self.object, self.namespace)
    }
}

/// What a shipment asks.
#[must_use]
pub fn of_shipment(shipment: &YubiKeyShipment) -> Option<HoldView> {
    let status = shipment.status.as_ref()?;
    let hold = status.hold.as_ref()?;
    let pin = hold.choices.iter().any(|choice| choice == Choice::ApprovePin.as_str());
    let asked = Reason::parse(&hold.reason)
        .filter(|_| !hold.choices.is_empty())
        .and_then(|reason| question::of_shipment(reason, pin));
    Some(HoldView {
        namespace: shipment.namespace().unwrap_or_default(),
        object: format!("yks/{}", shipment.name_any()),
        user: status.display.as_ref().map(|display| display.user.clone()).unwrap_or_default(),
        id: hold.id.clone(),
        reason: hold.reason.clone(),
        since: hold.since.0,
        question: asked.map_or_else(|| hold.message.clone(), str::to_owned),
        message: hold.message.clone(),
        choices: hold.choices.clone(),
        enrollment: status.enrollment.as_ref().and_then(|enrollment| enrollment.id.clone()),
    })
}

/// What a rollout asks.
#[must_use]
pub fn of_rollout(rollout: &YubiKeyRollout) -> Vec<HoldView> {
    let holds = rollout.status.iter().flat_map(|status| &status.holds);
    holds
        .map(|hold| HoldView {
            namespace: rollout.namespace().unwrap_or_default(),
            object: format!("ykr/{}", rollout.name_any()),
            user: String::new(),
            id: hold.id.clone(),
            reason: hold.reason.clone(),
            since: hold.since.0,
            question: Reason::parse(&hold.reason)
                .and_then(question::of_rollout)
                .map_or_else(|| hold.message.clone(), str::to_owned),
            message: hold.message.clone(),
            choices: hold.choices.clone(),
            enrollment: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(question: &str, message: &str) -> HoldView {
        HoldView {
            namespace: "hr".into(),
            object: "yks/ann".into(),
            user: String::new(),
            id: "h".into(),
            reason: "InvalidRecipient".into(),
            since: Timestamp::UNIX_EPOCH,
            question: question.into(),
            message: message.into(),
            choices: Vec::new(),
            enrollment: None,
        }
    }

    #[test]
    fn a_faulty_profile_has_a_line_a_fault_and_everything_else_one_line_at_most() {
        let faults =
            ["City (profile.city) is missing".to_owned(), "Email (profile.email) is missing".to_owned()];
        let said = fault_list::message(&faults);
        let several = hold(&said, &said);
        assert_eq!(several.explained().len(), 4);
        assert_eq!(several.headline(), HEADLINE);
        let asked = hold("Was it deleted?", "It answers 404.");
        assert_eq!((asked.headline(), asked.explained()), ("Was it deleted?", vec!["It answers 404."]));
        let told = hold("The user is suspended.", "The user is suspended.");
        assert_eq!((told.headline(), told.explained()), ("The user is suspended.", Vec::new()));
    }
}
