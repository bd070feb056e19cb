//! The rows: who, which model, and what is wrong with each.

use std::collections::BTreeMap;

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
    /// Why it cannot be used; no value of it is repeated.
    Faulty(Vec<String>),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Line of the file, the header's is 1.
    pub line: u64,
    /// Okta login, if it can be one.
    pub login: Option<String>,
    /// Okta user id, if it can be one.
    pub id: Option<String>,
    /// Key model.
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

    /// In words.
    #[must_use]
    pub fn says(&self) -> String {
        match &self.outcome {
            Outcome::Ordered if self.under_way => "under way: taken over".to_owned(),
            Outcome::Ordered => "gets a key".to_owned(),
            Outcome::Done => "completed already: left out".to_owned(),
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
    Ok(exported(text, given)?.into_iter().map(|raw| judge(raw, model, models, &mut seen)).collect())
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
            "the template gave up: look for its shipment id in the YubiEnterprise Console (docs/migrating.md)".to_owned(),
        ),
        Some(_) => faults.push("its state is none of ongoing, completed and error".to_owned()),
    }
    let keys = [id.clone(), login.as_ref().map(|login| login.to_lowercase())];
    for key in keys.into_iter().flatten() {
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

    #[test]
    fn what_is_no_table_is_refused_with_the_next_step() {
        for text in ["", "name,city\nann,Bonn\n"] {
            let fault = read(text, &[], None, None).unwrap_err();
            assert!(!fault.next.is_empty() && !fault.what.contains("Bonn"), "{fault}");
        }
    }
}
