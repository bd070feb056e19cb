//! The rows: who, which model, and what is wrong with each.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{Login, UserId},
    rollout::table,
};

use super::columns::{self, Field};
use crate::fault::{Fault, Result};

/// Letters of a login that a manifest takes.
const LOGIN: std::ops::RangeInclusive<usize> = 5..=100;

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is part of the rollout.
    Ordered,
    /// The Workflows template has finished it.
    Done,
    /// The Workflows template gave this order up, and another row of the person counts.
    Superseded,
    /// Why it cannot be used; no value of it is repeated.
    Faulty(Vec<String>),
}

/// One row of the file, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Line of the file, the header's is 1.
    pub line: u64,
    /// Okta login, if it can be one.
    pub login: Option<String>,
    /// Okta user id, if it can be one.
    pub id: Option<String>,
    /// Name of an entry of the connection's `keys`; absent: the rollout's.
    pub model: Option<String>,
    /// The Workflows template has ordered it.
    pub under_way: bool,
    /// What becomes of it.
    pub outcome: Outcome,
}

impl Found {
    /// Can it not be used?
    #[must_use]
    pub const fn is_faulty(&self) -> bool {
        matches!(self.outcome, Outcome::Faulty(_))
    }

    /// What becomes of it, in a few words; no value of the row is repeated.
    #[must_use]
    pub fn says(&self) -> String {
        match &self.outcome {
            Outcome::Ordered if self.under_way => "under way: taken over".to_owned(),
            Outcome::Ordered => "gets a key".to_owned(),
            Outcome::Done => "completed already: left out".to_owned(),
            Outcome::Superseded => "given up, another row of the person counts: left out".to_owned(),
            Outcome::Faulty(faults) => faults.join("; "),
        }
    }
}

/// All rows of a file. `models`: those of the connection, if they can be compared.
///
/// # Errors
/// If it is no table, or tells nobody apart.
pub fn read(
    text: &str,
    given: &[(Field, String)],
    model: Option<&str>,
    models: Option<&[String]>,
) -> Result<Vec<Found>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut seen = BTreeMap::new();
    let rows = if given.is_empty() && !text.starts_with(';') { table::read(text).ok() } else { None };
    // A table of the operator's own is read as the operator reads it.
    if let Some(rows) = rows {
        let of = |row: &table::Row, name: &str| row.fields.get(name).cloned();
        let raw = rows.iter().map(|row| Raw {
            line: row.line as u64,
            login: of(row, "login"),
            id: of(row, "id"),
            model: of(row, "model"),
            state: None,
            fault: row.fault.clone(),
        });
        return Ok(raw.map(|raw| judge(raw, model, models, &mut seen)).collect());
    }
    let all = exported(text, given)?;
    let counting = counting(&all);
    Ok(all
        .into_iter()
        .map(|raw| {
            if is_superseded(&raw, &counting) {
                superseded(raw)
            } else {
                judge(raw, model, models, &mut seen)
            }
        })
        .collect())
}

/// Whom a row names.
fn keys(raw: &Raw) -> impl Iterator<Item = String> {
    [raw.id.clone(), raw.login.as_ref().map(|login| login.to_lowercase())].into_iter().flatten()
}

fn state(raw: &Raw) -> Option<String> {
    raw.state.as_ref().map(|state| state.to_ascii_lowercase())
}

/// People of whom a row says something else than that the template gave up. It leaves a row for each of its attempts.
fn counting(all: &[Raw]) -> BTreeSet<String> {
    all.iter().filter(|raw| state(raw).as_deref() != Some("error")).flat_map(keys).collect()
}

fn is_superseded(raw: &Raw, counting: &BTreeSet<String>) -> bool {
    state(raw).as_deref() == Some("error") && keys(raw).any(|key| counting.contains(&key))
}

fn superseded(raw: Raw) -> Found {
    let (under_way, outcome) = (false, Outcome::Superseded);
    Found { line: raw.line, login: raw.login, id: raw.id, model: raw.model, under_way, outcome }
}

struct Raw {
    line: u64,
    login: Option<String>,
    id: Option<String>,
    model: Option<String>,
    state: Option<String>,
    fault: Option<String>,
}

