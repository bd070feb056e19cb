//! `YubiKeyConnection`: one Okta org and one `YubiEnterprise` organization.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::calls::{Calls, FirstUse, Polling};
pub use super::policy::{
    KeyChoice, LetGo, MOST_LET_GO, OktaGroupSources, Permission, Policy, RecipientScript, Sources, UserGroups,
};
pub use super::recipient::{HttpRecipientSource, RecipientDefaults, RecipientMapping, RecipientSource};
use super::shipment::{Activation, DeletionPolicy, Pin};

/// How to reach the two vendors, and what shipments may do with it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "fidoprereg.dev",
    version = "v1alpha1",
    kind = "YubiKeyConnection",
    plural = "yubikeyconnections",
    shortname = "ykc",
    category = "yubikeys",
    status = "YubiKeyConnectionStatus",
    derive = "PartialEq",
    doc = "One Okta org and one YubiEnterprise organization, with the rules for the shipments that use them. Credentials are files that the operator mounts, never part of this resource.",
    printcolumn(name = "Okta", type_ = "string", json_path = ".spec.okta.orgUrl", description = "The Okta org"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status", description = "Can it be used"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", description = "Why"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "Since when it is declared"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.summary", description = "What was found and how to mend it", priority = 1),
    validation = Rule::new("self.metadata.name.size() <= 63").message("metadata.name has at most 63 characters, because it names a directory of credentials and is a label; choose a shorter name"),
)]
#[x_kube(
    validation = Rule::new("(has(self.allowInsecureLoopback) && self.allowInsecureLoopback) || [self.okta.orgUrl, self.yubico.apiUrl, self.yubico.transportKeysUrl, self.yubico.signingKeysUrl].all(u, u.startsWith('https://'))").message("spec: every URL must begin with https://, because tokens travel there; plain http is for loopback only, with spec.allowInsecureLoopback"),
    validation = Rule::new("(has(self.allowInsecureLoopback) && self.allowInsecureLoopback) || !has(self.recipientSource) || self.recipientSource.http.url.startsWith('https://')").message("spec.recipientSource.http.url must begin with https://, because addresses and a token travel there; plain http is for loopback only, with spec.allowInsecureLoopback"),
    validation = Rule::new("!has(self.keys) || self.keys.all(k, self.keys.exists_one(o, o.name == k.name))").message("spec.keys: each name may stand once; rename or remove the double one")
)]
#[serde(rename_all = "camelCase")]
pub struct YubiKeyConnectionSpec {
    /// The Okta org.
    pub okta: Okta,
    /// The `YubiEnterprise` organization. US/Canada and EMEA are separate organizations: one connection each.
    pub yubico: Yubico,
    /// Key models that shipments may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub keys: Vec<KeyModel>,
    /// Recipient field to Okta profile attribute, where it differs from the default. Custom attributes and
    /// profiles mastered by an HRIS count too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_mapping: Option<RecipientMapping>,
    /// What is ordered with where a person's profile says nothing. A shipment's own recipient still wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_defaults: Option<RecipientDefaults>,
    /// Where recipient data comes from besides the Okta profile, for an organization whose HRIS does not master that
    /// profile. What it says wins over the profile; a shipment's own recipient and address win over both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_source: Option<RecipientSource>,
    /// When `YubiEnterprise` is asked about an order.
    #[serde(default)]
    pub polling: Polling,
    /// Time limits of calls.
    #[serde(default)]
    pub calls: Calls,
    /// Namespaces whose shipments may use this connection. Required: nobody is admitted by accident.
    pub allowed_namespaces: AllowedNamespaces,
    /// What shipments may do beyond the default. Closed by default, because whoever may create a shipment could
    /// otherwise send another person's key to any street.
    #[serde(default)]
    pub policy: Policy,
    /// The one cluster that may order: the uid of its `kube-system` namespace, so that another cluster only reads, or
    /// `ThisCluster`, the promise that no other cluster holds this connection. `none` stops ordering everywhere. Left
    /// out: every cluster may order, and an enrolment whose answer is lost waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub ordering_cluster: Option<String>,
    /// Admits plain http to loopback addresses, for tests.
    #[serde(default)]
    pub allow_insecure_loopback: bool,
    /// What shipments get that leave a field out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Defaults>,
}

