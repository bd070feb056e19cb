//! Status of a rollout: the ledger of who was served, and what people and tools read.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shipment::{DecisionRecord, FailureStatus};

/// Whom the rollout has served, what it would do next, and what it waits for.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct YubiKeyRolloutStatus {
    /// Generation of the spec that this status speaks of; -1 before the first pass.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,
    /// Last `fidoprereg.dev/requestedAt` that was answered by a look at the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Ready, Reconciling and Stalled as kstatus reads them; Synced is True while the source can be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Message of Ready, shortened to one line of at most 120 characters for the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// People and shipments, counted by the last pass that knew the source; absent until it was read once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Why people are skipped and what else a person should look at, by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub problems: Vec<Problem>,
    /// With `mode: DryRun`: who would get which key, by Okta user id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::schema::plan")]
    pub plan: BTreeMap<String, String>,
    /// Keys that the ledger's entries name by their place here, the first is 0. It only grows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 250))]
    pub keys: Vec<LedgerKey>,
    /// Everybody who was ever served, by Okta user id. It outlives the shipments and only grows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 10_000, "x-kubernetes-map-type" = "atomic"))]
    pub ledger: BTreeMap<String, LedgerEntry>,
    /// People whom this rollout created at Okta, by a hash of their login; written before they are created.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 10_000, "x-kubernetes-map-type" = "atomic"))]
    pub created: BTreeMap<String, CreatedUser>,
    /// What waits for a decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub holds: Vec<RolloutHold>,
    /// With `waves`: the wave that is open, the first is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<u32>,
    /// With `oktaConsole`: how far the System Log was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<ConsoleCursor>,
    /// When the source was last seen to have changed (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<MicroTime>,
    /// The last five decisions that were answered to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<DecisionRecord>,
    /// The failure of the last pass, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureStatus>,
}

const fn never_observed() -> i64 {
    -1
}

/// How many people and shipments. Members are those eligible and those skipped.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// People the source names.
    pub members: u32,
    /// Of them, those who get a key or got one.
    pub eligible: u32,
    /// Of them, those who get none.
    pub skipped: u32,
    /// The same by reason; docs/rollouts.md tells what to do about each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped_by_reason: BTreeMap<String, u32>,
    /// Eligible people whose turn has not come.
    pub waiting: u32,
    /// Keys that were ordered or begun: what counts against the budget.
    pub served: u32,
    /// Shipments on their way.
    pub in_flight: u32,
    /// People with an activated key of this rollout.
    pub activated: u32,
    /// Shipments that wait for a person.
    pub held: u32,
    /// Shipments by phase.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_phase: BTreeMap<String, u32>,
}

/// Something a person should look at.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One word; docs/rollouts.md and docs/reasons.md tell what each means.
    pub reason: String,
    /// What it means and what to do.
    pub message: String,
    /// How many people, rows or events.
    pub total: u32,
    /// Some of them: Okta user ids, logins as given in spec (`entry 3` where the connection's `policy.showLogin` is
    /// `Forbid`), names of shipments, rows of the table, ids of events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub examples: Vec<String>,
}

/// A key of the ledger: a model of the connection, or all three ids.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LedgerKey {
    /// Name of an entry of the connection's `keys`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Yubico's id of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<u32>,
    /// Yubico's id of the bucket of credits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory_product_id: Option<u32>,
    /// Yubico's id of the customization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customization_id: Option<String>,
}

/// One person who was served.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// What became of it.
    pub state: LedgerState,
    /// Day (UTC) on which the shipment was begun, or the event was seen.
    pub day: String,
    /// Place in `status.keys`, the first is 0.
    pub key: u32,
    /// How many keys were begun for this person, if more than one.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
    /// With `Deleted`: a person answered, so the rollout goes on without this shipment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
}

const fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_once(times: &u32) -> bool {
    *times == 1
}

/// What became of a person of the ledger.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerState {
    /// Named by an event; the shipment's turn has not come, so it does not count against the budget.
    Waiting,
    /// Written before the shipment is made.
    Begun,
    /// The shipment was seen.
    Made,
    /// The key is activated.
    Activated,
    /// The person left the source; written before the shipment is deleted.
    Leaving,
    /// The shipment was deleted because the person left.
    Left,
    /// The shipment was deleted by somebody else, or is being deleted. Nobody new is ordered for until a decision, and it
    /// is made again only after one that names the person.
    Deleted,
}

/// A person whom the rollout created at Okta.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CreatedUser {
    /// Written before Okta is asked (UTC).
    pub mark: MicroTime,
    /// Okta user id, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What waits for a decision with `rolloutRef` and the action `Proceed`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct RolloutHold {
    /// A decision names this id; its end cannot be known beforehand.
    pub id: String,
    /// `AwaitingApproval`, `SourceEmpty`, `TooManyLeaving` or `ShipmentDeleted`: docs/rollouts.md tells what `Proceed`
    /// means for each.
    pub reason: String,
    /// What happened and what to do next.
    pub message: String,
    /// Since when it waits (UTC).
    pub since: MicroTime,
    /// What a person can answer.
    #[schemars(length(max = 10))]
    pub choices: Vec<String>,
    /// Hash of the people it is about: an answer does not count for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<String>,
    /// How many people it is about; of a wave, its number.
    pub total: u32,
}

/// How far the System Log was read.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct ConsoleCursor {
    /// Where the next look begins: a time, or the page that Okta named.
    #[schemars(length(max = 65536))]
    pub next: String,
    /// Ids of the newest events that were taken up, so that one that comes again is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub seen: Vec<String>,
    /// The newest events that were not taken up, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub refused: Vec<RefusedEvent>,
}

/// An event that starts nothing.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RefusedEvent {
    /// Its id at Okta, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Okta user id, where it tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// One word, such as `EventTooOld`; docs/rollouts.md tells what each means.
    pub reason: String,
}
