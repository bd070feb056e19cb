//! Status of a shipment: the journal in the wire's form, and what people and tools read.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::questions::{Answered, DecisionRecord, HoldStatus};

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
    /// and `PinSent` for the steps of the road; `InUse` once it is known whether the person uses the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Message of Ready, shortened to one line of at most 120 characters for the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
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
    /// What a person's answers asked for, as far as it is still to be done or stays approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
    /// The last five decisions that were answered to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<DecisionRecord>,
    /// What waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldStatus>,
    /// First time of each step (UTC); states may go back, these never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// The failure of the last pass, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureStatus>,
}

/// Condition: has the person signed in with the key?
pub const IN_USE: &str = "InUse";

const fn never_observed() -> i64 {
    -1
}

/// Where the shipment is, for the eye; the conditions are the truth.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Declared; no enrolment is known at Okta yet.
    Pending,
    /// The enrolment exists at Okta.
    Enrolled,
    /// `YubiEnterprise` accepted the order.
    Ordered,
    /// In transit: `YubiEnterprise` showed state 103.
    Shipped,
    /// `YubiEnterprise` shows state 104; the key is not activated yet.
    Delivered,
    /// Able to sign in.
    Activated,
    /// Waits for a person.
    Held,
    /// Ended without a key.
    Failed,
    /// The order is certainly gone, or a person gave up before there was one.
    Cancelled,
}

impl Phase {
    /// Every phase, in the order of the road.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Enrolled,
        Self::Ordered,
        Self::Shipped,
        Self::Delivered,
        Self::Activated,
        Self::Held,
        Self::Failed,
        Self::Cancelled,
    ];

    /// As the status shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Enrolled => "Enrolled",
            Self::Ordered => "Ordered",
            Self::Shipped => "Shipped",
            Self::Delivered => "Delivered",
            Self::Activated => "Activated",
            Self::Held => "Held",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// What the columns show.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Display {
    /// Login, where the connection's `policy.showLogin` allows it; else the Okta user id.
    pub user: String,
    /// Model as given in spec, or the product id.
    pub key: String,
}

/// Ids of the two organizations, as far as the vendors name them.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Org {
    /// `id` of Okta's `/.well-known/okta-organization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta: Option<String>,
    /// `organization_id` of `YubiEnterprise`'s inventory; absent where it shows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yubico: Option<String>,
}

/// What stands at Okta, as far as we know.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EnrollmentStatus {
    /// Number of the attempt; counts up.
    pub attempt: u32,
    /// What became of it; `Open` as long as Okta's answer is not known.
    pub outcome: EnrollmentOutcome,
    /// Written before the call; gone once the attempt was refused or discarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<EnrollMark>,
    /// Written before the enrolment is discarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discard_mark: Option<MicroTime>,
    /// Id of the pre-registered factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Key pair at Okta that opens the answer; not known of an enrolment that was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Hosts the credential is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rp_ids: Vec<String>,
    /// When it was made (UTC); its requests leave within 15 minutes of this.
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
    /// It exists at Okta; `id`, `rpIds` and `createdAt` are set.
    Made,
    /// We removed it.
    Discarded,
}

/// Mark of an enrolment.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EnrollMark {
    /// When it was written, by our clock (UTC).
    pub at: MicroTime,
    /// Okta's clock at the look before (UTC).
    pub okta_time: MicroTime,
    /// Enrolments that the look showed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
}

/// Okta's sealed requests to Yubico: compact JWEs that only Yubico can open.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct RequestsStatus {
    /// Okta's `pinRequestJwe`, at most 64 KiB.
    #[schemars(length(max = 65536))]
    pub pin: String,
    /// Okta's `credRequestJwe`, at most 64 KiB.
    #[schemars(length(max = 65536))]
    pub credential: String,
}

/// What stands at `YubiEnterprise`, as far as we know.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct OrderStatus {
    /// Number of the attempt; counts up.
    pub attempt: u32,
    /// What became of it; `Open` and `Unknown`: it may have been accepted, and is not sent again.
    pub outcome: OrderOutcome,
    /// Written before the order is sent (UTC).
    pub mark: MicroTime,
    /// Whether a refused order may be sent again with the same enrolment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// Generation of the spec that was refused; a later one starts the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_generation: Option<i64>,
    /// Its id at `YubiEnterprise`; absent until it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<String>,
    /// Its state; absent as long as only states inside the warehouse were seen, which are not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateStatus>,
    /// When `YubiEnterprise` accepted it (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<MicroTime>,
    /// When `YubiEnterprise` took our cancellation (UTC); the order is gone once it answers 404.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_accepted_at: Option<MicroTime>,
    /// Set when it was too late to cancel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_refused: Option<bool>,
    /// Since when `YubiEnterprise` no longer shows it (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<MicroTime>,
    /// Set once it was missing twice, an hour apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_confirmed: Option<bool>,
    /// Set once the order was seen failed; if the parcel turns up after all, a person decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<bool>,
    /// Set for an order that was taken over without a person's answer; a deletion leaves it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,
    /// HTTP status of the web page that came in place of an answer, while the outcome is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_page_status: Option<u16>,
    /// Who carries it, e.g. `UPS`; absent where `YubiEnterprise` shows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's tracking number; absent where `YubiEnterprise` shows none.
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
    /// Accepted; `shipmentId` is set.
    Accepted,
    /// Certainly gone: `YubiEnterprise` took our cancellation and then answered 404, or a person said so.
    Cancelled,
}

/// State of an order.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct StateStatus {
    /// Yubico's number, e.g. 103 in transit, 104 delivered; docs/reasons.md tells what follows from which.
    pub id: u32,
    /// Our name for it, e.g. `Shipped`; `Unknown` for a number that this version does not know.
    pub name: String,
    /// Since when we see it (UTC).
    pub since: MicroTime,
}

/// The key in the parcel.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct KeyStatus {
    /// Serial number of the `YubiKey`, as `YubiEnterprise` shows it from shipping on.
    pub serial: String,
    /// Firmware version, e.g. `5.7.1`.
    pub firmware: String,
}

/// Yubico's sealed responses: compact JWEs for Okta; cleared once the credential is activated.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResponsesStatus {
    /// PIN response, at most 64 KiB.
    #[schemars(length(max = 65536))]
    pub pin: String,
    /// Credential response, at most 64 KiB.
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
    /// The `kid` under which Yubico publishes it.
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
    /// When Okta was asked (UTC), the last three; at most three a day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mails: Vec<MicroTime>,
    /// A person asked for another mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend: Option<bool>,
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
    /// First seen used: the person has signed in with the key, within the time since the look before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<MicroTime>,
}

/// A failed pass.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct FailureStatus {
    /// One word, the same as in conditions, Events and metrics; docs/reasons.md tells what each means.
    pub reason: String,
    /// What happened, to which field, what to do.
    pub message: String,
    /// Since when passes fail with this reason and message (UTC).
    pub since: MicroTime,
    /// How often in a row, as far as the delay between tries still grows.
    pub count: u32,
}
