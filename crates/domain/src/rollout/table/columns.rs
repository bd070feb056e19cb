//! The names of the columns: which of them are meant, and which nobody reads.

use super::unreadable::Unreadable;
use crate::{directory, text};

/// Columns that tell who gets which key.
const OF_THE_ROLLOUT: [&str; 3] = ["login", "id", "model"];

/// Columns that a message names, and letters of one of them.
const NAMED: usize = 5;
const LETTERS: usize = 40;

/// The login as Okta's own pages and exports call it.
const USERNAME: &str = "username";

/// What others call our columns. Never taken, only said: a column of another name may mean something else.
const OTHERS: [(&str, &str); 27] = [
    ("key", "model"),
    ("keymodel", "model"),
    ("product", "model"),
    ("yubikey", "model"),
    ("user", "login"),
    ("upn", "login"),
    ("userprincipalname", "login"),
    ("userid", "id"),
    ("oktaid", "id"),
    ("mail", "email"),
    ("secondaryemail", "secondEmail"),
    ("personalemail", "secondEmail"),
    ("givenname", "firstName"),
    ("surname", "lastName"),
    ("familyname", "lastName"),
    ("phone", "primaryPhone"),
    ("telephone", "primaryPhone"),
    ("mobilephone", "primaryPhone"),
    ("street", "streetAddress"),
    ("address", "streetAddress"),
    ("province", "state"),
    ("region", "state"),
    ("zip", "zipCode"),
    ("postalcode", "zipCode"),
    ("postcode", "zipCode"),
    ("country", "countryCode"),
    ("company", "organization"),
];

/// The names of columns that the operator has itself: Okta's attributes, and those of the rollout.
fn ours() -> impl Iterator<Item = &'static str> {
    OF_THE_ROLLOUT.into_iter().chain(directory::ATTRIBUTES_OF_NEW_PEOPLE.iter().map(|(name, _)| *name))
}

/// Without capitals, blanks and the marks that stand between words: `E-mail`, `first_name`.
fn bare(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '-' | '_' | '.')).flat_map(char::to_lowercase).collect()
}

fn meant(name: &str) -> Option<&'static str> {
    let bare_name = bare(name);
    if bare_name == USERNAME {
        return Some("login");
    }
    ours().find(|known| bare(known) == bare_name)
}

/// How many of these are names of columns.
pub(super) fn known(header: &[String]) -> usize {
    header.iter().filter(|name| meant(name).is_some()).count()
}

/// The columns by our names; `None` for one without a name.
pub(super) fn read(header: &[String]) -> Result<Vec<Option<&'static str>>, Unreadable> {
    // Without a header the first line is a person: nothing of it is repeated.
    if known(header) == 0 {
        return Err(foreign(header).unwrap_or_else(|| Unreadable::NoPerson(String::new())));
    }
    let unknown: Vec<_> =
        header.iter().filter(|name| !name.is_empty() && meant(name).is_none()).map(String::as_str).collect();
    let columns: Vec<_> = header.iter().map(|name| meant(name)).collect();
    let names_a_person = columns.contains(&Some("login")) || columns.contains(&Some("id"));
    if !names_a_person {
        let near = unknown.iter().find_map(|name| near(name).filter(|near| matches!(*near, "login" | "id")));
        let hint = near.map(|near| format!("; is {near} meant by one of its columns?"));
        return Err(Unreadable::NoPerson(hint.unwrap_or_default()));
    }
    let mut sorted: Vec<_> = columns.iter().flatten().collect();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Unreadable::DoubleColumn(pair[0].to_string()));
    }
    if let Some(pair) = twice(&unknown) {
        return Err(Unreadable::DoubleColumn(shown(pair)));
    }
    if !unknown.is_empty() {
        return Err(Unreadable::UnknownColumns(list(&unknown)));
    }
    Ok(columns)
}

/// Does the line hold one of our names and nothing of a person?
pub(super) fn is_repeated(fields: &[String], columns: &[Option<&'static str>]) -> bool {
    let mut filled = columns.iter().zip(fields).filter(|(_, value)| !value.is_empty()).peekable();
    filled.peek().is_some() && filled.all(|(column, value)| column.is_some() && meant(value) == *column)
}

/// Our names, parted or quoted by something that no table has. Named by its code point alone: if it is none of this, the
/// line is a person.
fn foreign(header: &[String]) -> Option<Unreadable> {
    let line = header.join(" ");
    let inside = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
    let parts = |mark: char| -> Vec<String> {
        line.split(mark).map(text::tidy).filter(|part| !part.is_empty()).collect()
    };
    for mark in line.chars().filter(|c| !inside(c)) {
        let names = parts(mark);
        let bare: Vec<_> = names.iter().map(|name| name.trim_matches(is_quotation).to_owned()).collect();
        let count = known(&bare);
        if count > 0 && is_quotation(mark) {
            return Some(Unreadable::Quotes(text::code_point(mark)));
        }
        if count > 1 || (count == 1 && names.len() > 1 && mark != ' ') {
            return Some(Unreadable::OtherSeparator(text::code_point(mark)));
        }
    }
    None
}

/// What word processors and other programs put for `"`.
fn is_quotation(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{b4}' | '\u{ab}' | '\u{bb}' | '\u{2018}'
            ..='\u{201f}' | '\u{2039}' | '\u{203a}' | '\u{ff02}'
    )
}

fn twice<'a>(names: &[&'a str]) -> Option<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// Ours that this one may stand for: another's word for it, or a slip of the fingers.
fn near(name: &str) -> Option<&'static str> {
    let name: String = bare(name).chars().filter(|c| !is_unseen(*c)).take(LETTERS).collect();
    let word = OTHERS.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    let slip = || {
        if let Some(same) = ours().find(|ours| bare(ours) == name) {
            return Some(same);
        }
        let scored = ours().map(|ours| (strsim::damerau_levenshtein(&name, &bare(ours)), ours));
        let (distance, ours) = scored.min_by_key(|(distance, _)| *distance)?;
        (distance <= 1 + ours.len() / 5 && distance < ours.len()).then_some(ours)
    };
    word.or_else(slip)
}

/// A name, short; a character that nobody sees by its code point.
fn shown(name: &str) -> String {
    let seen = |c: char| if is_unseen(c) { format!("<{}>", text::code_point(c)) } else { c.to_string() };
    name.chars().take(LETTERS).map(seen).collect()
}

fn is_unseen(c: char) -> bool {
    text::fault(c.encode_utf8(&mut [0; 4])).is_some()
}

fn list(names: &[&str]) -> String {
    let one = |name: &&str| match near(name) {
        Some(near) => format!("{} (is {near} meant?)", shown(name)),
        None => shown(name),
    };
    let shown: Vec<_> = names.iter().take(NAMED).map(one).collect();
    let more = names.len().saturating_sub(NAMED);
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{and_more}", shown.join(", "))
}
