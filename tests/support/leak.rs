//! Looks for secrets in everything that others can read.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::sandbox::Secret;

/// A text that others can read.
pub struct Haystack {
    pub name: &'static str,
    pub text: String,
    /// Sealed requests and responses belong there while they are needed.
    pub may_hold_jwes: bool,
}

/// What was found where; never the value itself.
pub fn find(secrets: &[Secret], haystacks: &[Haystack]) -> Vec<String> {
    let mut found = Vec::new();
    for haystack in haystacks {
        for secret in secrets.iter().filter(|secret| secret.kind != "jwe" || !haystack.may_hold_jwes) {
            for (form, needle) in forms(secret) {
                if contains(&haystack.text, &needle) {
                    found.push(format!(
                        "{} of {} characters in {} as {form}",
                        secret.kind,
                        secret.value.len(),
                        haystack.name
                    ));
                }
            }
        }
    }
    found
}

/// As it is, as the encodings in use write it, and the middle of what is long: a line that was cut leaks too.
pub fn forms(secret: &Secret) -> Vec<(&'static str, String)> {
    let value = secret.value.as_str();
    let quoted = serde_json::to_string(value).unwrap();
    let mut forms = vec![
        ("it is", value.to_owned()),
        ("JSON", quoted.trim_matches('"').to_owned()),
        ("base64", STANDARD.encode(value).trim_end_matches('=').to_owned()),
        ("base64url", URL_SAFE_NO_PAD.encode(value)),
        ("URL", utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()),
        ("form", utf8_percent_encode(value, NON_ALPHANUMERIC).to_string().replace("%20", "+")),
    ];
    let letters: Vec<_> = value.chars().collect();
    if letters.len() >= 96 {
        let middle = letters.len() / 2;
        forms.push(("a part", letters[middle - 16..middle + 16].iter().collect()));
    }
    forms
}

/// Numbers count only whole: a PIN is no part of a time.
fn contains(text: &str, needle: &str) -> bool {
    if !needle.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.contains(needle);
    }
    let digit = |at: Option<u8>| at.is_some_and(|byte| byte.is_ascii_digit());
    let bytes = text.as_bytes();
    text.match_indices(needle).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at).copied());
        !digit(before) && !digit(bytes.get(at + needle.len()).copied())
    })
}
