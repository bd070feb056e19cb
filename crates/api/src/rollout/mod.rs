//! `YubiKeyRollout`: many people get a key, from one source of people and one template of shipments.

pub mod ledger_status;
mod source;
mod status;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{source::*, status::*};
use super::{
    moment::Moment,
    shipment::{Activation, ConnectionRef, DeletionPolicy, Delivery, ExistingKeyPolicy, KeyRef, Pin},
};

/// Label of a shipment that a rollout made: the rollout's name.
pub const ROLLOUT_LABEL: &str = "fidoprereg.dev/rollout";

/// Most people that one rollout can serve: what its ledger holds within the API server's limit for one object.
pub const MOST_PEOPLE: u32 = 10_000;

/// Who gets keys, from where they are known, and how fast.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "fidoprereg.dev",
    version = "v1alpha1",
    kind = "YubiKeyRollout",
    namespaced,
    plural = "yubikeyrollouts",
    shortname = "ykr",
    category = "yubikeys",
    status = "YubiKeyRolloutStatus",
    derive = "PartialEq",
    doc = "Keys for many people: one YubiKeyShipment for each person of an Okta group, of a list, or of the Admin Console's button, made from a template within a budget. It serves a person once, and only tells what it would do until mode is Order.",
    selectable = ".spec.connectionRef.name",
    printcolumn(name = "Total", type_ = "integer", json_path = ".status.counts.members", description = "People in the source"),
    printcolumn(name = "Activated", type_ = "integer", json_path = ".status.counts.activated", description = "Of them with a key that is able to sign in"),
    printcolumn(name = "Held", type_ = "integer", json_path = ".status.counts.held", description = "Shipments that wait for a person"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status", description = "True while the rollout does what its spec says"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", description = "Why"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "Since when it is declared"),
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode", description = "DryRun or Order", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.summary", description = "What happens and what to do next", priority = 1),
    validation = Rule::new("self.metadata.name.size() <= 50").message("metadata.name has at most 50 characters, because it begins the names of the shipments and is a label; choose a shorter name"),
)]
#[x_kube(
    validation = Rule::new("self.connectionRef == oldSelf.connectionRef").message("spec.connectionRef cannot change, the people of the ledger belong to its Okta org; delete this rollout and declare another"),
    validation = Rule::new("has(self.source.oktaGroup) == has(oldSelf.source.oktaGroup) && has(self.source.users) == has(oldSelf.source.users)").message("spec.source cannot change to another kind, the ledger counts the people of this one; declare another rollout"),
    validation = Rule::new("has(self.source.oktaConsole) || (has(self.template) && has(self.template.spec) && has(self.template.spec.key)) || (has(self.source.oktaGroup) ? self.source.oktaGroup.groups.all(g, has(g.key)) : (!has(self.source.users.list) || self.source.users.list.all(u, has(u.key))))").message("spec.template.spec.key is needed where a group or a person of the list names no key; add it, or a key to each of them"),
    validation = Rule::new("!has(self.source.oktaConsole) || !has(self.template) || !has(self.template.spec) || !has(self.template.spec.key)").message("spec.template.spec.key does not go with source.oktaConsole, whose events name the key; remove it"),
    validation = Rule::new("!has(self.template) || !has(self.template.spec) || !has(self.template.spec.deletionPolicy) || self.template.spec.deletionPolicy != 'Orphan' || (self.onLeave == 'Keep' && self.onDelete == 'Release')").message("spec.onLeave and spec.onDelete can cancel nothing while spec.template.spec.deletionPolicy is Orphan; choose Keep and Release, or another deletionPolicy")
)]
#[serde(rename_all = "camelCase")]
pub struct YubiKeyRolloutSpec {
    /// The `YubiKeyConnection` to order with. Left out: the connection named `default`. Cannot change.
    #[serde(default)]
    pub connection_ref: ConnectionRef,

    /// Where the people come from: exactly one of `oktaGroup`, `users` and `oktaConsole`. Its kind cannot change.
    pub source: Source,

    /// What the shipments are made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,

    /// `DryRun` tells in the status who would get what and every problem, and changes nothing anywhere; `Order`
    /// orders.
    #[serde(default)]
    pub mode: Mode,

    /// Most keys that this rollout ever orders: entries of its ledger count, whatever became of them.
    #[schemars(range(min = 1, max = MOST_PEOPLE))]
    pub budget: u32,

    /// Most shipments that are on their way at once. Left out: as many as the connection admits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MOST_PEOPLE))]
    pub max_in_flight: Option<u32>,

    /// Most shipments that are begun on one day (UTC). Left out: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MOST_PEOPLE))]
    pub max_per_day: Option<u32>,

    /// Sizes of the waves, one after another; each begins after a decision on the one before. Whoever is left after
    /// the last one follows after one more decision. Left out: everybody at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub waves: Vec<Wave>,

    /// Who gets no key although the source names them.
    #[serde(default)]
    pub skip: Skip,

    /// What happens to the shipment of a person who left the source: `Keep` lets it go on, `CancelIfNotShipped` deletes
    /// it, and so cancels it, while the key is not shipped.
    #[serde(default)]
    pub on_leave: OnLeave,

