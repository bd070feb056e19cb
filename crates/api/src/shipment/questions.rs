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
    /// Okta's id of the pre-registered factor (`fwf…`).
    pub id: String,
    /// Written before the enrolment is removed (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MicroTime>,
}

/// An order to be taken over.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AdoptStatus {
    /// Its id at `YubiEnterprise`.
    pub shipment_id: String,
    /// When a person or the search named it (UTC).
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
    /// Id of the hold it answered, or of the mail (`pin-N`).
    #[serde(rename = "holdID")]
    pub hold_id: String,
    /// Its `spec.action`.
    pub action: String,
    /// Its `spec.requestedBy`: the user name, in the cluster, of who decided.
    pub requested_by: String,
    /// When it was taken up (UTC).
    pub at: MicroTime,
    /// Whether it changed anything; if not, the decision's own status says why.
    pub accepted: bool,
}

/// What waits for a person.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct HoldStatus {
    /// A decision names this id; its end cannot be known beforehand.
    pub id: String,
    /// One word, the same as in conditions, Events and metrics; docs/reasons.md tells what each means.
    pub reason: String,
    /// What happened and what to do next.
    pub message: String,
    /// Since when it waits (UTC).
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
