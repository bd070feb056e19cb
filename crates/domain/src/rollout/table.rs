//! A table of people as spreadsheets write it (RFC 4180): a header, then a row a person.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::directory;

/// Columns that tell who gets which key.
const OF_THE_ROLLOUT: [&str; 3] = ["login", "id", "model"];

/// Columns that a message names, and letters of one of them.
const NAMED: usize = 5;
const LETTERS: usize = 40;

/// Why a table cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// No header.
    #[error("the table is empty; its first line names the columns")]
    Empty,
    /// A quoted field has no end.
    #[error("a quotation mark that opens in line {0} is never closed")]
    OpenQuote(usize),
    /// A column is named twice.
    #[error("the column {0} stands twice in the first line")]
    DoubleColumn(String),
    /// Columns that nobody reads, and that must not become attributes of anybody.
    #[error(
        "the first line names {0}, and the columns are login, id, model and the attributes of spec.source.users.list.profile"
    )]
    UnknownColumns(String),
    /// No column tells who it is.
    #[error("the first line names neither login nor id")]
    NoPerson,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file it begins on, the header's is 1.
    pub line: usize,
    /// Fields that are not blank, by the header's names.
    pub fields: BTreeMap<String, String>,
    /// The row has more fields than the header.
    pub too_long: bool,
}

/// Reads a table. Blank lines are left out; blanks around a field do not count.
///
/// # Errors
/// [`Unreadable`] if the rows cannot be told apart or belong to nobody.
pub fn read(text: &str) -> Result<Vec<Row>, Unreadable> {
    let mut lines = records(text.strip_prefix('\u{feff}').unwrap_or(text))?.into_iter();
    let header = lines.next().ok_or(Unreadable::Empty)?.1;
    // Without a header the first line is a person: nothing of it is repeated.
    if !header.iter().any(|name| name == "login" || name == "id") {
        return Err(Unreadable::NoPerson);
    }
    let mut names: Vec<&str> = header.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Unreadable::DoubleColumn(list(&pair[..1])));
    }
    names.retain(|name| !OF_THE_ROLLOUT.contains(name) && directory::longest(name).is_none());
    if !names.is_empty() {
        return Err(Unreadable::UnknownColumns(list(&names)));
    }
    Ok(lines.map(|(line, fields)| row(line, fields, &header)).collect())
}

fn list(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).map(|name| name.chars().take(LETTERS).collect::<String>());
    let more = names.len().saturating_sub(NAMED);
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{and_more}", shown.collect::<Vec<_>>().join(", "))
}

fn row(line: usize, fields: Vec<String>, header: &[String]) -> Row {
    let too_long = fields.len() > header.len() && fields.iter().skip(header.len()).any(|f| !f.is_empty());
    let named = header.iter().cloned().zip(fields);
    let fields = named.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect();
    Row { line, fields, too_long }
}

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// After a quotation mark inside quotes: the end, or the first half of one that is meant.
    Closing,
}

type Record = (usize, Vec<String>);

