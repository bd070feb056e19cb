//! The service app's private key and the client assertion it signs.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::failure::{CallError, Failure, Reason};
use jiff::Timestamp;
use josekit::jws::{
    ES256, ES384, ES512, JwsHeader, JwsSigner, RS256, RS384, RS512, alg::ecdsa::EcdsaJwsAlgorithm,
    alg::rsassa::RsassaJwsAlgorithm, serialize_compact,
};
use openssl::pkey::PKey;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{
    key_form::{self, Form},
    key_kind,
};
use crate::http::not_sent;

/// How old a signature claims to be, in seconds: our clock may be a little ahead, and Okta refuses what was
/// issued in the future.
const BACKDATED: i64 = 10;

/// How long a client assertion is good for, in seconds. Okta allows an hour.
const GOOD_FOR: i64 = 240;

/// Signature algorithms Okta takes for client assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA with SHA-256.
    Rs256,
    /// RSA with SHA-384.
    Rs384,
    /// RSA with SHA-512.
    Rs512,
    /// P-256 with SHA-256.
    Es256,
    /// P-384 with SHA-384.
    Es384,
    /// P-521 with SHA-512.
    Es512,
}

enum Family {
    Rsa(RsassaJwsAlgorithm),
    Ec(EcdsaJwsAlgorithm),
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384, Self::Es512];

    /// Its name in JOSE and in the connection.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    /// The kind of key it needs.
    #[must_use]
    pub const fn key_kind(self) -> &'static str {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 => "an RSA key of at least 2048 bits",
            Self::Es256 => "an EC key on P-256",
            Self::Es384 => "an EC key on P-384",
            Self::Es512 => "an EC key on P-521",
        }
    }

    const fn family(self) -> Family {
        match self {
            Self::Rs256 => Family::Rsa(RS256),
            Self::Rs384 => Family::Rsa(RS384),
            Self::Rs512 => Family::Rsa(RS512),
            Self::Es256 => Family::Ec(ES256),
            Self::Es384 => Family::Ec(ES384),
            Self::Es512 => Family::Ec(ES512),
        }
    }
}

/// A private key that signs client assertions.
pub struct SigningKey {
    signer: Box<dyn JwsSigner>,
    key_id: Option<String>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads PEM or JWK; `key_id` wins over the JWK's own `kid`.
    ///
    /// # Errors
    /// `CredentialsInvalid` if it is no private key of the kind that the algorithm needs.
    pub fn parse(algorithm: Algorithm, key_id: Option<&str>, text: &SecretString) -> Result<Self, Failure> {
        let form =
            key_form::read(text.expose_secret(), key_id).map_err(|fault| invalid(algorithm, &fault))?;
        let (signer, own_id) = match form {
            Form::Pem(pem) => (from_pem(algorithm, &pem)?, None),
            Form::Jwk(members) => from_jwk(algorithm, members)?,
        };
        Ok(Self { signer, key_id: key_id.map(str::to_owned).or(own_id) })
    }

    /// A new client assertion for the token URL, with a `jti` of its own.
    ///
    /// # Errors
    /// `CredentialsInvalid` if the key does not sign.
    pub fn assertion(&self, client_id: &str, token_url: &str, now: Timestamp) -> Result<String, CallError> {
        let issued = now.as_second() - BACKDATED;
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": token_url,
            "iat": issued,
            "exp": issued + BACKDATED + GOOD_FOR,
            "jti": nonce()?,
        });
        let mut header = JwsHeader::new();
        header.set_token_type("JWT");
        if let Some(key_id) = &self.key_id {
            header.set_key_id(key_id);
        }
        sign(&claims, &header, self.signer.as_ref())
    }
}

/// 128 random bits, for `jti`.
pub(super) fn nonce() -> Result<String, CallError> {
    let mut bytes = [0_u8; 16];
    openssl::rand::rand_bytes(&mut bytes).map_err(|_| cannot_sign())?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// When a signature made now claims to be made.
pub(super) fn issued_at(now: Timestamp) -> i64 {
    now.as_second() - BACKDATED
}

/// A compact JWS.
pub(super) fn sign(claims: &Value, header: &JwsHeader, signer: &dyn JwsSigner) -> Result<String, CallError> {
    serialize_compact(claims.to_string().as_bytes(), header, signer).map_err(|_| cannot_sign())
}

fn cannot_sign() -> CallError {
    not_sent(Reason::CredentialsInvalid, "the key `okta-private-key` does not sign; make a new one")
}

fn invalid(algorithm: Algorithm, fault: &str) -> Failure {
    Failure::new(
        Reason::CredentialsInvalid,
        format!(
            "`okta-private-key` {fault}; {} needs {} as PEM (PKCS#8, PKCS#1 or SEC 1, not encrypted) or as \
             private JWK",
            algorithm.name(),
            algorithm.key_kind()
        ),
    )
}

/// The key itself is good; what is wrong with it for this algorithm, and which one it is for.
fn another(algorithm: Algorithm, kind: &str, fitting: Option<Algorithm>) -> Failure {
    let advice = match fitting {
        Some(fitting) => format!(
            "set `algorithm: {}` in the connection's okta.auth.privateKeyJwt, or put {} in",
            fitting.name(),
            algorithm.key_kind()
        ),
        None => format!("put {} in", algorithm.key_kind()),
    };
    Failure::new(
        Reason::CredentialsInvalid,
        format!("`okta-private-key` is {kind}, which does not sign {}; {advice}", algorithm.name()),
    )
}

fn from_pem(algorithm: Algorithm, text: &str) -> Result<Box<dyn JwsSigner>, Failure> {
    // The empty passphrase keeps OpenSSL from asking a terminal.
    let key = PKey::private_key_from_pem_passphrase(text.as_bytes(), b"").map_err(|_| {
        invalid(algorithm, "has the form of PEM but is no private key, as if a part of it was lost")
    })?;
    let (kind, fits) = key_kind::of(&key);
    if !fits.contains(&algorithm) {
        return Err(another(algorithm, &kind, fits.first().copied()));
    }
    let der = key.private_key_to_pkcs8().map_err(|_| invalid(algorithm, "cannot be used"))?;
    let wrong = |_| invalid(algorithm, "is of another kind or size");
    match algorithm.family() {
        Family::Rsa(rsa) => Ok(Box::new(rsa.signer_from_der(der).map_err(wrong)?)),
        Family::Ec(ec) => Ok(Box::new(ec.signer_from_der(der).map_err(wrong)?)),
    }
}

fn from_jwk(
    algorithm: Algorithm,
    mut members: Map<String, Value>,
) -> Result<(Box<dyn JwsSigner>, Option<String>), Failure> {
    let (kind, fits) = key_kind::of_jwk(&members);
    if !fits.contains(&algorithm) {
        return Err(another(algorithm, &kind, fits.first().copied()));
    }
    // josekit would put the JWK's own id over ours.
    let key_id = members.remove("kid").and_then(|kid| kid.as_str().map(str::to_owned));
    let wrong = |_| {
        invalid(algorithm, "is a JWK that lacks a member, has one of another form, or is for another `use`")
    };
    let jwk = josekit::jwk::Jwk::from_map(members).map_err(wrong)?;
    let signer: Box<dyn JwsSigner> = match algorithm.family() {
        Family::Rsa(rsa) => Box::new(rsa.signer_from_jwk(&jwk).map_err(wrong)?),
        Family::Ec(ec) => Box::new(ec.signer_from_jwk(&jwk).map_err(wrong)?),
    };
    Ok((signer, key_id))
}
