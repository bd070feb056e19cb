//! JOSE as the two vendors use it between each other: a JWS inside a JWE, P-384 throughout.

use josekit::JoseError;
use josekit::jwe::{self, ECDH_ES_A256KW, JweHeader};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jws::{self, ES256, ES384, ES512, JwsHeader, JwsVerifier, RS256, RS384, RS512};
use serde_json::{Map, Value, json};

use crate::ids::unb64;

/// The six members Okta documents for a key of Yubico.
pub(crate) const SIX_MEMBERS: [&str; 6] = ["kid", "kty", "crv", "use", "x", "y"];

/// A new P-384 key pair with a kid and a use.
pub(crate) fn new_p384(kid: &str, key_use: &str) -> Result<Jwk, JoseError> {
    let mut jwk = Jwk::generate_ec_key(EcCurve::P384)?;
    jwk.set_key_id(kid);
    jwk.set_key_use(key_use);
    Ok(jwk)
}

/// The public half, with exactly the documented six members.
pub(crate) fn public_six(jwk: &Jwk) -> Value {
    let members: &Map<String, Value> = jwk.as_ref();
    SIX_MEMBERS
        .iter()
        .filter_map(|name| members.get(*name).map(|value| ((*name).to_string(), value.clone())))
        .collect::<Map<_, _>>()
        .into()
}

/// A JWK from a JSON value.
pub(crate) fn jwk(value: &Value) -> Option<Jwk> {
    Jwk::from_map(value.as_object()?.clone()).ok()
}

/// A compact JWS over a JSON payload, signed ES384.
pub(crate) fn sign(payload: &Value, key: &Jwk, token_type: &str) -> Result<String, JoseError> {
    let mut header = JwsHeader::new();
    header.set_token_type(token_type);
    if let Some(kid) = key.key_id() {
        header.set_key_id(kid);
    }
    jws::serialize_compact(payload.to_string().as_bytes(), &header, &ES384.signer_from_jwk(key)?)
}

/// The JSON payload of a compact JWS, if one of the keys, found by `kid`, made the signature.
pub(crate) fn verify(token: &str, keys: &[Jwk]) -> Option<Value> {
    let header = header(token)?;
    let kid = header.get("kid")?.as_str()?;
    let key = keys.iter().find(|key| key.key_id() == Some(kid))?;
    verify_with(token, key, "ES384")
}

/// The JSON payload of a compact JWS, if this key made the signature with this algorithm.
pub(crate) fn verify_with(token: &str, key: &Jwk, algorithm: &str) -> Option<Value> {
    let verifier = verifier(key, algorithm)?;
    let (payload, _) = jws::deserialize_compact(token, verifier.as_ref()).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// A verifier for one of the six algorithms Okta accepts.
fn verifier(key: &Jwk, algorithm: &str) -> Option<Box<dyn JwsVerifier>> {
    Some(match algorithm {
        "RS256" => Box::new(RS256.verifier_from_jwk(key).ok()?),
        "RS384" => Box::new(RS384.verifier_from_jwk(key).ok()?),
        "RS512" => Box::new(RS512.verifier_from_jwk(key).ok()?),
        "ES256" => Box::new(ES256.verifier_from_jwk(key).ok()?),
        "ES384" => Box::new(ES384.verifier_from_jwk(key).ok()?),
        "ES512" => Box::new(ES512.verifier_from_jwk(key).ok()?),
        _ => return None,
    })
}

/// A JWE (ECDH-ES+A256KW, A256GCM) around a JWS, for the holder of the key; its `kid` names that key.
pub(crate) fn seal(inner: &str, recipient: &Jwk) -> Result<String, JoseError> {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    header.set_content_type("JWT");
    if let Some(kid) = recipient.key_id() {
        header.set_key_id(kid);
    }
    jwe::serialize_compact(inner.as_bytes(), &header, &ECDH_ES_A256KW.encrypter_from_jwk(recipient)?)
}

/// The JWS inside a JWE, for the holder of the private key.
pub(crate) fn open(sealed: &str, key: &Jwk) -> Option<String> {
    let decrypter = ECDH_ES_A256KW.decrypter_from_jwk(key).ok()?;
    let (inner, _) = jwe::deserialize_compact(sealed, &decrypter).ok()?;
    String::from_utf8(inner).ok()
}

/// The header of a compact JWS or JWE, unverified.
pub(crate) fn header(compact: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&unb64(compact.split('.').next()?)?).ok()
}

/// The payload of a compact JWS, unverified.
pub(crate) fn unverified_payload(compact: &str) -> Option<Value> {
    serde_json::from_slice(&unb64(compact.split('.').nth(1)?)?).ok()
}

/// A public JWK may not carry any private member.
pub(crate) fn has_private_members(jwk: &Map<String, Value>) -> bool {
    ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| jwk.contains_key(*name))
}

/// The members that identify a public key (RFC 7638), for comparing keys.
pub(crate) fn thumbprint_members(jwk: &Map<String, Value>) -> Value {
    let names: &[&str] = if jwk.get("kty").and_then(Value::as_str) == Some("RSA") {
        &["e", "kty", "n"]
    } else {
        &["crv", "kty", "x", "y"]
    };
    let mut members = json!({});
    for name in names {
        members[*name] = jwk.get(*name).cloned().unwrap_or(Value::Null);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_with_its_key() {
        let recipient = new_p384("r", "enc").unwrap();
        let other = new_p384("o", "enc").unwrap();
        let signing = new_p384("s", "sig").unwrap();
        let inner = sign(&json!({"pin": "1234"}), &signing, "test").unwrap();
        let public = jwk(&public_six(&recipient)).unwrap();
        let sealed = seal(&inner, &public).unwrap();
        assert_eq!(header(&sealed).unwrap()["kid"], "r");
        assert_eq!(open(&sealed, &recipient).as_deref(), Some(inner.as_str()));
        assert!(open(&sealed, &other).is_none());
        assert_eq!(verify(&inner, &[jwk(&public_six(&signing)).unwrap()]).unwrap()["pin"], "1234");
        assert!(verify(&inner, &[new_p384("s", "sig").unwrap()]).is_none());
    }
}
