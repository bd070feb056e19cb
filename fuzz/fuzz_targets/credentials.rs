//! Files of the credentials directory: `token`, `key ALGORITHM` or `ca` in the first line, the file below it.
#![no_main]

use std::path::Path;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::failure::{Failure, Reason};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use vendors::{
    credentials, http,
    okta::{Algorithm, SigningKey},
};
use yubikey_shipment_fuzz::is_discreet;

fuzz_target!(|input: &[u8]| {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let (kind, file) = (&input[..end], input[end + 1..].to_vec());
    let Ok(kind) = std::str::from_utf8(kind) else { return };
    match kind.split_once(' ') {
        Some(("key", name)) => {
            let found = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name);
            key(found.unwrap_or(Algorithm::Es256), file);
        }
        _ if kind == "ca" => drop(fair(http::certificates(&file, "`ca.crt`"))),
        _ => token(file),
    }
});

fn fair<T>(result: Result<T, Failure>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(failure) => {
            assert_eq!(failure.reason, Reason::CredentialsInvalid);
            is_discreet(&failure.message);
            None
        }
    }
}

/// A token goes into a header as it is: something is taken off around it, and nothing is changed in it.
fn token(file: Vec<u8>) {
    let text = String::from_utf8_lossy(&file).into_owned();
    let wide = matches!(file.first(), Some(0xfe | 0xff));
    let Some(token) = fair(credentials::read_token(Path::new("okta-api-token"), file)) else { return };
    let token = token.expose_secret();
    let _ = credentials::expiry::of_token(token);
    assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(wide || text.contains(token), "it stands in the file as it is");
}

fn key(algorithm: Algorithm, file: Vec<u8>) {
    let Some(text) = fair(credentials::read_private_key(Path::new("okta-private-key"), file)) else { return };
    let Some(key) = fair(SigningKey::parse(algorithm, Some("k1"), &text)) else { return };
    is_discreet(&format!("{key:?}"));
    signs(algorithm, &key, &text);
}

/// A key that was taken signs, by the algorithm of the connection and under its id.
fn signs(algorithm: Algorithm, key: &SigningKey, text: &SecretString) {
    let Ok(jwt) = key.assertion("0oaClient", "https://okta.example/oauth2/v1/token", Timestamp::UNIX_EPOCH)
    else {
        return;
    };
    let header = BASE64_URL_SAFE_NO_PAD.decode(jwt.split('.').next().unwrap_or_default()).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    assert_eq!(header["alg"], algorithm.name());
    assert_eq!(header["kid"], "k1");
    let file = text.expose_secret();
    assert!(file.len() < 32 || !jwt.contains(file), "the key itself goes out");
}
