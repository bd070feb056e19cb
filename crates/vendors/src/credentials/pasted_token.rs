//! One token, as people paste it.

use crate::pasted;

/// Words that stand before a token in a header, not in it.
const WORDS: [&str; 3] = ["Authorization:", "SSWS ", "Bearer "];

/// The token alone.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the file's name; nothing of the token.
pub(super) fn read(text: &str) -> Result<String, String> {
    let mut token = pasted::bare(text);
    for word in WORDS {
        if let Some(rest) = without(token, word) {
            token = pasted::bare(rest);
        }
    }
    if token.is_empty() {
        return Err("is empty; expected one token".into());
    }
    if WORDS.iter().any(|word| word.trim_end().eq_ignore_ascii_case(token)) {
        return Err("has only the word that stands before a token; expected one token".into());
    }
    if let Some(other) = another(token) {
        return Err(format!("{other}; expected one token"));
    }
    match token.chars().enumerate().find(|(_, c)| !c.is_ascii_graphic()) {
        None => Ok(token.to_owned()),
        Some((_, '\n' | '\r')) => Err("has more than one line; expected one token".into()),
        Some((place, c)) => Err(format!(
            "has blanks or other characters that no token has, the first at place {}{}; expected one token",
            place + 1,
            unseen(c)
        )),
    }
}

/// A letter may be one of a secret; a character that nobody sees is none.
fn unseen(c: char) -> String {
    if c.is_whitespace() || c.is_control() || pasted::is_unseen(c) {
        format!(" (U+{:04X})", u32::from(c))
    } else {
        String::new()
    }
}

fn without<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}

fn another(token: &str) -> Option<&'static str> {
    if token.contains("-----BEGIN") {
        return Some("is a key or certificate in PEM");
    }
    if token.starts_with(['{', '[']) {
        return Some("is JSON; put the token alone in");
    }
    // A slash alone tells nothing: base64 may begin with one.
    let is_filled_in_later = ["${", "$(", "{{"].iter().any(|start| token.starts_with(start));
    let is_framed = token.starts_with('<') && token.ends_with('>');
    if is_filled_in_later || is_framed || token.starts_with("vault:") || token.contains("://") {
        return Some("is a URL or a reference to a token, and not the token");
    }
    if token.contains(['"', '\'', '`', '\\']) {
        return Some("has quotation marks or backslashes in it, which no token has");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_around_a_token_is_taken_off() {
        for pasted in [
            "00abcDEF",
            "00abcDEF\r\n",
            "\"00abcDEF\"",
            "'00abcDEF'\n",
            "SSWS 00abcDEF",
            "ssws  00abcDEF\n",
            "Bearer 00abcDEF",
            "Authorization: SSWS 00abcDEF",
            "\"SSWS 00abcDEF\"",
            "authorization: bearer '00abcDEF'",
            "\u{feff}00abcDEF",
            "00abcDEF\\n",
            "\u{a0}00abcDEF\u{200b} \t",
        ] {
            assert_eq!(read(pasted).as_deref(), Ok("00abcDEF"), "{pasted:?}");
        }
    }

    #[test]
    fn what_is_no_token_is_named_and_not_shown() {
        for (pasted, words) in [
            ("", "empty"),
            ("\"\"", "empty"),
            ("SSWS ", "only the word"),
            ("Bearer", "only the word"),
            ("secretA secretB", "place 8 (U+0020)"),
            ("secretA\u{200b}B", "place 8 (U+200B)"),
            ("secretA\nsecretB", "more than one line"),
            ("secretAöB", "place 8;"),
            ("-----BEGIN PRIVATE KEY-----\nsecretA\n", "PEM"),
            ("{\"token\": \"secretA\"}", "JSON"),
            ("\"secretA", "quotation marks"),
            ("token: secretA", "place 7"),
            ("${secretA}", "a reference"),
            ("<secretA>", "a reference"),
            ("https://acme.okta.com/secretA", "a URL"),
            ("vault:secretA", "a reference"),
            ("secretA\tsecretB", "place 8 (U+0009)"),
            ("secretA\u{2028}secretB", "place 8 (U+2028)"),
        ] {
            let said = read(pasted).unwrap_err();
            assert!(
                said.contains(words) && !said.contains("secret") && !said.contains('ö'),
                "{pasted:?}: {said}"
            );
        }
    }
}
