//! `YubiKeyShipment`: this person gets a key.

pub mod journal_status;
pub mod progress;
mod questions;
mod status;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{questions::*, status::*};
use super::{DEFAULT_CONNECTION, moment::Moment};

/// What a person declares: who gets which key, and what happens on the way.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "fidoprereg.dev",
    version = "v1alpha1",
    kind = "YubiKeyShipment",
    namespaced,
    plural = "yubikeyshipments",
    shortname = "yks",
    category = "yubikeys",
    status = "YubiKeyShipmentStatus",
    derive = "PartialEq",
    doc = "One pre-registered YubiKey for one person: enrolled at Okta, ordered at YubiEnterprise, followed, activated on delivery, PIN mailed by Okta.",
    selectable = ".spec.connectionRef.name",
    selectable = ".spec.userRef.login",
    selectable = ".status.userId",
    selectable = ".status.phase",
    printcolumn(name = "User", type_ = "string", json_path = ".status.display.user", description = "Who gets the key"),
    printcolumn(name = "Key", type_ = "string", json_path = ".status.display.key", description = "Which key"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase", description = "Where the shipment is"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status", description = "True from the accepted order on, while nothing needs a person"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", description = "Why"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "Since when it is declared"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.summary", description = "What happened and what to do next", priority = 1),
    printcolumn(name = "Shipment", type_ = "string", json_path = ".status.order.shipmentId", description = "Id at YubiEnterprise", priority = 1),
    printcolumn(name = "Serial", type_ = "string", json_path = ".status.key.serial", description = "Serial number of the key", priority = 1),
    printcolumn(name = "Carrier", type_ = "string", json_path = ".status.order.carrier", description = "Who carries it", priority = 1),
    printcolumn(name = "Tracking", type_ = "string", json_path = ".status.order.tracking", description = "The carrier's number", priority = 1),
    validation = Rule::new(
        "!(has(oldSelf.status) && has(oldSelf.status.order) && oldSelf.status.order.outcome in ['Open', 'Unknown', 'Accepted']) || (self.spec.delivery == oldSelf.spec.delivery && has(self.spec.recipient) == has(oldSelf.spec.recipient) && (!has(self.spec.recipient) || self.spec.recipient == oldSelf.spec.recipient) && has(self.spec.address) == has(oldSelf.spec.address) && (!has(self.spec.address) || self.spec.address == oldSelf.spec.address))"
    ).message("spec.recipient, spec.address and spec.delivery are fixed because the order is placed; change it in the YubiEnterprise Console"),
)]
#[x_kube(
    validation = Rule::new("self.connectionRef == oldSelf.connectionRef").message("spec.connectionRef cannot change, it names the organizations the key belongs to; delete this shipment and declare another"),
    validation = Rule::new("self.userRef == oldSelf.userRef").message("spec.userRef cannot change, the key is enrolled for one person; delete this shipment and declare another"),
    validation = Rule::new("self.key == oldSelf.key").message("spec.key cannot change once declared; delete this shipment and declare another"),
    validation = Rule::new("!has(self.existingKeyPolicy) || self.existingKeyPolicy != 'OrderAnother' || has(self.existingKeyBefore)").message("spec.existingKeyPolicy OrderAnother needs spec.existingKeyBefore, the time before which existing keys are overlooked; set it to the present time")
)]
#[serde(rename_all = "camelCase")]
pub struct YubiKeyShipmentSpec {
    /// The `YubiKeyConnection` to order with. Left out: the connection named `default`. Cannot change.
    #[serde(default)]
    pub connection_ref: ConnectionRef,

    /// Who gets the key: exactly one of `login` and `id`. Cannot change.
    pub user_ref: UserRef,

    /// Which key: a `model` of the connection, or all three ids. Cannot change.
    pub key: KeyRef,

    /// How fast it travels. Fixed once the order is marked.
    #[serde(default)]
    pub delivery: Delivery,

    /// Overrides of the profile's recipient data, for exceptions only; the connection's
    /// `policy.recipientOverride` must allow it. Fixed once the order is marked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<RecipientOverride>,

    /// An address instead of the profile's, all or nothing, for exceptions only; the connection's
    /// `policy.addressOverride` must allow it. Fixed once the order is marked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressOverride>,

    /// When the credential becomes able to sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,

