//! `YubiKeyDecision`: a person answers a hold.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One answer to one hold, given once; never kept in Git.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "fidoprereg.dev",
    version = "v1alpha1",
    kind = "YubiKeyDecision",
    namespaced,
    plural = "yubikeydecisions",
    shortname = "ykd",
    category = "yubikeys",
    status = "YubiKeyDecisionStatus",
    derive = "PartialEq",
    doc = "A person's answer to one hold of a shipment or a rollout. Create it when the status names a hold and choices; it counts once, and never belongs into Git.",
    printcolumn(
        name = "Shipment",
        type_ = "string",
        json_path = ".spec.shipmentRef.name",
        description = "Whose hold is answered"
    ),
    printcolumn(
        name = "Rollout",
        type_ = "string",
        json_path = ".spec.rolloutRef.name",
        description = "Of a rollout: whose hold is answered"
    ),
    printcolumn(name = "Hold", type_ = "string", json_path = ".spec.holdID", description = "Which hold"),
    printcolumn(name = "Action", type_ = "string", json_path = ".spec.action", description = "The answer"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.requestedBy", description = "Who decided"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        description = "True once it was taken up"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        description = "What became of it"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Since when"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.summary",
        description = "What became of it, in words",
        priority = 1
    ),
    validation = Rule::new("self.spec == oldSelf.spec").message("spec of a decision cannot change, it stands for what a person said; create another decision")
)]
#[x_kube(
    validation = Rule::new("(self.action == 'AdoptOrder') == has(self.shipmentID)").message("spec.shipmentID goes with action AdoptOrder and with no other; add the shipment's id from the YubiEnterprise Console, or remove it"),
    validation = Rule::new("has(self.shipmentRef) != has(self.rolloutRef)").message("spec takes exactly one of shipmentRef and rolloutRef; remove the other or add one"),
    validation = Rule::new("(self.action == 'Proceed') == has(self.rolloutRef)").message("spec.action Proceed goes with rolloutRef and with nothing else; choose another action, or name a rollout"),
    validation = Rule::new("!has(self.userIDs) || has(self.rolloutRef)").message("spec.userIDs goes with rolloutRef; remove it"),
    validation = Rule::new("(self.action == 'DiscardEnrollment') == has(self.enrollmentID)").message("spec.enrollmentID goes with action DiscardEnrollment and with no other; add the pending enrolment's id from Okta, or remove it")
)]
#[serde(rename_all = "camelCase")]
pub struct YubiKeyDecisionSpec {
    /// The shipment, in the same namespace. Exactly one of this and `rolloutRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_ref: Option<ShipmentRef>,
    /// The rollout, in the same namespace; its only answer is `Proceed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_ref: Option<RolloutRef>,
    /// `status.hold.id` of the shipment, or the id of one of the rollout's `status.holds`; for `ResendPin` the mail that is to be sent again, `pin-` and
    /// `status.pin.id`.
    #[serde(rename = "holdID")]
    #[schemars(length(min = 1, max = 63))]
    pub hold_id: String,
    /// One of `status.hold.choices`, or `ResendPin`; docs/reasons.md tells what follows from each.
    pub action: Action,
    /// With `AdoptOrder`: the shipment's id at `YubiEnterprise`.
    #[serde(rename = "shipmentID", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub shipment_id: Option<String>,
    /// With `DiscardEnrollment`: the pending enrolment's id at Okta.
    #[serde(rename = "enrollmentID", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub enrollment_id: Option<String>,
    /// With `rolloutRef` and a hold about deleted shipments: the Okta user ids of the people whose shipments are made
    /// again.
    #[serde(rename = "userIDs", default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::okta_ids")]
    pub user_ids: Option<Vec<String>>,
    /// Why, for the auditor; at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub reason: Option<String>,
    /// Who decides: your own user name in the cluster (`kubectl auth whoami`). An admission policy compares it.
    #[schemars(length(min = 1, max = 253))]
    pub requested_by: String,
}

/// Names a shipment of the same namespace.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct ShipmentRef {
    /// Name of the `YubiKeyShipment`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Names a rollout of the same namespace.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct RolloutRef {
    /// Name of the `YubiKeyRollout`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// What a person can answer.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// No order exists: begin the next attempt (look, remove our pending enrolment, enrol, order).
    RetryOrder,
    /// The order `shipmentID` is this shipment's: take it over.
    AdoptOrder,
    /// No order exists and none is wanted: give up and remove our pending enrolment.
    CancelOrder,
    /// Remove the pending enrolment `enrollmentID` at Okta.
    DiscardEnrollment,
    /// The order is certainly gone.
    ConfirmCancelled,
    /// Activate with the signing keys that were published when the responses were first seen.
    ActivateWithKeptKeys,
    /// Activate the credential at Okta now, whatever the gate or the parcel's history.
    ApproveActivation,
    /// Mail the PIN now.
    ApprovePin,
    /// Mail the PIN again.
    ResendPin,
    /// Of a rollout: go on, or make the shipments of `userIDs` again.
    Proceed,
}

/// What became of a decision.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct YubiKeyDecisionStatus {
    /// Generation that this status speaks of; -1 before the first pass.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,
    /// Ready is True once the decision was taken up; Stalled is True if it could not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Message of Ready, shortened to one line of at most 120 characters for the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

const fn never_observed() -> i64 {
    -1
}
