//! What preflight reads, in words of the domain. Whatever cannot be read has a place: unknown is no alarm.

use jiff::SignedDuration;

use crate::{
    failure::Failure,
    ids::RpId,
    vendor_states::{Inventory, PublicKey},
};

/// Something that may not have been shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Shown<T> {
    /// As it was last seen.
    Observed(T),
    /// It may not be looked at: this scope is not granted.
    Hidden(&'static str),
    /// The vendor has nothing there.
    Missing,
    /// It was not looked for yet, because of something else.
    #[default]
    NotAsked,
}

impl<T> Shown<T> {
    /// What was seen.
    #[must_use]
    pub const fn seen(&self) -> Option<&T> {
        match self {
            Self::Observed(value) => Some(value),
            Self::Hidden(_) | Self::Missing | Self::NotAsked => None,
        }
    }

    /// The same of something that was shown with it.
    #[must_use]
    pub fn and_then<U>(&self, part: impl FnOnce(&T) -> Shown<U>) -> Shown<U> {
        match self {
            Self::Observed(value) => part(value),
            Self::Hidden(scope) => Shown::Hidden(scope),
            Self::Missing => Shown::Missing,
            Self::NotAsked => Shown::NotAsked,
        }
    }
}

/// Okta's two products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// `idx`: Identity Engine, the one with pre-registration.
    Identity,
    /// `v1`: Classic Engine.
    Classic,
    /// Another `pipeline`, or none.
    Other,
}

/// The `WebAuthn` authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authenticator {
    /// The org has none.
    Absent,
    /// It is there, and not active.
    Inactive,
    /// It is active.
    Active,
}

/// Settings of the authenticator's method `webauthn`. Okta adds values without notice, so texts stay texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Method {
    /// `userVerification`: DISCOURAGED, PREFERRED, REQUIRED; at the enrolment.
    pub user_verification: Option<String>,
    /// The same when signing in.
    pub user_verification_for_verify: Option<String>,
    /// ANY, `BUILT_IN`, ROAMING.
    pub attachment: Option<String>,
    /// `fipsCompliant`: only FIPS models are admitted.
    pub fips_only: bool,
    /// `aaguidGroups`: name and AAGUIDs.
    pub aaguid_groups: Vec<(String, Vec<String>)>,
    /// The RP id, if one is switched on.
    pub rp_id: Option<RpId>,
}

/// A custom domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Host name, in lower case.
    pub host: String,
    /// COMPLETED or VERIFIED.
    pub verified: bool,
}

/// An active authenticator enrolment policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentPolicy {
    /// `enroll.self` of `webauthn`: REQUIRED, OPTIONAL, `NOT_ALLOWED`; absent if the policy does not name it.
    pub webauthn: Option<String>,
    /// Names of the AAGUID groups that it admits; empty: all.
    pub aaguid_groups: Vec<String>,
    /// Its settings are of the kind AUTHENTICATORS; older ones say nothing about authenticators.
    pub by_authenticator: bool,
}

/// An active rule of an active global session policy that lets people in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRule {
    /// `primaryFactor`; anything but `PASSWORD_IDP_ANY_FACTOR` demands a password first.
    pub primary_factor: Option<String>,
    /// `requireFactor`: a second factor is required.
    pub require_factor: bool,
    /// `factorPromptMode`; ALWAYS asks at every sign-in.
    pub prompt_mode: Option<String>,
}

/// What a published set of keys holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySet {
    /// At least one can be used.
    Usable(Vec<PublicKey>),
    /// Not a single key.
    Empty,
    /// Keys, of which none is a whole public key on P-384.
    AnotherCurve,
}

/// All that was read of Okta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OktaFacts {
    /// Whether Okta answers and takes the credentials.
    pub access: Shown<Result<(), Failure>>,
    /// Whether the scopes of orders are granted, as last told.
    pub scopes: Shown<Result<(), Failure>>,
    /// Okta's clock minus ours.
    pub clock_skew: Shown<SignedDuration>,
    /// Identity Engine or not.
    pub engine: Shown<Engine>,
    /// Whether the app's role covers a person, as last tried; `Missing`: there is no person.
    pub role: Shown<Result<(), Failure>>,
    /// Whether a person's pre-registered keys can be listed, as last tried; `Missing`: there is no person.
    pub feature: Shown<Result<(), Failure>>,
    /// The authenticator FIDO2 (`WebAuthn`).
    pub authenticator: Shown<Authenticator>,
    /// Settings of its method `webauthn`.
    pub method: Shown<Method>,
    /// The org's custom domains; people may sign in at one of them.
    pub domains: Shown<Vec<Domain>>,
    /// Active enrolment policies, by priority.
    pub enrollment_policies: Shown<Vec<EnrollmentPolicy>>,
    /// Active rules that let people in.
    pub session_rules: Shown<Vec<SessionRule>>,
    /// Pre-registered keys that followed the Admin Console's Add and that no shipment has.
    pub strangers: Shown<usize>,
}

/// All that was read of `YubiEnterprise`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YubicoFacts {
    /// Whether it answers and takes the token.
    pub access: Shown<Result<(), Failure>>,
    /// The stock, with the organization that the token belongs to.
    pub inventory: Shown<Inventory>,
    /// Ids of all products.
    pub products: Shown<Vec<u32>>,
    /// Two-letter codes of the countries it ships to. Stock, products and these are those of an organization of the
    /// connection's region, as last seen.
    pub countries: Shown<Vec<String>>,
    /// The countries that the organization of the token ships to, whatever its region.
    pub countries_of_token: Shown<Vec<String>>,
    /// What requests are sealed to.
    pub transport_keys: Shown<Result<KeySet, Failure>>,
    /// What responses are signed with.
    pub signing_keys: Shown<Result<KeySet, Failure>>,
}

/// A key model as the connection declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Name for `spec.key.model`.
    pub name: String,
    /// Yubico's id of the model.
    pub product_id: u32,
    /// Yubico's id of the bucket of credits.
    pub inventory_product_id: u32,
    /// Yubico's id of the customization.
    pub customization_id: String,
    /// Mark of the stock: fewer keys than this are told.
    pub low_stock: u32,
    /// How the last orders of this model ended.
    pub orders: Orders,
}

/// How the orders of a model went, as the cluster's shipments show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Orders {
    /// None was placed.
    None,
    /// The last one was accepted, or too few were refused to say anything.
    Accepted,
    /// The last ones, of at least two people, were refused.
    Refused,
}

/// What the connection declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Host of `okta.orgUrl`.
    pub org_host: String,
    /// `okta.signInHost`; absent: people sign in at the org's host.
    pub sign_in_host: Option<String>,
    /// `okta.rpId`; absent: the authenticator's, else the host that people sign in at.
    pub rp_id: Option<String>,
    /// `keys`: key models that shipments may name.
    pub models: Vec<Model>,
    /// `yubico.countries`, ISO 3166-1 alpha-2; empty: whatever Yubico accepts.
    pub countries: Vec<String>,
    /// `orderingCluster`; absent: every cluster may order.
    pub ordering_cluster: Option<String>,
    /// This cluster's id, where it could be read.
    pub cluster: Option<String>,
}
