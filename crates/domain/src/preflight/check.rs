//! Everything that preflight looks at: what it is called, what Okta's and Yubico's guides want, and where people change it.

/// Where something is changed.
const AUTHENTICATOR: &str =
    "in the Okta Admin Console under Security > Authenticators > Passkeys (FIDO2 WebAuthn)";
const APP: &str = "in the Okta Admin Console at the app of the operator";
const KEYS: &str = "in spec.keys of the connection; Yubico names the ids at onboarding";

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident: $wants:literal, $place:expr;)+) => {
        /// One thing that is looked at; one condition of the connection. True is as wanted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Check { $($(#[$doc])* $name),+ }

        impl Check {
            /// All of them, in the order in which they are told: the first one that stops something is told as Ready.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Type of the condition.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// What the guides want, as the end of "Wanted is …".
            #[must_use]
            pub const fn wants(self) -> &'static str {
                match self { $(Self::$name => $wants),+ }
            }

            /// Where it is changed, as the end of "Change it …".
            #[must_use]
            pub const fn place(self) -> &'static str {
                match self { $(Self::$name => $place),+ }
            }
        }
    };
}

checks! {
    /// The credential files are there and have the right form.
    CredentialsValid: "every credential file the connection needs",
        "in the Secret that existingSecret names in the chart's value connections";
    /// The clocks of this machine and of Okta (its `Date` header) agree.
    ClockSynchronized: "a clock that differs from Okta's by less than two minutes",
        "on the node: switch time synchronization on";
    /// Okta answers and takes the credentials.
    OktaReachable: "an Okta org that answers and takes the credentials",
        "in spec.okta, in the credential files, or in the way between";
    /// The scopes without which nothing can be enrolled.
    ScopesGranted: "the scopes okta.users.manage and okta.users.read",
        "in the Okta Admin Console at the app of the operator, under Okta API Scopes";
    /// The admin role of the app.
    RoleAssigned: "an admin role that covers the people who get keys",
        "in the Okta Admin Console at the app of the operator, under Admin roles";
    /// The feature of pre-registration.
    PreRegistrationEnabled: "the feature of pre-enrolled YubiKeys switched on, with Adaptive MFA",
        "with Okta's support or account team";
    /// The org's engine.
    IdentityEngine: "an org that runs Identity Engine",
        "with Okta: an org on Classic Engine has to be upgraded";
    /// The authenticator that keys are enrolled with.
    WebAuthnEnabled: "the FIDO2 (WebAuthn) authenticator active", AUTHENTICATOR;
    /// Whether people enter the PIN.
    UserVerification: "user verification Preferred or Required", AUTHENTICATOR;
    /// Whether the ordered models may be used.
    KeyAllowed: "roaming authenticators allowed, and the ordered models in every list of allowed AAGUIDs",
        AUTHENTICATOR;
    /// The relying party id that Okta uses.
    RPIDMatches: "keys made for exactly the RP id that the authenticator uses",
        "in spec.okta.rpId of the connection; the authenticator's is changed at Okta only, and strands every key";
    /// The host people sign in at, against the RP id.
    SignInHostMatches: "a host for signing in that is the RP id or ends in it",
        "in spec.okta.signInHost or spec.okta.rpId of the connection";
    /// The custom domains, against the connection.
    CustomDomainsKnown: "the verified custom domain that people sign in at, named by the connection or covered by the RP id",
        "in spec.okta.signInHost of the connection, or in the Okta Admin Console under Customizations > Brands > Domains";
    /// The authenticator enrolment policies.
    EnrollmentPolicyFits: "an enrolment policy in which WebAuthn is Required for new people, and Required or Optional for others",
        "in the Okta Admin Console under Security > Authenticators > Enrollment";
    /// The global session policies.
    SessionPolicyFits: "a global session rule that allows any factor used to meet the sign-on policy, requires MFA, and asks at every sign-in",
        "in the Okta Admin Console under Security > Global Session Policy";
    /// Whether something else orders beside the operator.
    OnlyOrderingTool: "Okta's Workflows template, and every other tool that orders keys, switched off",
        "in the Okta Workflows Console: the flows of the template Yubico FIDO Pre-registration";
    /// `YubiEnterprise` answers and takes the token.
    YubicoReachable: "a YubiEnterprise that answers and takes the API token",
        "in spec.yubico, in the file yubico-api-token, or in the way between";
    /// The region of the token's organization.
    TokenRegionMatches: "an API token of the organization that ships to the connection's countries",
        "in the file yubico-api-token, or in spec.yubico.countries of the connection: US/Canada and EMEA are separate organizations";
    /// `keys[].productId`
    ProductsKnown: "product ids that YubiEnterprise shows", KEYS;
    /// `keys[].inventoryProductId`
    InventoriesKnown: "inventory product ids that YubiEnterprise shows", KEYS;
    /// The pair of both.
    ProductsMapped: "inventories that pay for the product they stand beside", KEYS;
    /// `keys[].customizationId`
    CustomizationsKnown: "customization ids that YubiEnterprise takes orders with", KEYS;
    /// `keys[].lowStock`
    StockSufficient: "more keys left than the mark lowStock of each model, and at least one",
        "at Yubico: buy keys; or in spec.keys[].lowStock of the connection";
    /// `yubico.countries`
    CountriesEnabled: "every country of the connection enabled at YubiEnterprise",
        "in spec.yubico.countries of the connection, or with Yubico's support";
    /// The keys that requests are sealed to.
    TransportKeysUsable: "at least one P-384 transport key published",
        "in spec.yubico.transportKeysUrl of the connection, or with Yubico's support";
    /// The keys that responses are signed with.
    SigningKeysUsable: "at least one P-384 signing key published",
        "in spec.yubico.signingKeysUrl of the connection, or with Yubico's support";
    /// `orderingCluster`
    OrderingClusterSet: "the one cluster that may order named, so that a copy of it orders nothing",
        "in spec.orderingCluster of the connection";
}

/// Not to be changed at Okta by people of the connection, but by whoever owns the app.
#[must_use]
pub(super) fn grant(scope: &str) -> String {
    format!("grant {scope} {APP}, under Okta API Scopes, if it shall be looked at")
}
