//! Records and fields, as RFC 4180 parts and quotes them.

use super::unreadable::Unreadable;
use crate::text;

/// What may part the fields.
pub(super) const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// After a quotation mark inside quotes: the end, or the first half of one that is meant.
    Closing,
}

/// The line it begins on, and its fields.
pub(super) type Record = (usize, Vec<String>);

/// Records that are not blank. Lines end with a line feed.
pub(super) fn read(text: &str, separator: char) -> Result<Vec<Record>, Unreadable> {
    let (mut all, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut at, mut line, mut began, mut opened) = (At::Start, 1, 1, 1);
    for letter in text.chars() {
        match (at, letter) {
            (At::Quoted, '"') => at = At::Closing,
            (At::Closing, '"') => {
                field.push('"');
                at = At::Quoted;
            }
            (At::Quoted, _) => field.push(letter),
            (At::Start, '"') if field.trim().is_empty() => {
                field.clear();
                (at, opened) = (At::Quoted, line);
            }
            (_, _) if letter == separator => {
                record.push(text::tidy(&std::mem::take(&mut field)));
                at = At::Start;
            }
            (_, '\n') => {
                record.push(text::tidy(&std::mem::take(&mut field)));
                keep(&mut all, began, std::mem::take(&mut record));
                (at, began) = (At::Start, line + 1);
            }
            (At::Start | At::Closing, ' ' | '\t') => {}
            (At::Closing, _) => return Err(Unreadable::TextAfterQuote(line)),
            (_, _) => {
                field.push(letter);
                at = At::Plain;
            }
        }
        line += usize::from(letter == '\n');
    }
    if at == At::Quoted {
        return Err(Unreadable::OpenQuote(opened));
    }
    record.push(text::tidy(&field));
    keep(&mut all, began, record);
    Ok(all)
}

fn keep(all: &mut Vec<Record>, line: usize, record: Vec<String>) {
    if record.iter().any(|field| !field.is_empty()) {
        all.push((line, record));
    }
}