    /// When Okta mails the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,

    /// What to do if the person has a pre-registered key already. Left out: the connection's, else Hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_key_policy: Option<ExistingKeyPolicy>,

    /// RFC 3339 time. With `OrderAnother` only keys enrolled before it are overlooked, and ordering waits until
    /// it has passed; so a rebuilt cluster finds its own key and stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_key_before: Option<Moment>,

    /// RFC 3339 time. Nothing is ordered after it (Held, `OrderBeforePassed`), what was ordered is followed:
    /// the one fence that lives in Git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_before: Option<Moment>,

    /// What happens to the order when this resource is deleted. Left out: the connection's, else Cancel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,

    /// Stops every effect at the vendors, cancelling too, but never reading: parcels are followed and
    /// responses are saved.
    #[serde(default)]
    pub suspend: bool,
}

/// Names a connection.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct ConnectionRef {
    /// Name of a `YubiKeyConnection`.
    #[serde(default = "default_connection")]
    #[schemars(schema_with = "crate::schema::connection_name")]
    pub name: String,
}

fn default_connection() -> String {
    DEFAULT_CONNECTION.to_owned()
}

impl Default for ConnectionRef {
    fn default() -> Self {
        Self { name: default_connection() }
    }
}

/// Names an Okta user.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.login) != has(self.id)").message("spec.userRef takes exactly one of login and id; remove the other or add one"))]
pub struct UserRef {
    /// Okta login, usually an e-mail address. It may be given to another person later: prefer `id` in
    /// manifests that live long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 5, max = 100))]
    pub login: Option<String>,
    /// Okta user id (`00u…`), which never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::okta_id")]
    pub id: Option<String>,
}

/// Names a key model.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.model) ? !(has(self.productId) || has(self.inventoryProductId) || has(self.customizationId)) : (has(self.productId) && has(self.inventoryProductId) && has(self.customizationId))").message("spec.key takes either model or all of productId, inventoryProductId and customizationId; give one form whole"))]
pub struct KeyRef {
    /// Name of an entry of the connection's `keys`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub model: Option<String>,
    /// Yubico's id of the model, e.g. 29 for the `YubiKey` 5C NFC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub product_id: Option<u32>,
    /// Yubico's id of the bucket of credits (subscription id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub inventory_product_id: Option<u32>,
    /// Yubico's id of the organization's customization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub customization_id: Option<String>,
}

/// How fast a parcel travels.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// The normal way.
    #[default]
    Standard,
    /// Faster, at a price.
    Expedited,
}

/// Recipient data in place of the Okta profile's.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.firstName) || self.firstName.size() <= 15").message("spec.recipient.firstName has at most 15 characters at YubiEnterprise; give a shorter form"),
    validation = Rule::new("!has(self.lastName) || self.lastName.size() <= 20").message("spec.recipient.lastName has at most 20 characters at YubiEnterprise; give a shorter form"),
    validation = Rule::new("!has(self.company) || self.company.size() <= 20").message("spec.recipient.company has at most 20 characters at YubiEnterprise; give a shorter form"),
    validation = Rule::new("!has(self.email) || self.email.size() <= 80").message("spec.recipient.email has at most 80 characters at YubiEnterprise; use another address"),
    validation = Rule::new("!has(self.phone) || self.phone.matches('^[0-9+() -]+$')").message("spec.recipient.phone may hold only digits, spaces and + - ( ); remove other characters")
)]
pub struct RecipientOverride {
    /// First name, at most 15 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub first_name: Option<String>,
    /// Last name, at most 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub last_name: Option<String>,
    /// Company, at most 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub company: Option<String>,
    /// E-mail address for the carrier, at most 80 characters. The PIN never goes here: Okta mails it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 255))]
    pub email: Option<String>,
    /// Phone number, at most 40 characters of digits, spaces and `+-()`; 255 in India.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub phone: Option<String>,
}

