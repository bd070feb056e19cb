//! Bytes of a file as text. What is unambiguous is read; the rest is refused by its name, for letters that are guessed
//! become the name on a label.

use thiserror::Error;

/// Why a file is not read as text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotText {
    /// A workbook or another archive.
    #[error("it is a workbook of Excel or another archive; save the sheet as \"CSV UTF-8\"")]
    Workbook,
    /// UTF-16 that breaks off or pairs wrongly.
    #[error(
        "it begins like UTF-16 and cannot be read to its end; save it as UTF-8 (in Excel: \"CSV UTF-8\")"
    )]
    BrokenUtf16,
    /// UTF-16 or UTF-32 that does not say which.
    #[error(
        "it is UTF-16 or UTF-32 without a byte order mark of UTF-16; save it as UTF-8 (in Excel: \"CSV UTF-8\")"
    )]
    Wide,
    /// An encoding of one byte a letter: only its author knows which.
    #[error(
        "line {line} has the byte 0x{byte:02X}, which is no UTF-8: it is in another encoding, such as Windows-1252 or Latin-1; save it as UTF-8 (in Excel: \"CSV UTF-8\")"
    )]
    OneByte {
        /// Line of the file, the first is 1.
        line: usize,
        /// The first byte that does not fit.
        byte: u8,
    },
}

/// Reads UTF-8, with a byte order mark or without, and UTF-16 with one.
///
/// # Errors
/// [`NotText`], naming what the file seems to be.
pub fn decode(bytes: &[u8]) -> Result<String, NotText> {
    match bytes {
        [b'P', b'K', 3, 4, ..] | [0x1f, 0x8b, ..] => return Err(NotText::Workbook),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(NotText::Wide),
        [0xff, 0xfe, rest @ ..] => return wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return wide(rest, u16::from_be_bytes),
        _ => {}
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => Err(NotText::Wide),
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            if good.contains(&0) {
                return Err(NotText::Wide);
            }
            let line = good.split(|byte| *byte == b'\n').count();
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            Err(NotText::OneByte { line, byte })
        }
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NotText::BrokenUtf16);
    }
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| NotText::BrokenUtf16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2], mark: [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    }

    #[test]
    fn what_says_how_it_is_written_is_read() {
        let text = "login,city\nann@x.example,Köln 😀\n";
        assert_eq!(decode(text.as_bytes()).as_deref(), Ok(text));
        assert_eq!(decode(&utf16(text, u16::to_le_bytes, [0xff, 0xfe])).as_deref(), Ok(text));
        assert_eq!(decode(&utf16(text, u16::to_be_bytes, [0xfe, 0xff])).as_deref(), Ok(text));
        assert_eq!(decode(b""), Ok(String::new()));
    }

    #[test]
    fn what_does_not_is_refused_by_its_name() {
        let latin: &[u8] = b"login,city\nann@x.example,K\xf6ln\n";
        let says = decode(latin).unwrap_err().to_string();
        assert!(says.contains("line 2") && says.contains("0xF6") && says.contains("Windows-1252"), "{says}");
        let bare: Vec<u8> = utf16("login\n", u16::to_le_bytes, [b'x', 0]);
        for (bytes, desired) in [
            (bare.as_slice(), NotText::Wide),
            (b"\xff\xfe\0\0l\0\0\0", NotText::Wide),
            (b"PK\x03\x04zip", NotText::Workbook),
            (b"\xff\xfel\0o", NotText::BrokenUtf16),
            (b"\xff\xfe\x00\xd8l\0", NotText::BrokenUtf16),
            (b"a\0\xf6", NotText::Wide),
        ] {
            assert_eq!(decode(bytes), Err(desired), "{bytes:?}");
        }
    }
}
