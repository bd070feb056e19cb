//! What can be read of a sealed text and of a token: the header's `kid`, the claim `exp`.
#![no_main]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use vendors::yubico::decode;

fuzz_target!(|input: &str| {
    readable(input);
    // Parts in the clear: the fuzzer need not find base64url by itself.
    let parts: Vec<String> = input.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).collect();
    readable(&parts.join("."));
    written(input);
});

fn readable(text: &str) {
    let part = |index| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.split('.').nth(index)?).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    if let Some(kid) = decode::key_id(text) {
        assert_eq!(part(0).expect("JSON")["kid"], kid.as_str());
        assert!(!kid.as_str().is_empty() && kid.as_str().len() <= 255);
    }
    if let Some(expiry) = decode::token_expiry(text) {
        let exp = &part(1).expect("JSON")["exp"];
        let given = exp.as_i64().or_else(|| exp.as_str().and_then(|text| text.trim().parse().ok()));
        assert_eq!(Some(expiry.as_second()), given);
    }
}

/// What was written is read again.
fn written(kid: &str) {
    let header = BASE64_URL_SAFE_NO_PAD.encode(json!({"alg": "ECDH-ES+A256KW", "kid": kid}).to_string());
    let read = decode::key_id(&format!("{header}.a.b.c.d"));
    let usable = !kid.is_empty() && kid.len() <= 255 && !kid.chars().any(char::is_control);
    assert_eq!(read.as_ref().map(domain::ids::KeyId::as_str), usable.then_some(kid));
}