/// An export of another program: comma, semicolon or tab, whichever the first line has most of.
fn exported(text: &str, given: &[(Field, String)]) -> Result<Vec<Raw>> {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: u8| first.bytes().filter(|byte| *byte == mark).count();
    let delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(|mark| count(*mark)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let unreadable = |error: &csv::Error| {
        Fault::new(
            format!("the file is no table: {error}"),
            "save it as CSV, with the columns' names in the first line",
        )
    };
    let mut records = reader.records();
    let header = match records.next() {
        Some(header) => header.map_err(|error| unreadable(&error))?,
        None => return Err(Fault::new("the file is empty", "its first line names the columns")),
    };
    let header: Vec<_> = header.iter().map(str::to_owned).collect();
    let places = columns::places(&header, given)?;
    let mut raw = Vec::new();
    for record in records {
        let record = record.map_err(|error| unreadable(&error))?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        let of = |field: Field| {
            let place = places.iter().find(|(of, _)| *of == field)?.1;
            record.get(place).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        raw.push(Raw {
            line: record.position().map_or(0, csv::Position::line),
            login: of(Field::Login),
            id: of(Field::Id),
            model: of(Field::Model),
            state: of(Field::State),
            fault: (record.len() > header.len()).then(|| {
                "it has more fields than the first line; quote a field that holds a comma".to_owned()
            }),
        });
    }
    Ok(raw)
}

fn judge(
    raw: Raw,
    model: Option<&str>,
    models: Option<&[String]>,
    seen: &mut BTreeMap<String, u64>,
) -> Found {
    let mut faults = Vec::new();
    // Where an export has both, the id is the one that never changes.
    let id = raw.id.and_then(|id| valid(&id, UserId::new(&id).is_ok(), "the Okta user id", &mut faults));
    let login = raw.login.and_then(|login| {
        valid(
            &login,
            LOGIN.contains(&login.chars().count()) && Login::new(&login).is_ok(),
            "the login",
            &mut faults,
        )
    });
    let model = raw.model.or_else(|| model.map(str::to_owned));
    let state = raw.state.map(|state| state.to_ascii_lowercase());
    if id.is_none() && login.is_none() && faults.is_empty() {
        faults.push("it names nobody: neither login nor id".to_owned());
    }
    faults.extend(raw.fault);
    match (&model, models) {
        (None, _) => faults.push("it names no key model; give one with --model".to_owned()),
        (Some(model), Some(models)) if !models.contains(model) => {
            faults.push(format!("the connection has no such key model; it has {}", models.join(", ")));
        }
        _ => {}
    }
    match state.as_deref() {
        None | Some("ongoing" | "completed") => {}
        Some("error") => faults.push(
            "the template gave up: look for its shipment id in the YubiEnterprise Console. If it is there, write ongoing as its state; if not, remove the enrolment at Okta and empty its state, and a key is ordered (docs/migrating.md)".to_owned(),
        ),
        Some(_) => faults.push("its state is none of ongoing, completed and error".to_owned()),
    }
    let keys = [id.clone(), login.as_ref().map(|login| login.to_lowercase())];
    // Nothing is made of a row that is completed, however many there are of a person.
    let is_done = state.as_deref() == Some("completed");
    for key in keys.into_iter().flatten().filter(|_| !is_done) {
        match seen.get(&key) {
            Some(line) => {
                faults.push(format!("the same person as line {line}"));
                break;
            }
            None => {
                seen.insert(key, raw.line);
            }
        }
    }
    let outcome = match (faults.is_empty(), state.as_deref()) {
        (false, _) => Outcome::Faulty(faults),
        (true, Some("completed")) => Outcome::Done,
        (true, _) => Outcome::Ordered,
    };
    Found { line: raw.line, login, id, model, under_way: state.as_deref() == Some("ongoing"), outcome }
}

fn valid(value: &str, fits: bool, what: &str, faults: &mut Vec<String>) -> Option<String> {
    if fits {
        return Some(value.to_owned());
    }
    faults.push(format!("{what} is none that Okta knows"));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str, model: Option<&str>, models: Option<&[String]>) -> Vec<(u64, String)> {
        read(text, &[], model, models).unwrap().iter().map(|row| (row.line, row.says())).collect()
    }

    #[test]
    fn the_operators_own_table_is_read_as_the_operator_reads_it() {
        let found = says("login,model\nann@x.example,nfc\n\nbob@x.example,\n", Some("nano"), None);
        assert_eq!(found, [(2, "gets a key".to_owned()), (4, "gets a key".to_owned())]);
    }

    #[test]
    fn every_fault_is_told_by_row_and_no_value_is_repeated() {
        let text = "User Id;Username;Key;Street\n00u1;ann@x.example;nfc;Elm 1\n;ab;nfc;\n00u1;;nfc;\n;;nfc;x\n00u4;eve@x.example;gold;\n00u5;kim@x.example;;\n00u6;lou@x.example;nfc;x;y\n";
        let models = ["nfc".to_owned()];
        let found = says(text, None, Some(&models));
        let expected = [
            (2, "gets a key"),
            (3, "the login is none that Okta knows"),
            (4, "the same person as line 2"),
            (5, "it names nobody: neither login nor id"),
            (6, "the connection has no such key model; it has nfc"),
            (7, "it names no key model; give one with --model"),
            (8, "it has more fields than the first line; quote a field that holds a comma"),
        ];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
        assert!(!format!("{found:?}").contains("Elm"), "what is not asked for is not repeated");
    }

    #[test]
    fn rows_of_the_workflows_template_are_taken_over_left_out_or_told() {
        let text = "Okta User ID,Authenticator Enrollment ID,Shipment ID,State\n00u1,fwn1,s1,ongoing\n00u2,fwn2,s2,completed\n00u3,fwn3,s3,error\n00u4,fwn4,s4,odd\n";
        let found = says(text, Some("nfc"), None);
        let words: Vec<_> =
            found.iter().map(|(_, says)| says.split(':').next().unwrap_or_default()).collect();
        assert_eq!(
            words,
            [
                "under way",
                "completed already",
                "the template gave up",
                "its state is none of ongoing, completed and error"
            ]
        );
    }

    /// The header and the states are those of the template's flows; names of its people are in no row.
    #[test]
    fn each_row_that_the_template_leaves_has_one_end() {
        let map = r#""[{""authenticatorEnrollmentId"":""fwn1"",""kid"":""k1""}]""#;
        let row = |order: &str, user: &str, state: &str| format!("{order},{user},{map},{state}\n");
        let text = [
            "Shipment ID,User ID,Factor ID - Key ID map,Status\n".to_owned(),
            row("s1", "00u1", "ongoing"),
            row("s2", "00u2", "completed"),
            row("s3", "00u3", "error"),
            row("s4", "00u4", "error"),
            row("s5", "00u4", "ongoing"),
            row("s6", "00u2", "completed"),
            row("s7", "00u5", "completed"),
            row("s8", "00u5", "error"),
            row("", "00u6", ""),
            row("s9", "00u1", "Ongoing"),
            row("s10", "00u7", "error"),
            row("s11", "00u7", "ERROR"),
        ]
        .concat();
        let found = says(&text, Some("nfc"), None);
        let words: Vec<_> =
            found.iter().map(|(line, says)| (*line, says.split(':').next().unwrap_or_default())).collect();
        assert_eq!(
            words,
            [
                (2, "under way"),
                (3, "completed already"),
                (4, "the template gave up"),
                (5, "given up, another row of the person counts"),
                (6, "under way"),
                (7, "completed already"),
                (8, "completed already"),
                (9, "given up, another row of the person counts"),
                (10, "gets a key"),
                (11, "the same person as line 2"),
                (12, "the template gave up"),
                (13, "the template gave up"),
            ]
        );
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_next_step() {
        for text in ["", "name,city\nann,Bonn\n"] {
            let fault = read(text, &[], None, None).unwrap_err();
            assert!(!fault.next.is_empty() && !fault.what.contains("Bonn"), "{fault}");
        }
    }
}
