//! A table of people as spreadsheets write it (RFC 4180): a header, then a row a person.

use std::collections::BTreeMap;

use thiserror::Error;

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
    let mut names: Vec<&String> = header.iter().filter(|name| !name.is_empty()).collect();
    names.sort();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Unreadable::DoubleColumn(pair[0].clone()));
    }
    if !header.iter().any(|name| name == "login" || name == "id") {
        return Err(Unreadable::NoPerson);
    }
    Ok(lines.map(|(line, fields)| row(line, fields, &header)).collect())
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

    proptest! {
        /// What a spreadsheet writes comes back as it was, whatever stands in a field.
        #[test]
        fn quoted_fields_come_back(values in proptest::collection::vec("[ -~\n]{0,12}", 1..6)) {
            let quoted = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
            let header: Vec<String> = (0..values.len()).map(|n| if n == 0 { "id".into() } else { format!("c{n}") }).collect();
            let text = format!("{}\n{}\n", header.join(","), values.iter().map(quoted).collect::<Vec<_>>().join(","));
            let rows = read(&text).unwrap();
            let wanted: BTreeMap<String, String> = header
                .into_iter()
                .zip(values.iter().map(|v| v.trim().to_owned()))
                .filter(|(_, value)| !value.is_empty())
                .collect();
            prop_assert_eq!(rows.first().map(|row| row.fields.clone()).unwrap_or_default(), wanted);
        }

        #[test]
        fn no_text_makes_it_stop(text in "[a-z,\"\n\r ]{0,60}") {
            let _ = read(&text);
        }
    }
}
