//! A private key in the forms in which people paste one: PEM on several lines, on one, with `\n` for its line ends; a
//! JWK, or a set of them; base64 of any of these. What is none of them is named for what it is.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use openssl::{pkey::PKey, x509::X509};
use serde_json::{Map, Value};

use crate::pasted;

/// Base64 with or without padding.
const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, INDIFFERENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, INDIFFERENT);

/// One private key, of whatever kind.
pub(super) enum Form {
    /// PKCS#8, PKCS#1 or SEC 1, in PEM with lines.
    Pem(String),
    /// The members of a private JWK.
    Jwk(Map<String, Value>),
}

type Fault = String;

/// Reads it; `key_id` chooses from a set of several.
///
/// # Errors
/// What it is instead, as the end of a sentence that begins with the file's name; nothing of its contents.
pub(super) fn read(text: &str, key_id: Option<&str>) -> Result<Form, Fault> {
    let bare = pasted::bare(text);
    if let Some(form) = plain(bare, key_id)? {
        return Ok(form);
    }
    let Some(bytes) = base64(bare) else { return Err(named(bare)) };
    // Twice, as where the value of a Secret's `data` was put into `stringData`.
    let inner = std::str::from_utf8(&bytes).ok().map(pasted::bare);
    let again = inner.filter(|text| !shows_its_form(text)).and_then(base64);
    encoded(again.as_ref().unwrap_or(&bytes), key_id)
}

/// JSON or PEM, and no base64.
fn shows_its_form(text: &str) -> bool {
    text.starts_with(['{', '[']) || text.contains("-----BEGIN")
}

/// What shows its form by itself.
fn plain(text: &str, key_id: Option<&str>) -> Result<Option<Form>, Fault> {
    if text.starts_with('{') || text.starts_with('[') {
        return json(text, key_id).map(Some);
    }
    if text.contains("-----BEGIN") {
        return pem(text).map(|pem| Some(Form::Pem(pem)));
    }
    Ok(None)
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let text = without_line_ends(text);
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if text.len() < 64 {
        return None;
    }
    STANDARD.decode(&text).or_else(|_| URL_SAFE.decode(&text)).ok()
}

fn encoded(bytes: &[u8], key_id: Option<&str>) -> Result<Form, Fault> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(form) = plain(pasted::bare(text), key_id)?
    {
        return Ok(form);
    }
    if PKey::private_key_from_der(bytes).is_ok() {
        let key = PKey::private_key_from_der(bytes).and_then(|key| key.private_key_to_pem_pkcs8());
        let pem = key.ok().and_then(|pem| String::from_utf8(pem).ok());
        return pem.map(Form::Pem).ok_or_else(|| "cannot be used".into());
    }
    if PKey::public_key_from_der(bytes).is_ok() {
        return Err("is a public key; put the private one in, which was made with it".into());
    }
    if X509::from_der(bytes).is_ok() {
        return Err(OF_A_CERTIFICATE.into());
    }
    Err("is base64 of something that is no private key".into())
}

const OF_A_CERTIFICATE: &str = "is a certificate; put the private key in that belongs to it";

/// What is neither PEM, JSON nor base64.
fn named(text: &str) -> Fault {
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    if starts(&["ssh-", "ecdsa-sha2-"]) {
        return "is a public key of OpenSSH; put a private key in PEM in".into();
    }
    if starts(&["PuTTY-"]) {
        return "is a key of PuTTY; export it as PEM (puttygen KEY -O private-openssh, then ssh-keygen -p -m PEM)".into();
    }
    if starts(&["data:"]) {
        return "is a data URL; put only what stands behind its comma in".into();
    }
    if text.contains("BEGIN") && text.contains("KEY") {
        return "has other marks than five hyphens around BEGIN and END, as word processors write them"
            .into();
    }
    if starts(&["SSWS ", "Bearer "]) || text.len() < 64 && text.starts_with("00") {
        return "looks like an API token; with `auth: {apiToken: {}}` it belongs into okta-api-token".into();
    }
    if starts(&["eyJ"]) && text.matches('.').count() >= 2 {
        return "is a signed token (JWT)".into();
    }
    if starts(&["/", "./", "file:", "vault:", "$", "<"]) {
        return "is a path or a reference to a key, and not the key".into();
    }
    "is no private key in PEM or JWK form".into()
}

/// `\n` and `\r`, written as two characters, are line ends: neither PEM nor base64 has a backslash.
fn without_line_ends(text: &str) -> String {
    text.replace("\\\\", "\\").replace("\\r", "\n").replace("\\n", "\n")
}

/// A section of PEM: its label and its base64, or why it has none.
struct Section<'a> {
    label: &'a str,
    body: &'a str,
}

