use base64::Engine;
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

/// In as many lines, or one, with whatever for line ends.
fn pasted(pem: &str) -> Vec<String> {
    let standard = base64::prelude::BASE64_STANDARD.encode(pem);
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    vec![
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        format!("\"{}\"\n", pem.replace('\n', "\\n")),
        pem.replace('\n', " "),
        pem.replace('\n', ""),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\r"),
        format!("\u{feff}{pem}"),
        format!("  \n{}\t ", pem.replace('\n', "  \n   ")),
        format!("'{pem}'"),
        format!("Bag Attributes\n    friendlyName: x\n{pem}"),
        standard.clone(),
        standard.trim_end_matches('=').to_owned(),
        base64::prelude::BASE64_STANDARD.encode(&standard),
        format!("{}\n", base64::prelude::BASE64_STANDARD.encode(format!("{standard}\n"))),
        standard.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\n").collect(),
        body,
    ]
}

#[test]
fn a_key_is_taken_however_it_was_pasted() {
    for algorithm in Algorithm::ALL {
        let pkcs8 = pem(algorithm);
        let forms = forms(algorithm, &pkcs8);
        let mut all = [pasted(&forms[0]), pasted(&forms[1])].concat();
        let jwk = &forms[2];
        all.extend([
            format!("\u{feff}{jwk}\r\n"),
            format!("{{\"keys\": [{jwk}]}}"),
            format!("[{jwk}]"),
            format!("'{jwk}'"),
            jwk.replace('"', "\\\""),
            serde_json::to_string(jwk).unwrap(),
            base64::prelude::BASE64_STANDARD.encode(jwk),
            base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(jwk),
        ]);
        for form in all {
            let key = SigningKey::parse(algorithm, Some("k1"), &form.clone().into());
            let key =
                key.unwrap_or_else(|failure| panic!("{}: {}\n{form}", algorithm.name(), failure.message));
            key.assertion("0oa1", "https://acme.okta.com/oauth2/v1/token", now()).unwrap();
        }
    }
}

#[test]
fn of_a_set_the_private_key_is_taken_or_the_one_that_the_connection_names() {
    let jwk = |kid: &str| {
        let mut jwk: Value =
            serde_json::from_str(&forms(Algorithm::Es256, &pem(Algorithm::Es256))[2]).unwrap();
        jwk["kid"] = kid.into();
        jwk
    };
    let public = |mut jwk: Value| {
        jwk.as_object_mut().unwrap().remove("d");
        jwk
    };
    let read = |keys: &[Value], key_id| {
        let set = serde_json::json!({"keys": keys}).to_string();
        SigningKey::parse(Algorithm::Es256, key_id, &set.into())
            .map(|_| ())
            .map_err(|failure| failure.message)
    };
    assert_eq!(read(&[public(jwk("a")), jwk("b")], Some("c")), Ok(()));
    assert_eq!(read(&[jwk("a"), jwk("b")], Some("b")), Ok(()));
    assert!(read(&[jwk("a"), jwk("b")], Some("c")).unwrap_err().contains("set of 2 private JWKs"));
    assert!(read(&[jwk("a"), jwk("a")], Some("a")).unwrap_err().contains("`keyId`"));
    assert!(read(&[public(jwk("a"))], Some("a")).unwrap_err().contains("set of public JWKs"));
    assert!(read(&[], None).unwrap_err().contains("without any key"));
}

/// What is said of this text with the default algorithm.
fn refused(text: &str) -> String {
    let failure = SigningKey::parse(Algorithm::Es256, Some("k1"), &text.to_owned().into()).unwrap_err();
    assert_eq!(failure.reason, Reason::CredentialsInvalid);
    let shown = text.split_whitespace().filter(|word| word.len() > 20 && !word.starts_with("---"));
    assert!(shown.filter(|word| failure.message.contains(word)).count() == 0, "{}", failure.message);
    failure.message
}