/// An address in place of the Okta profile's, all or nothing.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.line1) && has(self.city) && has(self.postalCode) && has(self.countryCode)) || !(has(self.line1) || has(self.line2) || has(self.city) || has(self.region) || has(self.postalCode) || has(self.countryCode))").message("spec.address is all or nothing, so that two addresses are never mixed; give line1, city, postalCode and countryCode together, or none"),
    validation = Rule::new("!has(self.countryCode) || !(self.countryCode in ['US', 'CA']) || (has(self.region) && self.region.matches('^[A-Z]{2}$'))").message("spec.address.region must be the two-letter state or province code for US and CA; add it, e.g. MA"),
    validation = Rule::new("!has(self.line1) || self.line1.size() <= 60").message("spec.address.line1 has at most 60 characters at YubiEnterprise; move a part to line2"),
    validation = Rule::new("!has(self.line2) || self.line2.size() <= 60").message("spec.address.line2 has at most 60 characters at YubiEnterprise; shorten it"),
    validation = Rule::new("!has(self.city) || self.city.size() <= 60").message("spec.address.city has at most 60 characters at YubiEnterprise; shorten it"),
    validation = Rule::new("!has(self.region) || self.region.size() <= 50").message("spec.address.region has at most 50 characters at YubiEnterprise; shorten it"),
    validation = Rule::new("!has(self.postalCode) || self.postalCode.size() <= 20").message("spec.address.postalCode has at most 20 characters at YubiEnterprise; correct it")
)]
pub struct AddressOverride {
    /// Street and number, at most 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub line1: Option<String>,
    /// Apartment or unit, at most 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub line2: Option<String>,
    /// City, at most 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub city: Option<String>,
    /// State, province or territory: two letters in US and CA, else at most 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub region: Option<String>,
    /// Postal code, at most 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2 country code in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::country")]
    pub country_code: Option<String>,
}

/// When the credential becomes able to sign in.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Activation {
    /// The gate: `Delivery` (a parcel in transit is not a live credential), `Shipment`, or `Approval` by a
    /// person. Left out: the connection's, else Delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ActivationGate>,
    /// With `Delivery`: how long after shipping the carrier may stay silent, in Gateway API form, e.g. `336h`.
    /// Left out: the connection's, else 336h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::duration")]
    pub delivery_timeout: Option<String>,
    /// What happens then: `Hold` for a person, or `Activate`. Left out: the connection's, else Hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<OnTimeout>,
}

/// What activation waits for: `Delivery` (a parcel in transit is not a live credential), `Shipment`, or `Approval` by a
/// person. Where neither shipment nor connection says: `Delivery`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationGate {
    /// The parcel is delivered.
    Delivery,
    /// The parcel is in transit.
    Shipment,
    /// A person approves.
    Approval,
}

/// What happens to a parcel that is never reported as delivered: `Hold` for a person, or `Activate`. Where neither
/// shipment nor connection says: `Hold`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// A person decides.
    Hold,
    /// The credential is activated all the same.
    Activate,
}

/// When Okta mails the PIN.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Pin {
    /// The gate: with the `Activation`, after the `Delivery`, or after the `Approval` of a person. Left out:
    /// the connection's, else Activation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<PinGate>,
}

/// What the PIN mail waits for, never earlier than the activation: nothing more (`Activation`), the `Delivery`, or the
/// `Approval` of a person. Where neither shipment nor connection says: `Activation`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinGate {
    /// Nothing more: it is mailed as soon as the key is activated.
    Activation,
    /// The parcel is delivered.
    Delivery,
    /// A person approves.
    Approval,
}

/// What to do if the person has a pre-registered key already: `Hold` for a person, `Adopt` it if there is exactly one
/// with one order, or `OrderAnother` beside keys enrolled before `existingKeyBefore`. Where neither shipment nor
/// connection says: `Hold`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingKeyPolicy {
    /// A person decides.
    Hold,
    /// Take over the enrolment and its order, if there is exactly one of each.
    Adopt,
    /// Overlook keys enrolled before `existingKeyBefore` and order another.
    OrderAnother,
}

/// What happens at the vendors when the resource is deleted. `Cancel`: the order is cancelled while that is possible,
/// and the pending enrolment discarded. `Orphan`: everything stays as it is. `Revoke`: as `Cancel`, and an active
/// credential is removed too. Where neither shipment nor connection says: `Cancel`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// Cancel the order while that is possible and discard the pending enrolment.
    Cancel,
    /// Let go at once and leave everything as it is.
    Orphan,
    /// As Cancel, and remove an active credential too; the connection's `policy.revoke` must allow it.
    Revoke,
}
