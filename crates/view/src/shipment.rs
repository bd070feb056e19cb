//! One shipment.

use api::{
    connection::YubiKeyConnectionSpec,
    rollout::ROLLOUT_LABEL,
    shipment::{FailureStatus, YubiKeyShipment},
};
use jiff::Timestamp;
use kube::ResourceExt as _;
use serde::Serialize;

use super::{
    hold::{self, HoldView},
    next::{self, Next},
    steps::{self, Step},
};

/// What a person wants to know of a shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentView {
    /// Of the object.
    pub namespace: String,
    /// Of the object.
    pub name: String,
    /// The rollout that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<String>,
    /// Name of the connection it orders with.
    pub connection: String,
    /// Whose key it is, as the status shows it.
    pub user: String,
    /// Model as given in spec, or `product` and its id.
    pub key: String,
    /// For the eye.
    pub phase: String,
    /// Status of the condition Ready.
    pub ready: String,
    /// Reason of the condition Ready; empty before the first pass.
    pub reason: String,
    /// What happened and what to do next, in the operator's words.
    pub message: String,
    /// Since when it is like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Every step of the road, in its order, those that are still to come included.
    pub steps: Vec<Step>,
    /// What waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldView>,
    /// The failure of the last pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What comes next.
    pub next: Next,
}

impl ShipmentView {
    /// Reads an object.
    #[must_use]
    pub fn of(
        shipment: &YubiKeyShipment,
        connection: Option<&YubiKeyConnectionSpec>,
        now: Timestamp,
    ) -> Self {
        let status = shipment.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
        let text = |read: fn(&k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition) -> &String| {
            ready.map(read).cloned().unwrap_or_default()
        };
        let (user, key) = shown(shipment);
        Self {
            namespace: shipment.namespace().unwrap_or_default(),
            name: shipment.name_any(),
            rollout: shipment.labels().get(ROLLOUT_LABEL).cloned(),
            connection: shipment.spec.connection_ref.name.clone(),
            user,
            key,
            phase: status.phase.map_or("Pending", api::shipment::Phase::as_str).to_owned(),
            ready: text(|condition| &condition.status),
            reason: text(|condition| &condition.reason),
            message: text(|condition| &condition.message),
            since: ready.map(|condition| condition.last_transition_time.0),
            steps: steps::of(&status),
            hold: hold::of_shipment(shipment),
            failure: status.failure.as_ref().map(failed),
            next: next::of(shipment, connection, now),
        }
    }

    /// Does it wait for a person?
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.hold.is_some()
    }
}

fn failed(failure: &FailureStatus) -> String {
    format!("{} ({} in a row): {}", failure.reason, failure.count, failure.message)
}

/// User and key: the status's words; before the first pass the spec's key, and no person.
fn shown(shipment: &YubiKeyShipment) -> (String, String) {
    let display = shipment.status.as_ref().and_then(|status| status.display.as_ref());
    let key = &shipment.spec.key;
    let declared = key.model.clone().or_else(|| key.product_id.map(|id| format!("product {id}")));
    (
        display.map(|display| display.user.clone()).unwrap_or_default(),
        display.map(|display| display.key.clone()).or(declared).unwrap_or_default(),
    )
}
