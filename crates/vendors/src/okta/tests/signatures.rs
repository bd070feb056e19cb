//! Signatures checked by OpenSSL alone: the crate that makes them has no part in it, so it cannot agree with itself.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use openssl::{
    bn::BigNum,
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    hash::{MessageDigest, hash},
    nid::Nid,
    pkey::{PKey, Public},
    sign::Verifier,
};
use reqwest::Method;

use super::{
    super::{key::SigningKey, proof::ProofKey},
    Algorithm, part, pem,
};

fn digest(algorithm: Algorithm) -> MessageDigest {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Es256 => MessageDigest::sha256(),
        Algorithm::Rs384 | Algorithm::Es384 => MessageDigest::sha384(),
        Algorithm::Rs512 | Algorithm::Es512 => MessageDigest::sha512(),
    }
}

/// RFC 7518, section 3.4: R and S as octets of the curve's length, one after the other. `None` for PKCS#1 v1.5.
fn octets(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::Es256 => Some(32),
        Algorithm::Es384 => Some(48),
        Algorithm::Es512 => Some(66),
        _ => None,
    }
}

fn is_signed(algorithm: Algorithm, jws: &str, key: &PKey<Public>) -> bool {
    let (input, signature) = jws.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let Some(octets) = octets(algorithm) else {
        let mut verifier = Verifier::new(digest(algorithm), key).unwrap();
        return verifier.verify_oneshot(&signature, input.as_bytes()).unwrap();
    };
    assert_eq!(signature.len(), 2 * octets, "not in the form of a JWS");
    let number = |part: &[u8]| BigNum::from_slice(part).unwrap();
    let pair = EcdsaSig::from_private_components(number(&signature[..octets]), number(&signature[octets..]));
    let hashed = hash(digest(algorithm), input.as_bytes()).unwrap();
    pair.unwrap().verify(&hashed, &key.ec_key().unwrap()).unwrap()
}

/// The same with one letter of the payload changed.
fn spoiled(jws: &str) -> String {
    let mut parts: Vec<_> = jws.split('.').map(str::to_owned).collect();
    let other = if parts[1].ends_with('A') { 'Q' } else { 'A' };
    parts[1].pop();
    parts[1].push(other);
    parts.join(".")
}

fn now() -> Timestamp {
    "2026-01-05T20:43:19Z".parse().unwrap()
}

#[test]
fn openssl_alone_accepts_an_assertion_of_every_algorithm_and_no_changed_one() {
    for algorithm in Algorithm::ALL {
        let private = pem(algorithm);
        let public = PKey::private_key_from_pem(private.as_bytes()).unwrap().public_key_to_pem().unwrap();
        let public = PKey::public_key_from_pem(&public).unwrap();
        let key = SigningKey::parse(algorithm, Some("k1"), &private.into()).unwrap();
        let jws = key.assertion("0oa1", "https://acme.okta.com/oauth2/v1/token", now()).unwrap();
        assert!(is_signed(algorithm, &jws, &public), "{}", algorithm.name());
        assert!(!is_signed(algorithm, &spoiled(&jws), &public), "{}", algorithm.name());
    }
}

#[test]
fn openssl_alone_accepts_a_proof_by_the_key_in_its_header_and_no_changed_one() {
    let url = "https://acme.okta.com/api/v1/users".parse().unwrap();
    let prove = |key: &ProofKey| key.prove(&Method::GET, &url, None, Some("token"), now()).unwrap();
    let key = ProofKey::generate().unwrap();
    let (proof, another) = (prove(&key), prove(&ProofKey::generate().unwrap()));
    let public = key_in_header(&proof);
    assert!(is_signed(Algorithm::Es256, &proof, &public));
    assert!(!is_signed(Algorithm::Es256, &spoiled(&proof), &public));
    assert!(!is_signed(Algorithm::Es256, &another, &public), "each client has a key of its own");
}

fn key_in_header(proof: &str) -> PKey<Public> {
    let jwk = part(proof, 0)["jwk"].clone();
    let number = |member: &str| {
        let text = jwk[member].as_str().unwrap();
        BigNum::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = EcKey::from_public_key_affine_coordinates(&group, &number("x"), &number("y")).unwrap();
    PKey::from_ec_key(key).unwrap()
}
