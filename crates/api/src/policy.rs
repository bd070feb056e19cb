//! What a connection lets shipments and rollouts do, and what bounds them: overrides, kinds of keys, sources of people,
//! orders that were let go.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Allowed or not.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Permission {
    /// Refused: the shipment is Held as `ForbiddenByConnection`.
    #[default]
    Forbid,
    /// Admitted, for every namespace that may use the connection.
    Allow,
}

/// What shipments may do.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// May a shipment carry an address of its own?
    #[serde(default)]
    pub address_override: Permission,
    /// May a shipment carry recipient data of its own?
    #[serde(default)]
    pub recipient_override: Permission,
    /// May a deletion remove an active credential?
    #[serde(default)]
    pub revoke: Permission,
    /// May a rollout create staged users at Okta, and activate them?
    #[serde(default)]
    pub create_users: Permission,
    /// May a deletion let go of an order that is under way (`deletionPolicy: Orphan`)? Forbidden, such a deletion
    /// cancels as `Cancel` does, and a shipment that asks for it is not ordered for. In a namespace that is being
    /// deleted, and where the connection is gone, it always may.
    #[serde(default = "allow")]
    pub orphan: Permission,
    /// Which keys a shipment may ask for: `Any`, or `ModelsOnly`, those of the connection's `keys` by their name.
    #[serde(default)]
    pub keys: KeyChoice,
    /// May the status of shipments and rollouts hold people's logins? Forbidden, it names people by their Okta user id
    /// alone. What a spec holds is whoever wrote it to answer for.
    #[serde(default = "allow")]
    pub show_login: Permission,
    /// What rollouts may read to find people.
    #[serde(default)]
    pub sources: Sources,
    /// In which letters names and addresses are taken. `Latin`: what a label in Latin letters cannot show is told before
    /// anybody is enrolled.
    #[serde(default)]
    pub recipient_script: RecipientScript,
    /// Okta groups whose members may get keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_groups: Option<UserGroups>,
    /// Open orders a namespace may have with this connection; further shipments wait. Orders that a deletion let go
    /// count until they must have arrived (`status.letGo`).
    #[serde(default = "max_open_orders")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_open_orders: u32,
}

const fn max_open_orders() -> u32 {
    100
}

const fn allow() -> Permission {
    Permission::Allow
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            address_override: Permission::Forbid,
            recipient_override: Permission::Forbid,
            revoke: Permission::Forbid,
            create_users: Permission::Forbid,
            orphan: allow(),
            keys: KeyChoice::Any,
            show_login: allow(),
            sources: Sources::default(),
            recipient_script: RecipientScript::Any,
            user_groups: None,
            max_open_orders: max_open_orders(),
        }
    }
}

/// In which letters names and addresses are taken.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecipientScript {
    /// As they stand in the profile.
    #[default]
    Any,
    /// Latin letters, accents included; digits and signs besides.
    Latin,
}

/// Okta groups by id.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct UserGroups {
    /// A person must be in one of these; empty: everyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 64)))]
    pub allow: Vec<String>,
    /// A person must be in none of these; wins over `allow`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 64)))]
    pub deny: Vec<String>,
}

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
    /// How many orders; each counts against `policy.maxOpenOrders` until 30 days after `day`.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub orders: u32,
}
