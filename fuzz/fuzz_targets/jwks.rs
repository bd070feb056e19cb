//! Yubico's two key sets: what is taken is a P-384 key that Okta takes too.
#![no_main]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::vendor_states::PublicKey;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vendors::{
    http::{Answer, Api, Nature},
    yubico::decode,
};
use yubikey_shipment_fuzz::{
    answer::{self, body, text},
    is_fair,
};

fuzz_target!(|input: &[u8]| {
    let Some((_, answer)) = answer::parse(input, Api::Yubico, |_| Nature::Read) else { return };
    for (purpose, found) in [("enc", decode::transport_keys(&answer)), ("sig", decode::signing_keys(&answer))]
    {
        match found {
            Ok(keys) => usable(&answer, purpose, &keys),
            Err(error) if answer.is_success() && error.failure.reason.as_str() == "VendorKeysUnusable" => {}
            Err(error) => is_fair(&answer, &error),
        }
    }
});

fn usable(answer: &Answer, purpose: &str, keys: &[PublicKey]) {
    assert!(answer.is_success() && !keys.is_empty());
    let sent = body(answer);
    let sent = sent["keys"].as_array().expect("a list");
    for key in keys {
        assert!(!key.kid.is_empty() && key.kid.len() <= 255);
        for coordinate in [&key.x, &key.y] {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(coordinate).expect("base64url");
            assert_eq!(bytes.len(), 48);
            assert_eq!(&BASE64_URL_SAFE_NO_PAD.encode(bytes), coordinate, "printed and read again");
        }
        let same = |one: &&Value| {
            text(one, "kid") == Some(&key.kid)
                && text(one, "x") == Some(&key.x)
                && text(one, "y") == Some(&key.y)
        };
        let of_that_purpose = |one: &Value| {
            text(one, "kty") == Some("EC")
                && text(one, "crv") == Some("P-384")
                && text(one, "use").is_none_or(|own| own == purpose || own.is_empty())
                && one.get("d").is_none()
        };
        assert!(sent.iter().filter(same).any(of_that_purpose), "a key out of nothing, or for something else");
    }
}
