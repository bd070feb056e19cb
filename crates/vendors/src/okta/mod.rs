//! Okta over HTTP: users, pre-registered enrolments, and the service app's token.
//!
//! Source of paths, scopes and bodies: Okta's management `OpenAPI` 2026.06.3, tag `WebAuthnPreregistration`,
//! and the guides at developer.okta.com. `initiate-fulfillment-request` is never called: it starts a
//! Workflows template that would order a second key.

mod budget;
mod checks;
mod client;
pub mod decode;
mod enrollments;
mod fault;
mod groups;
mod key;
mod key_form;
mod key_kind;
mod limits;
mod logs;
mod org;
mod pace;
mod pages;
mod people;
mod proof;
mod query;
mod quota;
mod settings;
mod token;
mod users;
mod wire;

use std::{fmt, num::NonZeroU32};

use secrecy::SecretString;
use url::Url;

pub use self::{
    budget::{Calls, Reservation},
    client::Client,
    key::{Algorithm, SigningKey},
    org::Organization,
    pace::Permit,
    quota::Share,
};

/// Calls a second that are gentle to Okta while it has named no limit: that of the pre-registration API is not
/// documented.
pub const CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// One Okta organization and how to be let in.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://acme.okta.com`, port and path as given.
    pub org_url: Url,
    /// How to be let in.
    pub auth: Auth,
    /// Calls a second to a bucket whose limit Okta has not named, or whose limit is low. [`CALLS_PER_SECOND`] unless
    /// there is a reason.
    pub calls_per_second: NonZeroU32,
    /// How much of each limit that Okta reports is ours.
    pub share: Share,
}

/// How the operator proves who it is.
#[derive(Debug, Clone)]
pub enum Auth {
    /// OAuth 2.0 service app, the one Okta advises.
    PrivateKeyJwt(ServiceApp),
    /// API token (SSWS): dies with the admin who made it.
    ApiToken(SecretString),
}

/// An app of the kind "API Services" with the grant `client_credentials`.
#[derive(Clone)]
pub struct ServiceApp {
    /// Client id of the app (`0oa…`), which the assertion names as issuer and subject.
    pub client_id: String,
    /// `kid` of the public key at the app; needed when the app has several. Else the JWK's own, else none.
    pub key_id: Option<String>,
    /// Signature of the client assertion.
    pub algorithm: Algorithm,
    /// Whether tokens are bound to a key of ours.
    pub dpop: Dpop,
    /// The private key: PEM (PKCS#8, PKCS#1 or SEC 1) or JWK.
    pub key: SecretString,
}

impl fmt::Debug for ServiceApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceApp")
            .field("client_id", &self.client_id)
            .field("key_id", &self.key_id)
            .field("algorithm", &self.algorithm)
            .field("dpop", &self.dpop)
            .finish_non_exhaustive()
    }
}

/// Demonstrating proof of possession (RFC 9449), on by default for new Okta apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dpop {
    /// A proof goes with the token request; whatever token comes back is used.
    Auto,
    /// As `Auto`, but a token without binding is refused.
    Always,
    /// No proof is sent.
    Never,
}

#[cfg(test)]
mod tests;
