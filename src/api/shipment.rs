//! `YubiKeyShipment`: this person gets a key.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DEFAULT_CONNECTION;

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
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].message", description = "What happened and what to do next", priority = 1),
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
    #[schemars(length(max = 64))]
    pub existing_key_before: Option<Time>,

    /// RFC 3339 time. Nothing is ordered after it (Held, `OrderBeforePassed`), what was ordered is followed:
    /// the one fence that lives in Git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub order_before: Option<Time>,

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
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
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
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
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
    #[schemars(length(min = 2, max = 2), regex(pattern = r"^[A-Z]{2}$"))]
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
    #[schemars(schema_with = "super::schema::duration")]
    pub delivery_timeout: Option<String>,
    /// What happens then: `Hold` for a person, or `Activate`. Left out: the connection's, else Hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<OnTimeout>,
}

/// What activation waits for.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationGate {
    /// The parcel is delivered.
    Delivery,
    /// The parcel is in transit.
    Shipment,
    /// A person approves.
    Approval,
}

/// What happens to a parcel that is never reported as delivered.
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

/// What the PIN mail waits for; never earlier than the activation.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinGate {
    /// Nothing more.
    Activation,
    /// The parcel is delivered.
    Delivery,
    /// A person approves.
    Approval,
}

/// What to do if the person has a pre-registered key already.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingKeyPolicy {
    /// A person decides.
    Hold,
    /// Take over the enrolment and its order, if there is exactly one of each.
    Adopt,
    /// Overlook keys enrolled before `existingKeyBefore` and order another.
    OrderAnother,
}

/// What happens at the vendors when the resource is deleted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// Cancel the order while that is possible and discard the pending enrolment.
    Cancel,
    /// Let go at once and leave everything as it is.
    Orphan,
    /// As Cancel, and remove an active credential too; the connection's `policy.revoke` must allow it.
    Revoke,
}

/// What the operator intended, did and saw. The vendors hold the truth about the world.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct YubiKeyShipmentStatus {
    /// Generation of the spec that this status speaks of; -1 before the first pass.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,
    /// Last `fidoprereg.dev/requestedAt` that was answered by a look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Where the shipment is, for the eye; the conditions are the truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Ready, Reconciling and Stalled as kstatus reads them; Enrolled, Ordered, Shipped, Delivered, Activated
    /// and `PinSent` for the steps of the road.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// What the columns show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Display>,
    /// Okta user id the key is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The organizations the key was ordered under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<Org>,
    /// The pre-registration at Okta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment: Option<EnrollmentStatus>,
    /// The order at `YubiEnterprise`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderStatus>,
    /// The key in the parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyStatus>,
    /// Yubico's sealed answers; kept only until the credential is activated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<ResponsesStatus>,
    /// The PIN mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinStatus>,
    /// What waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldStatus>,
    /// First time of each step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// The failure of the last pass, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureStatus>,
}

const fn never_observed() -> i64 {
    -1
}

/// Phases for the eye; code never reads them.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Declared.
    Pending,
    /// The enrolment exists at Okta.
    Enrolled,
    /// `YubiEnterprise` accepted the order.
    Ordered,
    /// In transit.
    Shipped,
    /// Delivered.
    Delivered,
    /// Able to sign in.
    Activated,
    /// Waits for a person.
    Held,
    /// Ended without a key.
    Failed,
    /// Cancelled.
    Cancelled,
}

/// What the columns show.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Display {
    /// Login or id as given in spec.
    pub user: String,
    /// Model as given in spec, or the product id.
    pub key: String,
}

/// Ids of the two organizations, as far as the vendors name them.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Org {
    /// Okta organization id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta: Option<String>,
    /// `YubiEnterprise` organization id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yubico: Option<String>,
}

/// What stands at Okta, as far as we know.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EnrollmentStatus {
    /// Number of the attempt; counts up.
    pub attempt: u32,
    /// What became of it.
    pub outcome: EnrollmentOutcome,
    /// Written before the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<EnrollMark>,
    /// Written before the enrolment is discarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discard_mark: Option<MicroTime>,
    /// Id of the pre-registered factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Key pair at Okta that opens the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Hosts the credential is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rp_ids: Vec<String>,
    /// When it was made; its requests leave within 15 minutes of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<MicroTime>,
    /// Okta's sealed requests, kept until the order is placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<RequestsStatus>,
    /// Set once Okta was told that the order failed for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked_error: Option<bool>,
}