/// The one private key, with lines of 64 characters.
fn pem(text: &str) -> Result<String, Fault> {
    if text.contains("-----BEGIN%20") || text.contains("-----BEGIN+") {
        return Err("is percent-encoded, as in a URL; decode it first".into());
    }
    let text = without_line_ends(text);
    let sections = sections(&text)?;
    let is_key = |s: &&Section<'_>| matches!(s.label, "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY");
    let mut keys = sections.iter().filter(is_key);
    match (keys.next(), keys.next()) {
        (Some(key), None) => lines(key),
        (Some(_), Some(_)) => Err("holds several private keys; leave only one in".into()),
        (None, _) => Err(instead(&sections)),
    }
}

fn sections(text: &str) -> Result<Vec<Section<'_>>, Fault> {
    let cut = || Fault::from("is cut off: a line BEGIN has no line END of the same name");
    let mut sections = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or_else(cut)?;
        let (body, after) = after.split_once(&format!("-----END {label}-----")).ok_or_else(cut)?;
        sections.push(Section { label, body });
        rest = after;
    }
    Ok(sections)
}

fn instead(sections: &[Section<'_>]) -> Fault {
    let has = |word: &str| sections.iter().any(|section| section.label.contains(word));
    if has("ENCRYPTED") {
        return ENCRYPTED.into();
    }
    if has("OPENSSH") {
        return "is a key in OpenSSH's own form; turn a copy into PEM (ssh-keygen -p -m PEM -f COPY)".into();
    }
    if has("PRIVATE KEY") {
        return "is a private key of a kind that Okta takes no signature of".into();
    }
    if has("REQUEST") {
        return "is a request for a certificate; put the private key in that belongs to it".into();
    }
    if has("CERTIFICATE") {
        return OF_A_CERTIFICATE.into();
    }
    if has("PUBLIC KEY") {
        return "is a public key; put the private one in, which was made with it".into();
    }
    "is PEM of something that is no private key".into()
}

const ENCRYPTED: &str = "is encrypted with a passphrase; take it off (openssl pkey -in OLD -out NEW)";

fn lines(key: &Section<'_>) -> Result<String, Fault> {
    if key.body.contains("ENCRYPTED") {
        return Err(ENCRYPTED.into());
    }
    let body: String = key.body.chars().filter(|c| !c.is_whitespace() && !pasted::is_unseen(*c)).collect();
    if !body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')) {
        return Err("is PEM with characters between BEGIN and END that no PEM has".into());
    }
    let mut pem = format!("-----BEGIN {}-----\n", key.label);
    for (at, letter) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    Ok(pem + &format!("\n-----END {}-----\n", key.label))
}

fn json(text: &str, key_id: Option<&str>) -> Result<Form, Fault> {
    let read = serde_json::from_str(text);
    // With its quotation marks escaped, as out of another JSON.
    let read = read.or_else(|_| {
        serde_json::from_str::<String>(&format!("\"{text}\"")).and_then(|text| serde_json::from_str(&text))
    });
    match read {
        Ok(Value::Object(members)) => match members.get("keys") {
            Some(Value::Array(keys)) => of_set(keys, key_id).map(Form::Jwk),
            _ => private(members).map(Form::Jwk),
        },
        Ok(Value::Array(keys)) => of_set(&keys, key_id).map(Form::Jwk),
        _ => Err("begins like a JWK but is no JSON, as if it was cut off".into()),
    }
}

/// The one private key of a set, or the one with the connection's `keyId`.
fn of_set(keys: &[Value], key_id: Option<&str>) -> Result<Map<String, Value>, Fault> {
    let private: Vec<_> =
        keys.iter().filter_map(Value::as_object).filter(|key| key.contains_key("d")).collect();
    let named: Vec<_> = private
        .iter()
        .filter(|key| key_id.is_some() && key.get("kid").and_then(Value::as_str) == key_id)
        .collect();
    match (private.as_slice(), named.as_slice()) {
        ([one], _) => Ok((*one).clone()),
        (_, [one]) => Ok((**one).clone()),
        ([], _) if keys.is_empty() => Err("is a set of JWKs without any key".into()),
        ([], _) => Err("is a set of public JWKs; put the private JWK in, which has the member `d`".into()),
        _ => Err(format!(
            "is a set of {} private JWKs, of which not exactly one has the connection's `keyId` as its `kid`; put that \
             one in alone",
            private.len()
        )),
    }
}

fn private(members: Map<String, Value>) -> Result<Map<String, Value>, Fault> {
    if members.contains_key("d") {
        return Ok(members);
    }
    let kind = members.get("kty").and_then(Value::as_str);
    Err(match kind {
        Some("oct") => "is a JWK of a shared secret (`kty` oct)".into(),
        Some(_) => "is a public JWK; put the private JWK in, which has the member `d`".into(),
        None => "is JSON and no JWK: it has no `kty`".into(),
    })
}