/// The Okta org.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!self.orgUrl.matches('^https?://[^/:]+-admin\\\\.')").message("spec.okta.orgUrl must be the org's own URL, not the Admin Console's; remove -admin from the host"))]
pub struct Okta {
    /// Full URL of the org, port and path as given, e.g. `https://acme.okta.com`.
    #[schemars(schema_with = "crate::schema::url")]
    pub org_url: String,
    /// Host name of the custom domain people sign in at, if there is one, e.g. `login.acme.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::host")]
    pub sign_in_host: Option<String>,
    /// `WebAuthn` relying party id the keys are made for. Left out: the authenticator's, else `signInHost`, else
    /// the org's host. A key of one RP id does not work under another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::host")]
    pub rp_id: Option<String>,
    /// How the operator shows who it is.
    pub auth: OktaAuth,
    /// Share of each of Okta's rate limits that the operator may use, in percent; the rest is left to other programs.
    /// Okta reports the limits with each answer, and from there on calls wait for the next minute.
    #[serde(default = "rate_limit_share")]
    #[schemars(range(min = 1, max = 100))]
    pub rate_limit_share: u32,
}

const fn rate_limit_share() -> u32 {
    50
}

/// Exactly one way to authenticate at Okta.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.privateKeyJwt) != has(self.apiToken)").message("spec.okta.auth takes exactly one of privateKeyJwt and apiToken; remove the other or add one"))]
pub struct OktaAuth {
    /// OAuth service app. The private key is the file `okta-private-key` (PEM or JWK) of the connection's
    /// credentials directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key_jwt: Option<PrivateKeyJwt>,
    /// SSWS token, the file `okta-api-token`. It dies with the admin who made it: prefer `privateKeyJwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_token: Option<ApiToken>,
}

/// OAuth service app with `private_key_jwt`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PrivateKeyJwt {
    /// Client id of the API Services app (`0oa…`).
    #[schemars(length(min = 1, max = 128))]
    pub client_id: String,
    /// `kid` of the public key registered with the app.
    #[schemars(length(min = 1, max = 255))]
    pub key_id: String,
    /// Signature algorithm that fits the key.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// Whether tokens are bound to a key of this process (`DPoP`). `Auto` takes what the app demands.
    #[serde(default)]
    pub dpop: Dpop,
}

/// JWS algorithms that Okta takes for client assertions.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    RS256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RS384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RS512,
    /// ECDSA on P-256.
    #[default]
    ES256,
    /// ECDSA on P-384.
    ES384,
    /// ECDSA on P-521.
    ES512,
}

/// Proof of possession of tokens.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dpop {
    /// A proof goes with the first token request; Okta's answer tells whether the app binds tokens.
    #[default]
    Auto,
    /// Only bound tokens are taken.
    Always,
    /// No proof is sent: for an app that does not bind tokens.
    Never,
}

/// SSWS token: nothing to set.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct ApiToken {}

/// The `YubiEnterprise` organization. Its API token is the file `yubico-api-token`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Yubico {
    /// Base URL of the API, version included.
    #[serde(default = "api_url")]
    #[schemars(schema_with = "crate::schema::url")]
    pub api_url: String,
    /// JWKS that requests to Yubico are sealed to.
    #[serde(default = "transport_keys_url")]
    #[schemars(schema_with = "crate::schema::url")]
    pub transport_keys_url: String,
    /// JWKS that Yubico's responses are signed with.
    #[serde(default = "signing_keys_url")]
    #[schemars(schema_with = "crate::schema::url")]
    pub signing_keys_url: String,
    /// Countries this organization ships to, ISO 3166-1 alpha-2. Empty: whatever Yubico accepts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::countries")]
    pub countries: Vec<String>,
    /// Who cancels an order: the operator by `API`, or a person in the `Console`. The API's path is not
    /// documented for pre-registered orders.
    #[serde(default)]
    pub cancel_by: CancelBy,
}