/// What became of an enrolment attempt.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrollmentOutcome {
    /// Marked; the answer is not known.
    Open,
    /// Nothing was made.
    Refused,
    /// It exists.
    Made,
    /// We removed it.
    Discarded,
}

/// Mark of an enrolment.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EnrollMark {
    /// Our clock.
    pub at: MicroTime,
    /// Okta's clock at the look before.
    pub okta_time: MicroTime,
    /// Enrolments that the look showed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
}

/// Sealed requests.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct RequestsStatus {
    /// PIN request.
    #[schemars(length(max = 65536))]
    pub pin: String,
    /// Credential request.
    #[schemars(length(max = 65536))]
    pub credential: String,
}

/// What stands at `YubiEnterprise`, as far as we know.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct OrderStatus {
    /// Number of the attempt; counts up.
    pub attempt: u32,
    /// What became of it.
    pub outcome: OrderOutcome,
    /// Written before the call.
    pub mark: MicroTime,
    /// Whether a refused order may be sent again with the same enrolment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// Generation of the spec that was refused; a later one starts the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_generation: Option<i64>,
    /// Id of the shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<String>,
    /// Its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateStatus>,
    /// When `YubiEnterprise` accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<MicroTime>,
    /// When `YubiEnterprise` took our cancellation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_accepted_at: Option<MicroTime>,
    /// Set when it was too late to cancel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_refused: Option<bool>,
    /// Since when `YubiEnterprise` no longer shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<MicroTime>,
    /// Set once it was missing twice, an hour apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_confirmed: Option<bool>,
    /// Set once the order was seen failed; if the parcel turns up after all, a person decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<bool>,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
}

/// What became of an order attempt.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderOutcome {
    /// Marked; the answer is not known yet.
    Open,
    /// No readable answer; it may have been accepted.
    Unknown,
    /// Definitely not accepted.
    Refused,
    /// Accepted.
    Accepted,
    /// Certainly gone.
    Cancelled,
}

/// State of an order.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct StateStatus {
    /// Yubico's number.
    pub id: u32,
    /// What it means.
    pub name: String,
    /// Since when we see it.
    pub since: MicroTime,
}

/// The key in the parcel.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct KeyStatus {
    /// Serial number.
    pub serial: String,
    /// Firmware version.
    pub firmware: String,
}

/// Sealed responses.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResponsesStatus {
    /// PIN response.
    #[schemars(length(max = 65536))]
    pub pin: String,
    /// Credential response.
    #[schemars(length(max = 65536))]
    pub credential: String,
    /// Enrolment key that the credential response names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Key ids of the signing keys that Yubico published when the responses were first seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<SigningKey>,
}

/// A public key of Yubico.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct SigningKey {
    /// Key id.
    pub kid: String,
    /// P-384 coordinate, base64url.
    pub x: String,
    /// P-384 coordinate, base64url.
    pub y: String,
}

/// The PIN mail.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct PinStatus {
    /// Number of the mail; a request to send it again names it.
    pub id: u32,
    /// Written before Okta is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MicroTime>,
    /// When Okta was asked, the last three.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mails: Vec<MicroTime>,
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
    /// What a person can answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// First time of each step.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// Enrolled at Okta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolled: Option<MicroTime>,
    /// Ordered at `YubiEnterprise`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<MicroTime>,
    /// First seen in transit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped: Option<MicroTime>,
    /// First seen delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<MicroTime>,
    /// Activated at Okta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated: Option<MicroTime>,
    /// Okta accepted to mail the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_sent: Option<MicroTime>,
}

/// A failed pass.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct FailureStatus {
    /// Why.
    pub reason: String,
    /// What happened, to which field, what to do.
    pub message: String,
    /// Since when.
    pub since: MicroTime,
    /// How often in a row, as far as the delay between tries still grows.
    pub count: u32,
}
