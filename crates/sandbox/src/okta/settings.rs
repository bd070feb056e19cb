//! Settings of an org that an admin may get wrong: as they begin, everything is as Okta's and Yubico's guides want it.

use serde::{Deserialize, Serialize};

/// What can be set by command: `POST /okta` with `settings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct OrgSettings {
    /// `idx` for Identity Engine, `v1` for Classic Engine.
    pub pipeline: String,
    /// Seconds that Okta's `Date` header is ahead of this machine.
    pub clock_skew_seconds: i64,
    /// Status of the `WebAuthn` authenticator.
    pub webauthn_status: String,
    /// ANY, `BUILT_IN` or ROAMING.
    pub attachment: String,
    /// FIPS authenticators only.
    pub fips_compliant: bool,
    /// Groups of AAGUIDs that policies may name.
    pub aaguid_groups: Vec<AaguidGroup>,
    /// `enroll.self` of `webauthn` in the enrolment policy: REQUIRED, OPTIONAL or `NOT_ALLOWED`.
    pub enroll: String,
    /// Groups of AAGUIDs that the enrolment policy admits; empty: all.
    pub enroll_aaguid_groups: Vec<String>,
    /// `primaryFactor` of the global session rule.
    pub primary_factor: String,
    /// `requireFactor` of that rule.
    pub require_factor: bool,
    /// `factorPromptMode` of that rule.
    pub factor_prompt_mode: String,
    /// `validationStatus` of the custom domains.
    pub domain_status: String,
}

/// A group of AAGUIDs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AaguidGroup {
    pub name: String,
    pub aaguids: Vec<String>,
}

impl Default for OrgSettings {
    fn default() -> Self {
        Self {
            pipeline: "idx".into(),
            clock_skew_seconds: 0,
            webauthn_status: "ACTIVE".into(),
            attachment: "ANY".into(),
            fips_compliant: false,
            aaguid_groups: Vec::new(),
            enroll: "REQUIRED".into(),
            enroll_aaguid_groups: Vec::new(),
            primary_factor: "PASSWORD_IDP_ANY_FACTOR".into(),
            require_factor: true,
            factor_prompt_mode: "ALWAYS".into(),
            domain_status: "COMPLETED".into(),
        }
    }
}
