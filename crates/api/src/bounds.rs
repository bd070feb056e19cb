//! What a connection bounds beyond the single shipment: kinds of keys, sources of people, orders that were let go.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::Permission;

/// Most entries of `status.letGo`: with the longest names they stay far below the API server's limit for one object.
pub const MOST_LET_GO: usize = 1000;

/// Which keys a shipment may ask for.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyChoice {
    /// A model of the connection's `keys`, or any three ids.
    #[default]
    Any,
    /// A model of the connection's `keys`, by its name.
    ModelsOnly,
}

/// What rollouts may read to find people.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Sources {
    /// Okta groups whose members a rollout may read.
    #[serde(default)]
    pub okta_groups: OktaGroupSources,
    /// May a rollout order what is clicked in Okta's Admin Console? Each such rollout takes up every click, so allow
    /// it where only one namespace is admitted, or where all of them are trusted alike.
    #[serde(default)]
    pub okta_console: Permission,
}

/// Okta groups whose members a rollout may read.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct OktaGroupSources {
    /// Groups as rollouts name them: by id (`00g…`), or exactly by name. Empty: every group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 255)))]
    pub allow: Vec<String>,
}

/// Orders of one namespace and day whose shipments were let go while the orders were under way.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct LetGo {
    /// The namespace; empty: of several, counted against each, because the record was full.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// The day (UTC) on which they were let go, or a later one if the record was full: `2027-01-31`.
    #[schemars(length(max = 10))]
    pub day: String,
    /// How many.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub orders: u32,
}
