use domain::failure::Reason;
use jiff::Timestamp;
use josekit::{
    jwk::{Jwk, KeyPair, alg::ec::EcKeyPair, alg::rsa::RsaKeyPair},
    jws::{ES256, ES384, ES512, JwsVerifier, RS256, RS384, RS512, deserialize_compact},
};
use openssl::{ec::EcGroup, ec::EcKey, nid::Nid, pkey::PKey, symm::Cipher};
use proptest::prelude::*;
use reqwest::Method;
use serde_json::Value;

use super::{super::key::SigningKey, super::proof, super::proof::ProofKey, Algorithm, part, pem};

fn now() -> Timestamp {
    "2026-01-05T20:43:19Z".parse().unwrap()
}

fn verifier(algorithm: Algorithm, public_pem: &[u8]) -> Box<dyn JwsVerifier> {
    match algorithm {
        Algorithm::Rs256 => Box::new(RS256.verifier_from_pem(public_pem).unwrap()),
        Algorithm::Rs384 => Box::new(RS384.verifier_from_pem(public_pem).unwrap()),
        Algorithm::Rs512 => Box::new(RS512.verifier_from_pem(public_pem).unwrap()),
        Algorithm::Es256 => Box::new(ES256.verifier_from_pem(public_pem).unwrap()),
        Algorithm::Es384 => Box::new(ES384.verifier_from_pem(public_pem).unwrap()),
        Algorithm::Es512 => Box::new(ES512.verifier_from_pem(public_pem).unwrap()),
    }
}

/// PKCS#8, the traditional form (PKCS#1 or SEC 1), and JWK of one key.
fn forms(algorithm: Algorithm, pkcs8: &str) -> Vec<String> {
    let key = PKey::private_key_from_pem(pkcs8.as_bytes()).unwrap();
    let (traditional, jwk) = if let Ok(rsa) = key.rsa() {
        let pair = RsaKeyPair::from_pem(pkcs8).unwrap();
        (rsa.private_key_to_pem().unwrap(), pair.to_jwk_key_pair())
    } else {
        let curve = algorithm_curve(algorithm);
        let pair = EcKeyPair::from_pem(pkcs8, Some(curve)).unwrap();
        (key.ec_key().unwrap().private_key_to_pem().unwrap(), pair.to_jwk_key_pair())
    };
    vec![pkcs8.to_owned(), String::from_utf8(traditional).unwrap(), jwk.to_string()]
}

fn algorithm_curve(algorithm: Algorithm) -> josekit::jwk::alg::ec::EcCurve {
    use josekit::jwk::alg::ec::EcCurve;
    match algorithm {
        Algorithm::Es384 => EcCurve::P384,
        Algorithm::Es512 => EcCurve::P521,
        _ => EcCurve::P256,
    }
}

#[test]
fn assertions_verify_for_every_algorithm_and_form() {
    for algorithm in Algorithm::ALL {
        let pkcs8 = pem(algorithm);
        let public = PKey::private_key_from_pem(pkcs8.as_bytes()).unwrap().public_key_to_pem().unwrap();
        for form in forms(algorithm, &pkcs8) {
            let key = SigningKey::parse(algorithm, Some("k1"), &form.into()).unwrap();
            let jws = key.assertion("0oa1", "https://acme.okta.com/oauth2/v1/token", now()).unwrap();
            let (claims, header) = deserialize_compact(&jws, verifier(algorithm, &public).as_ref()).unwrap();
            assert_eq!(header.algorithm(), Some(algorithm.name()));
            assert_eq!(header.key_id(), Some("k1"));
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            assert_eq!(claims["iss"], "0oa1");
            assert_eq!(claims["sub"], "0oa1");
            assert_eq!(claims["aud"], "https://acme.okta.com/oauth2/v1/token");
        }
    }
}

#[test]
fn an_assertion_is_short_lived_and_never_the_same() {
    let key = SigningKey::parse(Algorithm::Es256, None, &pem(Algorithm::Es256).into()).unwrap();
    let make = || part(&key.assertion("0oa1", "https://x/token", now()).unwrap(), 1);
    let (first, second) = (make(), make());
    assert_ne!(first["jti"], second["jti"]);
    let second_of = |name: &str| first[name].as_i64().unwrap() - now().as_second();
    assert!(second_of("iat") <= 0 && second_of("exp") > 0 && second_of("exp") <= 300);
}

