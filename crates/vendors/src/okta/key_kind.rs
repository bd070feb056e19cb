//! What a private key is, in words, and which algorithms of Okta it signs.

use openssl::{
    nid::Nid,
    pkey::{Id, PKey, Private},
};
use serde_json::{Map, Value};

use super::key::Algorithm;

/// Smallest RSA key, in bits (RFC 7518, 3.3).
const SMALLEST: u32 = 2048;

const OF_RSA: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512];

/// Its kind, and the algorithms it is good for, the usual one first.
pub(super) fn of(key: &PKey<Private>) -> (String, Vec<Algorithm>) {
    match key.id() {
        Id::RSA => of_rsa(key.bits()),
        Id::EC => of_curve(key.ec_key().ok().and_then(|key| key.group().curve_name())),
        Id::RSA_PSS => ("an RSA-PSS key".into(), Vec::new()),
        Id::ED25519 => ("an Ed25519 key".into(), Vec::new()),
        Id::ED448 => ("an Ed448 key".into(), Vec::new()),
        _ => ("a key of a kind that Okta takes no signature of".into(), Vec::new()),
    }
}

fn of_rsa(bits: u32) -> (String, Vec<Algorithm>) {
    let fits = if bits < SMALLEST { Vec::new() } else { OF_RSA.to_vec() };
    (format!("an RSA key of {bits} bits"), fits)
}

fn of_curve(curve: Option<Nid>) -> (String, Vec<Algorithm>) {
    match curve {
        Some(Nid::X9_62_PRIME256V1) => ("an EC key on P-256".into(), vec![Algorithm::Es256]),
        Some(Nid::SECP384R1) => ("an EC key on P-384".into(), vec![Algorithm::Es384]),
        Some(Nid::SECP521R1) => ("an EC key on P-521".into(), vec![Algorithm::Es512]),
        Some(Nid::SECP256K1) => ("an EC key on secp256k1".into(), Vec::new()),
        _ => ("an EC key on another curve".into(), Vec::new()),
    }
}

/// The same of a JWK, by its own words: its numbers are read later.
pub(super) fn of_jwk(members: &Map<String, Value>) -> (String, Vec<Algorithm>) {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let (kind, fits) = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => ("an RSA key".to_owned(), OF_RSA.to_vec()),
        (Some("EC"), Some("P-256")) => of_curve(Some(Nid::X9_62_PRIME256V1)),
        (Some("EC"), Some("P-384")) => of_curve(Some(Nid::SECP384R1)),
        (Some("EC"), Some("P-521")) => of_curve(Some(Nid::SECP521R1)),
        (Some("EC"), Some("secp256k1")) => of_curve(Some(Nid::SECP256K1)),
        (Some("EC"), _) => of_curve(None),
        (Some("OKP"), _) => ("an Ed25519, X25519 or like key".to_owned(), Vec::new()),
        _ => ("a JWK of another kind".to_owned(), Vec::new()),
    };
    let own = text("alg").and_then(|alg| Algorithm::ALL.into_iter().find(|known| known.name() == alg));
    match own {
        Some(own) if fits.contains(&own) => (format!("{kind} for {} (its `alg`)", own.name()), vec![own]),
        _ => (kind, fits),
    }
}