    /// Stops every effect: nobody new is ordered for, nothing is cancelled. Shipments that are made go on.
    #[serde(default)]
    pub paused: bool,

    /// What happens to the shipments when this rollout is deleted: `Release` lets them go on by themselves, `Cancel`
    /// deletes those that are not finished, and so cancels them where that is still possible.
    #[serde(default)]
    pub on_delete: OnDelete,
}

/// What shipments are made from.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// For the shipments' metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,
    /// For the shipments' spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<TemplateSpec>,
}

/// Labels and annotations of the shipments.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("(!has(self.labels) || self.labels.all(k, !k.startsWith('fidoprereg.dev/'))) && (!has(self.annotations) || self.annotations.all(k, !k.startsWith('fidoprereg.dev/')))").message("spec.template.metadata may not set names under fidoprereg.dev/, which the operator reads; choose other names"))]
pub struct TemplateMetadata {
    /// At most 64 labels, each value of at most 63 characters; none under `fidoprereg.dev/`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::schema::labels")]
    pub labels: BTreeMap<String, String>,
    /// At most 64 annotations, each value of at most 1,024 characters; none under `fidoprereg.dev/`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::schema::annotations")]
    pub annotations: BTreeMap<String, String>,
}

/// What shipments ask for beside the person; each field as in a `YubiKeyShipment`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.existingKeyPolicy) || self.existingKeyPolicy != 'OrderAnother' || has(self.existingKeyBefore)").message("spec.template.spec.existingKeyPolicy OrderAnother needs existingKeyBefore, the time before which existing keys are overlooked; set it to the present time"))]
pub struct TemplateSpec {
    /// Which key, for whoever has none of their own in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyRef>,
    /// How fast the parcel travels: `Standard`, or `Expedited` at a price.
    #[serde(default)]
    pub delivery: Delivery,
    /// When the credential becomes able to sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// When Okta mails the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// What to do if the person has a pre-registered key already. Left out: the connection's, else Hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_key_policy: Option<ExistingKeyPolicy>,
    /// RFC 3339 time. With `OrderAnother` only keys enrolled before it are overlooked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_key_before: Option<Moment>,
    /// RFC 3339 time. Nothing is ordered after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_before: Option<Moment>,
    /// What happens to the order when the shipment is deleted. Left out: the connection's, else Cancel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
}

/// Whether anything is ordered.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The status tells what would be done.
    #[default]
    DryRun,
    /// Shipments are made.
    Order,
}

/// Size of a wave.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.percent) != has(self.count)").message("spec.waves takes exactly one of percent and count for each wave; remove the other or add one"))]
pub struct Wave {
    /// Share of the people who are eligible now, rounded up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub percent: Option<u32>,
    /// Number of people, at most 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MOST_PEOPLE))]
    pub count: Option<u32>,
}

/// Who gets no key although the source names them.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Skip {
    /// People with a pre-registered key at Okta that is active or on its way.
    #[serde(default = "yes")]
    pub pre_registered_key: bool,
    /// People with any security key or passkey at Okta.
    #[serde(default, rename = "anyWebAuthn")]
    pub any_web_authn: bool,
    /// People in one of these states at Okta. A suspended or deprovisioned person never gets a key: such a shipment
    /// would be held.
    #[serde(default = "closed_statuses")]
    #[schemars(length(max = 8))]
    pub user_statuses: Vec<SkippedStatus>,
}

const fn yes() -> bool {
    true
}

fn closed_statuses() -> Vec<SkippedStatus> {
    vec![SkippedStatus::Suspended, SkippedStatus::Deprovisioned]
}

impl Default for Skip {
    fn default() -> Self {
        Self { pre_registered_key: true, any_web_authn: false, user_statuses: closed_statuses() }
    }
}

/// Status of an Okta user, as Okta writes it.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SkippedStatus {
    /// Not activated yet.
    Staged,
    /// Activated, without a factor.
    Provisioned,
    /// Activated, and able to sign in.
    Active,
    /// Recovers a password.
    Recovery,
    /// The password has expired.
    PasswordExpired,
    /// Locked out at sign-in; gets a key unless it is named here.
    LockedOut,
    /// Suspended; never gets a key, named here or not.
    Suspended,
    /// Deactivated; never gets a key, named here or not.
    Deprovisioned,
}

impl SkippedStatus {
    /// As Okta writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::Recovery => "RECOVERY",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::LockedOut => "LOCKED_OUT",
            Self::Suspended => "SUSPENDED",
            Self::Deprovisioned => "DEPROVISIONED",
        }
    }
}

/// What happens to the shipment of a person who left the source.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLeave {
    /// It goes on.
    #[default]
    Keep,
    /// It is deleted, and so cancelled, while the key is not shipped.
    CancelIfNotShipped,
}

/// What happens to the shipments when the rollout is deleted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDelete {
    /// They go on by themselves.
    #[default]
    Release,
    /// Those that are not finished are deleted, and so cancelled where that is still possible.
    Cancel,
}