fn api_url() -> String {
    "https://api.console.yubico.com/v1".to_owned()
}

fn transport_keys_url() -> String {
    "https://console.yubico.com/.well-known/yubico-transport-keys.jwks".to_owned()
}

fn signing_keys_url() -> String {
    "https://console.yubico.com/.well-known/yubico-sign.jwks".to_owned()
}

/// Who cancels an order.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancelBy {
    /// The operator, by `DELETE`.
    #[default]
    API,
    /// A person, in the `YubiEnterprise` Console.
    Console,
}

/// A key model under a name.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct KeyModel {
    /// Name for `spec.key.model`, e.g. `yubikey-5c-nfc`.
    #[schemars(schema_with = "crate::schema::model_name")]
    pub name: String,
    /// Yubico's id of the model.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub product_id: u32,
    /// Yubico's id of the bucket of credits.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub inventory_product_id: u32,
    /// Yubico's id of the organization's customization.
    #[schemars(length(min = 1, max = 64))]
    pub customization_id: String,
    /// Mark of the stock: fewer keys left than this are told by the condition `StockSufficient` and the alert
    /// `YubiKeyStockLow`. Left out: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub low_stock: Option<u32>,
}

/// Mark of the stock where the model names none.
const LOW_STOCK: u32 = 10;

impl KeyModel {
    /// Fewer keys left than this are too few: for the condition, the metric and the alert alike.
    #[must_use]
    pub fn low_stock(&self) -> u32 {
        self.low_stock.unwrap_or(LOW_STOCK)
    }
}

/// Namespaces whose shipments are admitted.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("(self.from == 'Names') == has(self.names) && (self.from == 'Selector') == has(self.selector)").message("spec.allowedNamespaces: names goes with from: Names and selector with from: Selector; give the one that fits and remove the other"))]
pub struct AllowedNamespaces {
    /// All namespaces, those listed in `names`, or those whose labels fit `selector`.
    pub from: NamespacesFrom,
    /// With `Names`: the namespaces, 1 to 256 of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), inner(length(min = 1, max = 63)))]
    pub names: Option<Vec<String>>,
    /// With `Selector`: labels of the namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// How namespaces are chosen.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespacesFrom {
    /// Every namespace of the cluster; neither `names` nor `selector` is given.
    All,
    /// The namespaces in `names`, 1 to 256 of them.
    Names,
    /// The namespaces whose labels fit `selector`.
    Selector,
}

/// What shipments get that leave a field out.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    /// When the credential becomes able to sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// When Okta mails the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// `Hold` or `Adopt`; `OrderAnother` needs a time and so belongs to a shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_key_policy: Option<DefaultExistingKeyPolicy>,
    /// What happens to the order when a shipment is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
}

/// What a connection may set for existing keys: `Hold` for a person, or `Adopt` the enrolment and its order.
/// `OrderAnother` needs a time and so belongs to a shipment.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultExistingKeyPolicy {
    /// A person decides.
    Hold,
    /// Take over the enrolment and its order.
    Adopt,
}

/// What preflight found.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct YubiKeyConnectionStatus {
    /// Generation of the spec that this status speaks of; -1 before the first pass.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,
    /// Last `fidoprereg.dev/requestedAt` that was answered by a look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Ready, `CredentialsExpiring`, and one for each check of preflight, True where it is as wanted; each message says
    /// what was found, what is wanted, and where it is changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Message of Ready, shortened to one line of at most 120 characters for the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// `id` of Okta's `/.well-known/okta-organization`; absent until it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta_organization: Option<String>,
    /// `organization_id` of `YubiEnterprise`'s inventory; absent until it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yubico_organization: Option<String>,
    /// RP id that keys are made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rp_id: Option<String>,
    /// This cluster's id for `spec.orderingCluster`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Orders that were under way when their shipment was let go. Each counts against `policy.maxOpenOrders` of its
    /// namespace until 30 days after that day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_LET_GO))]
    pub let_go: Vec<LetGo>,
}

const fn never_observed() -> i64 {
    -1
}
