//! `DPoP` proofs (RFC 9449): a key pair of this process, other than the one of the client assertion.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::failure::{CallError, Failure, Reason};
use jiff::Timestamp;
use josekit::{
    jwk::{Jwk, KeyPair},
    jws::{ES256, JwsHeader, alg::ecdsa::EcdsaJwsSigner},
};
use openssl::sha::sha256;
use percent_encoding::percent_decode_str;
use reqwest::Method;
use serde_json::json;
use url::Url;

use super::key;
use crate::http::endpoint;

/// The key that tokens are bound to. Lives as long as the client.
pub(super) struct ProofKey {
    signer: EcdsaJwsSigner,
    public: Jwk,
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey(..)")
    }
}

impl ProofKey {
    /// A new pair on P-256.
    pub(super) fn generate() -> Result<Self, Failure> {
        let failed =
            |_| Failure::new(Reason::ConnectionInvalid, "OpenSSL cannot make a P-256 key for DPoP proofs");
        let pair = ES256.generate_key_pair().map_err(failed)?;
        let signer = ES256.signer_from_der(pair.to_der_private_key()).map_err(failed)?;
        let made = pair.to_jwk_public_key();
        // Only the members RFC 7638 needs: Okta compares thumbprints.
        let mut public = Jwk::new("EC");
        for member in ["crv", "x", "y"] {
            public.set_parameter(member, made.parameter(member).cloned()).map_err(failed)?;
        }
        Ok(Self { signer, public })
    }

    /// A proof for one request: never used twice. With `token` it is for an API call, else for the token
    /// request.
    pub(super) fn prove(
        &self,
        method: &Method,
        url: &Url,
        nonce: Option<&str>,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<String, CallError> {
        let mut claims = json!({
            "htm": method.as_str(),
            "htu": htu(url),
            "iat": key::issued_at(now),
            "jti": key::nonce()?,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = token {
            claims["ath"] = BASE64_URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())).into();
        }
        let mut header = JwsHeader::new();
        header.set_token_type("dpop+jwt");
        header.set_jwk(self.public.clone());
        key::sign(&claims, &header, &self.signer)
    }
}

/// Scheme, host and path without query; Okta compares the percent-decoded path.
pub(super) fn htu(url: &Url) -> String {
    let path = percent_decode_str(url.path()).decode_utf8_lossy();
    format!("{}{path}", endpoint::origin(url))
}
