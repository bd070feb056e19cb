//! DPoP proofs (RFC 9449) as Okta checks them.

use josekit::jwk::Jwk;
use openssl::sha::sha256;
use serde_json::{Map, Value};
use url::Url;

use crate::clock;
use crate::http::Call;
use crate::ids::{b64, noise};
use crate::jose;
use crate::world::OktaOrg;

const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];
const MAX_AGE_SECONDS: i64 = 300;
/// A nonce is renewed every 24 hours and the old one works 3 days.
const NONCE_RENEWED_AFTER: i64 = 24 * 60 * 60;
const NONCE_WORKS_FOR: i64 = 72 * 60 * 60;

/// A proof whose signature and claims are right.
#[derive(Debug)]
pub(crate) struct Proof {
    /// The members that identify the key.
    pub key: Value,
    pub nonce: Option<String>,
}

/// Checks the proof of a call; the error is the description Okta would give.
pub(crate) fn check(org: &mut OktaOrg, call: &Call, access_token: Option<&str>) -> Result<Proof, String> {
    let mut headers = call.headers.get_all("dpop").iter();
    let proof = headers.next().ok_or("The DPoP proof JWT header is missing.")?;
    if headers.next().is_some() {
        return Err("There is more than one DPoP proof JWT header.".into());
    }
    let proof = proof.to_str().map_err(|_| "The DPoP proof JWT is malformed.")?;
    let header = jose::header(proof).ok_or("The DPoP proof JWT is malformed.")?;
    let jwk = public_key(&header)?;
    let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    if !ALGORITHMS.contains(&algorithm) {
        return Err("'alg' in the DPoP proof JWT is not supported.".into());
    }
    let key = Jwk::from_map(jwk.clone()).map_err(|_| "'jwk' in the DPoP proof JWT is invalid.")?;
    let claims =
        jose::verify_with(proof, &key, algorithm).ok_or("The DPoP proof JWT signature is invalid.")?;
    check_claims(call, &claims)?;
    if let Some(token) = access_token {
        let wanted = b64(sha256(token.as_bytes()));
        if claims["ath"].as_str() != Some(wanted.as_str()) {
            return Err("'ath' claim in the DPoP proof JWT is invalid.".into());
        }
    }
    let jti = claims["jti"]
        .as_str()
        .filter(|jti| !jti.is_empty())
        .ok_or("'jti' claim in the DPoP proof JWT is missing.")?;
    if !org.used_proofs.insert(jti.to_string()) {
        return Err("The DPoP proof JWT has already been used.".into());
    }
    Ok(Proof { key: jose::thumbprint_members(jwk), nonce: claims["nonce"].as_str().map(str::to_string) })
}

fn public_key(header: &Map<String, Value>) -> Result<&Map<String, Value>, String> {
    if header.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
        return Err("'typ' in the DPoP proof JWT is not dpop+jwt.".into());
    }
    let jwk =
        header.get("jwk").and_then(Value::as_object).ok_or("'jwk' in the DPoP proof JWT is missing.")?;
    if jose::has_private_members(jwk) {
        return Err("'jwk' in the DPoP proof JWT holds a private key.".into());
    }
    Ok(jwk)
}

fn check_claims(call: &Call, claims: &Value) -> Result<(), String> {
    if claims["htm"].as_str() != Some(call.method.as_str()) {
        return Err("'htm' claim in the DPoP proof JWT is invalid.".into());
    }
    if !same_url(claims["htu"].as_str().unwrap_or_default(), call) {
        return Err("'htu' claim in the DPoP proof JWT is invalid.".into());
    }
    let issued = claims["iat"].as_i64().ok_or("'iat' claim in the DPoP proof JWT is missing.")?;
    let now = clock::now().as_second();
    if issued > now {
        return Err("The DPoP proof JWT is issued in the future.".into());
    }
    if now - issued > MAX_AGE_SECONDS {
        return Err("The DPoP proof JWT is too old.".into());
    }
    Ok(())
}

/// Okta compares the claim as it stands with the percent-decoded path: a login in the path never matches.
fn same_url(htu: &str, call: &Call) -> bool {
    let Ok(url) = Url::parse(htu) else { return false };
    if url.query().is_some() || url.fragment().is_some() || url.scheme() != call.scheme {
        return false;
    }
    let Ok(own) = Url::parse(&format!("{}://{}", call.scheme, call.host())) else { return false };
    if url.host_str() != own.host_str() || url.port_or_known_default() != own.port_or_known_default() {
        return false;
    }
    let after_scheme = htu.split_once("://").map_or("", |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("/", |at| &after_scheme[at..]);
    path == call.decoded_path()
}

impl OktaOrg {
    /// The nonce a client should use now.
    pub fn current_nonce(&mut self) -> String {
        let now = clock::now();
        match self.nonces.last() {
            Some((nonce, since)) if now.as_second() - since.as_second() < NONCE_RENEWED_AFTER => {
                nonce.clone()
            }
            _ => {
                let nonce = noise(32);
                self.nonces.push((nonce.clone(), now));
                nonce
            }
        }
    }

    /// Whether a nonce still works.
    pub fn knows_nonce(&self, nonce: &str) -> bool {
        let now = clock::now().as_second();
        self.nonces.iter().any(|(known, since)| known == nonce && now - since.as_second() < NONCE_WORKS_FOR)
    }
}
