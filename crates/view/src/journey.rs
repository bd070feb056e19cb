//! The road of one key as stages, from the enrolment to its first use.

use api::shipment::{OrderOutcome, YubiKeyShipment};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageState {
    /// It is through.
    Done,
    /// The shipment is on its way there.
    Next,
    /// The way there is open and not begun.
    Later,
    /// It will not come: the shipment ended before.
    Never,
}

/// One stage of the road, and when it was reached (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What happened, once it is done.
    pub name: &'static str,
    /// How far it is.
    pub state: StageState,
    /// When it was done.
    pub at: Option<Timestamp>,
}

/// The stages of a shipment. First use is one of them once the operator tells about it.
#[must_use]
pub fn of(shipment: &YubiKeyShipment) -> Vec<Stage> {
    let status = shipment.status.clone().unwrap_or_default();
    let times = status.times.clone().unwrap_or_default();
    let in_use = condition(&status.conditions, "InUse");
    let mut reached = vec![
        ("Enrolled", times.enrolled.map(|at| at.0)),
        ("Ordered", times.ordered.map(|at| at.0)),
        ("Shipped", times.shipped.map(|at| at.0)),
        ("Delivered", times.delivered.map(|at| at.0)),
        ("Activated", times.activated.map(|at| at.0)),
    ];
    if let Some(in_use) = in_use {
        let at = (in_use.status == "True").then_some(in_use.last_transition_time.0);
        reached.push(("First used", at));
    }
    let ended = matches!(status.phase, Some(api::shipment::Phase::Cancelled | api::shipment::Phase::Failed))
        || status.order.as_ref().is_some_and(|order| order.outcome == OrderOutcome::Cancelled);
    let mut open = true;
    let stage = |(name, at): (&'static str, Option<Timestamp>)| {
        let state = match (at, ended) {
            (Some(_), _) => StageState::Done,
            (None, true) => StageState::Never,
            (None, false) if std::mem::take(&mut open) => StageState::Next,
            (None, false) => StageState::Later,
        };
        Stage { name, state, at }
    };
    reached.into_iter().map(stage).collect()
}

fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shipment(status: &Value) -> YubiKeyShipment {
        serde_json::from_value(json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": "ann-lee", "namespace": "hr"},
            "spec": {"connectionRef": {"name": "acme"}, "userRef": {"login": "ann.lee@example.com"}, "key": {"model": "yubikey-5c-nfc"}},
            "status": status,
        }))
        .unwrap()
    }

    fn states(status: &Value) -> Vec<StageState> {
        of(&shipment(status)).into_iter().map(|stage| stage.state).collect()
    }

    const DAY: &str = "2027-01-30T12:00:00.000000Z";

    #[test]
    fn each_stage_is_done_next_later_or_never() {
        use StageState::{Done, Later, Never, Next};
        assert_eq!(states(&json!({})), [Next, Later, Later, Later, Later]);
        let shipped = json!({"times": {"enrolled": DAY, "ordered": DAY, "shipped": DAY}});
        assert_eq!(states(&shipped), [Done, Done, Done, Next, Later]);
        // Activated on the way, as `activation.after: Shipment` has it: the delivery is still to come.
        let early = json!({"times": {"enrolled": DAY, "ordered": DAY, "shipped": DAY, "activated": DAY}});
        assert_eq!(states(&early), [Done, Done, Done, Next, Done]);
        let cancelled = json!({"phase": "Cancelled", "times": {"enrolled": DAY}});
        assert_eq!(states(&cancelled), [Done, Never, Never, Never, Never]);
    }

    #[test]
    fn first_use_is_a_stage_once_it_is_told() {
        let told = |status: &str| json!({"conditions": [{"type": "InUse", "status": status, "reason": "x", "message": "", "lastTransitionTime": "2027-01-30T12:00:00Z"}]});
        let last = |status: &Value| of(&shipment(status)).pop().unwrap();
        assert_eq!(last(&json!({})).name, "Activated");
        assert_eq!((last(&told("False")).name, last(&told("False")).at), ("First used", None));
        assert_eq!(last(&told("True")).state, StageState::Done);
    }
}