#[test]
fn the_key_id_of_the_connection_wins_over_the_one_of_the_jwk() {
    let mut jwk: Value = serde_json::from_str(&forms(Algorithm::Es256, &pem(Algorithm::Es256))[2]).unwrap();
    jwk["kid"] = "own".into();
    let kid = |desired| {
        let key = SigningKey::parse(Algorithm::Es256, desired, &jwk.to_string().into()).unwrap();
        part(&key.assertion("0oa1", "https://x/token", now()).unwrap(), 0)["kid"].clone()
    };
    assert_eq!(kid(Some("named")), "named");
    assert_eq!(kid(None), "own");
}

#[test]
fn a_key_that_does_not_fit_is_named_and_never_shown() {
    let es256 = pem(Algorithm::Es256);
    let pair = PKey::private_key_from_pem(es256.as_bytes()).unwrap();
    let encrypted = pair.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"pass").unwrap();
    let public = String::from_utf8(pair.public_key_to_pem().unwrap()).unwrap();
    let small = openssl::rsa::Rsa::generate(1024).unwrap().private_key_to_pem().unwrap();
    let group = EcGroup::from_curve_name(Nid::SECP256K1).unwrap();
    let other_curve = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let wrong = [
        (Algorithm::Rs256, es256.clone()),
        (Algorithm::Es384, es256.clone()),
        (Algorithm::Es256, pem(Algorithm::Rs256)),
        (Algorithm::Es256, String::from_utf8(encrypted).unwrap()),
        (Algorithm::Es256, public),
        (Algorithm::Rs256, String::from_utf8(small).unwrap()),
        (Algorithm::Es256, String::from_utf8(other_curve.private_key_to_pem_pkcs8().unwrap()).unwrap()),
        (Algorithm::Es256, "hello".into()),
        (Algorithm::Es256, "{\"kty\":\"EC\"".into()),
        (Algorithm::Es256, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}".into()),
        (Algorithm::Es256, String::new()),
    ];
    for (algorithm, text) in wrong {
        let failure = SigningKey::parse(algorithm, None, &text.clone().into()).unwrap_err();
        assert_eq!(failure.reason, Reason::CredentialsInvalid);
        assert!(failure.message.contains("okta-private-key") && failure.message.contains(algorithm.name()));
        let lines = text.lines().filter(|line| line.len() > 10);
        assert!(lines.filter(|line| failure.message.contains(line)).count() == 0);
    }
}

#[test]
fn a_proof_binds_method_url_token_and_nonce_to_its_own_key() {
    let key = ProofKey::generate().unwrap();
    let url = "https://acme.okta.com/api/v1/users?search=x#y".parse().unwrap();
    let proof = key.prove(&Method::GET, &url, Some("n1"), Some("token"), now()).unwrap();
    let header = part(&proof, 0);
    assert_eq!(header["typ"], "dpop+jwt");
    let members: Vec<&String> = header["jwk"].as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 4, "{members:?}");
    assert!(["kty", "crv", "x", "y"].iter().all(|name| header["jwk"].get(name).is_some()));
    let jwk = Jwk::from_map(header["jwk"].as_object().unwrap().clone()).unwrap();
    let (claims, _) = deserialize_compact(&proof, &ES256.verifier_from_jwk(&jwk).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["htm"], "GET");
    assert_eq!(claims["htu"], "https://acme.okta.com/api/v1/users");
    assert_eq!(claims["nonce"], "n1");
    // RFC 9449, section 4.3: base64url of SHA-256 of the token.
    assert_eq!(claims["ath"], "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A");
    let again = key.prove(&Method::GET, &url, None, None, now()).unwrap();
    assert_ne!(part(&again, 1)["jti"], claims["jti"]);
    assert!(part(&again, 1).get("ath").is_none() && part(&again, 1).get("nonce").is_none());
}

#[test]
fn htu_is_decoded_and_keeps_a_port_that_is_not_the_usual() {
    let htu = |url: &str| proof::htu(&url.parse().unwrap());
    assert_eq!(htu("https://acme.okta.com:443/a%40b/c?d=e"), "https://acme.okta.com/a@b/c");
    assert_eq!(htu("http://127.0.0.1:8080/%C3%A4"), "http://127.0.0.1:8080/ä");
    assert_eq!(htu("http://[::1]:8080"), "http://[::1]:8080/");
}

proptest! {
    #[test]
    fn htu_is_the_path_as_it_was_meant(segment in "[^/\\\\.\\p{C}][^/\\\\\\p{C}]{0,30}") {
        let base = "https://acme.okta.com".parse().unwrap();
        let url = crate::http::endpoint::join(&base, &["api", &segment]).unwrap();
        prop_assert_eq!(proof::htu(&url), format!("https://acme.okta.com/api/{}", segment));
    }
}
