//! Text as people paste it into a file: what editors, shells and templates put around it is taken off, and nothing of
//! what is inside is guessed.

/// The text of a file; UTF-16 is what some shells write, and it says so in its first two bytes.
pub(crate) fn text(bytes: Vec<u8>) -> Option<String> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let pairs = rest.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return None;
        }
        let units: Vec<u16> = pairs.map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// Without blanks, line ends, also written as `\n`, characters that nobody sees, and one pair of quotation marks.
pub(crate) fn bare(text: &str) -> &str {
    let mut bare = trimmed(text);
    for mark in ['"', '\'', '`'] {
        let inside = bare.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
        if let Some(inside) = inside.filter(|inside| !inside.contains(mark) || mark == '"') {
            bare = trimmed(inside);
            break;
        }
    }
    bare
}

fn trimmed(text: &str) -> &str {
    let mut text = text;
    loop {
        let unseen = |c: char| c.is_whitespace() || is_unseen(c);
        let next = text.trim_matches(unseen);
        let next = next.strip_suffix("\\n").or_else(|| next.strip_suffix("\\r")).unwrap_or(next);
        if next.len() == text.len() {
            return text;
        }
        text = next;
    }
}

/// Characters without a shape: the mark of byte order, joiners, marks of direction, controls.
pub(crate) const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{ad}' | '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_text_is_taken_off_and_nothing_inside() {
        for pasted in [
            "00abc",
            "00abc\n",
            "\u{feff}00abc\r\n",
            " \t00abc ",
            "\"00abc\"",
            "'00abc'\n",
            "`00abc`",
            "00abc\\n",
            "\u{a0}00abc\u{200b}",
            "\"00abc\\r\\n\"\n",
        ] {
            assert_eq!(bare(pasted), "00abc", "{pasted:?}");
        }
        for inside in ["00\"abc", "00abc\"", "'00abc", "00 abc", "", "'"] {
            assert_eq!(bare(inside), inside);
        }
    }

    #[test]
    fn utf_16_is_read_where_it_says_so() {
        let little: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("00abc".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("00abc".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(text(little).as_deref(), Some("00abc"));
        assert_eq!(text(big).as_deref(), Some("00abc"));
        assert_eq!(text(vec![0xff, 0xfe, 0x30]), None);
        assert_eq!(text(vec![0x30, 0xff]), None);
    }
}
