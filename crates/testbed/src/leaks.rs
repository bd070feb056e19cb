//! Looks for secrets in everything that others can read: logs, Events, objects, metrics.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::{
    folder::{self, Folder},
    setup::Fault,
};

/// Of what is longer than this, the middle is looked for: a line that was cut leaks too.
const WHOLE: usize = 32;

/// Something that must not leak.
#[derive(Debug, Clone, Deserialize)]
pub struct Secret {
    /// What it is, such as `pin`.
    pub kind: String,
    /// The secret itself.
    pub value: String,
}

/// What was found where; never the value itself.
///
/// # Errors
/// A file of the folder cannot be read.
pub fn find(folder: &Folder) -> Result<Vec<String>, Fault> {
    let secrets: Vec<Secret> = folder.load(folder::SECRETS)?;
    let mut needles = Vec::new();
    for (index, secret) in secrets.iter().enumerate() {
        needles.extend(forms(&secret.value).into_iter().map(|(form, needle)| (index, form, needle)));
    }
    let finder = AhoCorasick::new(needles.iter().map(|(_, _, needle)| needle))?;
    let mut found = BTreeSet::new();
    let mut places = folder.logs()?;
    places.extend(
        [folder::EVENTS, folder::SHIPMENTS, folder::ROLLOUTS, folder::CONNECTIONS, folder::METRICS]
            .map(str::to_owned),
    );
    for place in places {
        let text = folder.text(&place)?;
        for hit in finder.find_overlapping_iter(&text) {
            let (index, form, _) = &needles[hit.pattern().as_usize()];
            let secret = &secrets[*index];
            // Sealed requests and responses belong into a shipment while they are needed.
            let belongs = secret.kind == "jwe" && place == folder::SHIPMENTS;
            if !belongs && is_whole(&text, hit.start(), hit.end()) {
                found.insert(format!(
                    "leak: {} of {} characters (number {index}) in {place} as {form}",
                    secret.kind,
                    secret.value.len()
                ));
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// A value as it is, and as the encodings in use write it; of what is long the middle.
#[must_use]
pub fn forms(value: &str) -> Vec<(&'static str, String)> {
    let quoted = serde_json::Value::from(value).to_string();
    let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let forms = [
        ("it is", value.to_owned()),
        ("JSON", quoted.trim_matches('"').to_owned()),
        ("base64", STANDARD.encode(value).trim_end_matches('=').to_owned()),
        ("base64url", URL_SAFE_NO_PAD.encode(value)),
        ("URL", encoded.clone()),
        ("form", encoded.replace("%20", "+")),
    ];
    let mut seen = BTreeSet::new();
    let cut = forms.map(|(form, text)| (form, middle(&text)));
    cut.into_iter().filter(|(_, text)| seen.insert(text.clone())).collect()
}

fn middle(text: &str) -> String {
    let letters: Vec<_> = text.chars().collect();
    if letters.len() <= WHOLE {
        return text.to_owned();
    }
    let middle = letters.len() / 2;
    letters[middle - WHOLE / 2..middle + WHOLE / 2].iter().collect()
}

/// Does the text hold this form of a secret?
#[must_use]
pub fn holds(text: &str, form: &str) -> bool {
    text.match_indices(form).any(|(at, _)| is_whole(text, at, at + form.len()))
}

/// Numbers count only whole: a PIN is no part of a time.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let number = bytes[start..end].iter().all(u8::is_ascii_digit);
    !number || !digit(start.checked_sub(1)) && !digit(Some(end))
}