fn records(text: &str) -> Result<Vec<Record>, Unreadable> {
    let (mut all, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut at, mut line, mut began, mut opened) = (At::Start, 1, 1, 1);
    for letter in text.chars().filter(|letter| *letter != '\r') {
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
            (_, ',') => {
                record.push(std::mem::take(&mut field).trim().to_owned());
                at = At::Start;
            }
            (_, '\n') => {
                record.push(std::mem::take(&mut field).trim().to_owned());
                keep(&mut all, began, std::mem::take(&mut record));
                (at, began) = (At::Start, line + 1);
            }
            (At::Start, ' ' | '\t') => {}
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
    record.push(field.trim().to_owned());
    keep(&mut all, began, record);
    Ok(all)
}

fn keep(all: &mut Vec<Record>, line: usize, record: Vec<String>) {
    if record.iter().any(|field| !field.is_empty()) {
        all.push((line, record));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(row: &Row) -> Vec<(&str, &str)> {
        row.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn a_table_of_a_spreadsheet_is_read() {
        let text = "\u{feff}login,model, city \r\nann@x.example,nfc,\"Bonn, \"\"old\"\" town\"\r\n\r\nlou@x.example,,\r\n";
        let rows = read(text).unwrap();
        assert_eq!(
            fields(&rows[0]),
            [("city", "Bonn, \"old\" town"), ("login", "ann@x.example"), ("model", "nfc")]
        );
        assert_eq!((rows[1].line, fields(&rows[1])), (4, vec![("login", "lou@x.example")]));
    }

    #[test]
    fn a_table_whose_rows_belong_to_nobody_is_refused() {
        assert_eq!(read(" \n\n"), Err(Unreadable::Empty));
        assert_eq!(read("name\nann"), Err(Unreadable::NoPerson));
        assert_eq!(read("login,login\na,b"), Err(Unreadable::DoubleColumn("login".into())));
        assert_eq!(read("login\n\"ann"), Err(Unreadable::OpenQuote(2)));
        assert!(read("login\nann,x").unwrap()[0].too_long);
    }

    #[test]
    fn a_column_that_is_no_attribute_of_the_list_is_refused_by_its_name() {
        let text = "login,department,firstName,userType\nann@x.example,finance-admins,Ann,Employee\n";
        let refused = read(text).unwrap_err();
        assert_eq!(refused, Unreadable::UnknownColumns("department, userType".into()));
        let says = refused.to_string();
        assert!(says.contains("department, userType") && !says.contains("finance"), "{says}");
        for name in ["Login", "firstname", "FirstName", "profile.city", "managerId"] {
            let refused = read(&format!("id,{name}\n00u1,x\n")).unwrap_err();
            assert_eq!(refused, Unreadable::UnknownColumns(name.into()));
        }
        for (name, _) in directory::ATTRIBUTES_OF_NEW_PEOPLE {
            assert!(read(&format!("id,{name}\n00u1,x\n")).is_ok(), "{name}");
        }
        assert!(
            read("id,,model\n00u1,x,nfc\n").unwrap()[0].fields.len() == 2,
            "a column without a name is left out"
        );
    }

    #[test]
    fn what_is_said_of_the_columns_is_short_and_never_a_person() {
        let many: Vec<_> = (0..900).map(|n| format!("column-{n}-{}", "x".repeat(900))).collect();
        let says = read(&format!("id,{}\n", many.join(","))).unwrap_err().to_string();
        assert!(says.len() < 500 && says.contains("and 895 more"), "{says}");
        let twice = "y".repeat(900);
        assert!(read(&format!("id,{twice},{twice}\n")).unwrap_err().to_string().len() < 200);
        assert_eq!(read("ann@x.example,12 Elm Street,12 Elm Street\n"), Err(Unreadable::NoPerson));
    }

    proptest! {
        /// What a spreadsheet writes comes back as it was, whatever stands in a field.
        #[test]
        fn quoted_fields_come_back(values in proptest::collection::vec("[ -~\n]{0,12}", 1..6)) {
            let columns = ["id", "firstName", "lastName", "city", "state", "zipCode"];
            let quoted = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
            let header: Vec<String> = (0..values.len()).map(|n| columns[n].to_owned()).collect();
            let text = format!("{}\n{}\n", header.join(","), values.iter().map(quoted).collect::<Vec<_>>().join(","));
            let rows = read(&text).unwrap();
            let desired: BTreeMap<String, String> = header
                .into_iter()
                .zip(values.iter().map(|v| v.trim().to_owned()))
                .filter(|(_, value)| !value.is_empty())
                .collect();
            prop_assert_eq!(rows.first().map(|row| row.fields.clone()).unwrap_or_default(), desired);
        }

        #[test]
        fn no_text_makes_it_stop(text in "[a-z,\"\n\r ]{0,60}") {
            let _ = read(&text);
        }
    }
}