#[test]
fn what_is_no_usable_key_is_named_for_what_it_is() {
    let key = PKey::private_key_from_pem(pem(Algorithm::Es256).as_bytes()).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let encrypted = text(key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"pass").unwrap());
    let rsa = openssl::rsa::Rsa::generate(2048).unwrap();
    let traditional = text(rsa.private_key_to_pem_passphrase(Cipher::aes_256_cbc(), b"pass").unwrap());
    let certificate = text(crate::http::tests::certificate().0.to_pem().unwrap());
    let public = text(key.public_key_to_pem().unwrap());
    let small = text(openssl::rsa::Rsa::generate(1024).unwrap().private_key_to_pem().unwrap());
    let ed25519 = text(PKey::generate_ed25519().unwrap().private_key_to_pem_pkcs8().unwrap());
    let group = EcGroup::from_curve_name(Nid::SECP256K1).unwrap();
    let other = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let other = text(other.private_key_to_pem_pkcs8().unwrap());
    let rs256 = pem(Algorithm::Rs256);
    let rsa_jwk = forms(Algorithm::Rs256, &rs256)[2].clone();
    let two = pem(Algorithm::Es256) + &pem(Algorithm::Es256);
    let good = pem(Algorithm::Es256);
    for (pasted, words) in [
        (encrypted, "encrypted with a passphrase"),
        (traditional, "encrypted with a passphrase"),
        (certificate.clone(), "is a certificate"),
        (certificate.lines().filter(|line| !line.starts_with('-')).collect(), "is a certificate"),
        (public.clone(), "is a public key"),
        (base64::prelude::BASE64_STANDARD.encode(&public), "is a public key"),
        (rs256.clone(), "is an RSA key of 2048 bits, which does not sign ES256; set `algorithm: RS256`"),
        (rsa_jwk, "is an RSA key, which does not sign ES256; set `algorithm: RS256`"),
        (pem(Algorithm::Es384), "is an EC key on P-384, which does not sign ES256; set `algorithm: ES384`"),
        (pem(Algorithm::Es512), "`algorithm: ES512`"),
        (small, "RSA key of 1024 bits"),
        (ed25519, "Ed25519"),
        (other, "secp256k1"),
        (two, "several private keys"),
        (good[..good.len() - 20].to_owned(), "cut off"),
        (good.replace("-----", "—"), "five hyphens"),
        (good.replacen("MIG", "MI*", 1), "that no PEM has"),
        (good.replacen("MIG", "", 1), "a part of it was lost"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----".into(), "OpenSSH"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----".into(), "request"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 me@example".into(), "OpenSSH"),
        ("SSWS 00abcDEF".into(), "okta-api-token"),
        ("/etc/keys/okta.pem".into(), "a path"),
        ("${OKTA_PRIVATE_KEY}".into(), "a reference"),
        ("vault:secret/data/okta#key".into(), "a reference"),
        (
            format!("data:application/x-pem-file;base64,{}", base64::prelude::BASE64_STANDARD.encode(&good)),
            "data URL",
        ),
        (good.replace(' ', "%20").replace('\n', "%0A"), "percent-encoded"),
        (good.replace(' ', "+").replace('\n', "%0A"), "percent-encoded"),
        ("PuTTY-User-Key-File-3: ecdsa-sha2-nistp256".into(), "PuTTY"),
        ("changeme".into(), "no private key in PEM or JWK form"),
        ("{\"kty\":\"oct\",\"k\":\"AAAA\"}".into(), "shared secret"),
        ("{\"type\":\"service_account\"}".into(), "no `kty`"),
        ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\",\"d\":\"AA\"}".into(), "JWK"),
        ("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"d\":\"AA\"}".into(), "Ed25519"),
    ] {
        let said = refused(&pasted);
        assert!(said.contains("okta-private-key") && said.contains(words), "{words}: {said}");
        assert!(said.len() < 500, "{said}");
    }
}
