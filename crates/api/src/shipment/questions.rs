//! What a shipment asks people, and what became of their answers, as its status holds it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person's answers asked for.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    /// The next attempt begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<bool>,
    /// A pending enrolment to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discard: Option<DiscardStatus>,
    /// An order to be taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<AdoptStatus>,
    /// The activation is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<bool>,
    /// The PIN mail is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<bool>,
    /// Activation with the signing keys kept beside the responses is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_keys: Option<bool>,
}

/// A pending enrolment to be removed.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct DiscardStatus {
    /// Its id.
    pub id: String,
    /// Written before the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MicroTime>,
}

/// An order to be taken over.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AdoptStatus {
    /// Its id at `YubiEnterprise`.
    pub shipment_id: String,
    /// When it was named.
    pub since: MicroTime,
    /// Named by a person, not by the search.
    pub by_person: bool,
}

/// A decision that was answered to.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRecord {
    /// Name of the `YubiKeyDecision`.
    pub name: String,
    /// Its uid: a name may be given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The hold it answered.
    #[serde(rename = "holdID")]
    pub hold_id: String,
    /// How.
    pub action: String,
    /// Who decided.
    pub requested_by: String,
    /// When it was taken up.
    pub at: MicroTime,
    /// Whether it changed anything.
    pub accepted: bool,
}

/// What waits for a person.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct HoldStatus {
    /// A decision names this id; its end cannot be known beforehand.
    pub id: String,
    /// Why.
    pub reason: String,
    /// What happened and what to do next.
    pub message: String,
    /// Since when.
    pub since: MicroTime,
    /// Generation of the spec that is held.
    pub generation: i64,
    /// Digest of the spec that is held, without `suspend` and `deletionPolicy`: a change of those ends no hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// What a person can answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Set where reading the person told that the connection's policy does not admit them: a read that fails ends no such
    /// hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_by_read: Option<bool>,
}
