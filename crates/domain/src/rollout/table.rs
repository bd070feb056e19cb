//! A table of people as spreadsheets and databases write it (RFC 4180 and its relatives): a header, then a row a person.
//!
//! Nothing is passed over: a column that nobody reads, a value without a column and a row of another length are said
//! with their place. Our own reader, see `docs/decisions/0018-tables-are-read-strictly.md`.

mod columns;
mod records;
mod unreadable;

use std::collections::BTreeMap;

pub use self::unreadable::Unreadable;
use crate::text;

/// A row of the table, the header's aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file it begins on, the header's is 1.
    pub line: usize,
    /// Fields that are not blank, by the names of the columns as the operator has them.
    pub fields: BTreeMap<&'static str, String>,
    /// Why it cannot be used, without a value.
    pub fault: Option<String>,
}

/// Reads a table. Blank lines are left out; blanks around a field do not count. Lines end with a line feed, a carriage
/// return, or both; fields are parted by commas, semicolons, tabs or `|`, as the header shows or a line `sep=;` says.
///
/// # Errors
/// [`Unreadable`] if the rows cannot be told apart or belong to nobody.
pub fn read(text: &str) -> Result<Vec<Row>, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (separator, named) = separator(&text)?;
    let mut lines = records::read(&text, separator)?.into_iter();
    if named {
        lines.next();
    }
    let header = lines.next().ok_or(Unreadable::Empty)?.1;
    let columns = columns::read(&header)?;
    let lines: Vec<_> = lines.collect();
    let nameless = |(line, fields): &(usize, Vec<String>)| {
        let mut cells = fields.iter().zip(&columns).enumerate();
        let found = cells.find(|(_, (value, column))| column.is_none() && !value.is_empty());
        found.map(|(index, _)| Unreadable::NamelessColumn { column: index + 1, line: *line })
    };
    if let Some(fault) = lines.iter().find_map(nameless) {
        return Err(fault);
    }
    Ok(lines.into_iter().map(|(line, fields)| row(line, fields, &columns)).collect())
}

/// What parts the fields, and whether the first line says so.
fn separator(text: &str) -> Result<(char, bool), Unreadable> {
    let first = text.lines().find(|line| !line.trim().is_empty()).ok_or(Unreadable::Empty)?;
    let said = first.trim_matches(|c: char| c == ' ' || c == '"').to_lowercase();
    if let Some(said) = said.strip_prefix("sep=") {
        let said = said.chars().next().unwrap_or(',');
        return if records::SEPARATORS.contains(&said) {
            Ok((said, true))
        } else {
            Err(Unreadable::Separator)
        };
    }
    // The header's names are known; a comma where several part as many of them.
    let known = |separator: &char| {
        let header = records::read(first, *separator).unwrap_or_default();
        header.first().map_or(0, |(_, fields)| columns::known(fields))
    };
    let best = records::SEPARATORS.iter().rev().max_by_key(|separator| known(separator));
    Ok((best.copied().unwrap_or(','), false))
}

fn row(line: usize, fields: Vec<String>, columns: &[Option<&'static str>]) -> Row {
    let fault = repeated(&fields, columns)
        .or_else(|| length(&fields, columns))
        .or_else(|| character(&fields, columns))
        .or_else(|| formula(&fields, columns));
    let named = columns.iter().zip(fields);
    let fields =
        named.filter_map(|(column, value)| Some(((*column)?, value)).filter(|(_, value)| !value.is_empty()));
    Row { line, fields: fields.collect(), fault }
}

/// A row of another length is cut, or its values stand under names that are not theirs.
fn length(fields: &[String], columns: &[Option<&'static str>]) -> Option<String> {
    let filled = fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
    let named = columns.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let count = if filled > columns.len() { filled } else { fields.len() };
    (filled > columns.len() || fields.len() < named).then(|| {
        format!(
            "has {count} {}, and the first line names {named} columns",
            if count == 1 { "field" } else { "fields" }
        )
    })
}

/// As where two exports were put one behind the other.
fn repeated(fields: &[String], columns: &[Option<&'static str>]) -> Option<String> {
    columns::is_repeated(fields, columns)
        .then(|| "repeats the names of the first line and names nobody; remove it".to_owned())
}

/// `="02108"`, as some programs keep a spreadsheet from changing a value.
fn formula(fields: &[String], columns: &[Option<&'static str>]) -> Option<String> {
    let mut cells = columns.iter().zip(fields).filter_map(|(column, value)| Some(((*column)?, value)));
    cells
        .find(|(_, value)| value.starts_with('='))
        .map(|(column, _)| format!("{column} begins with =, as a formula of a spreadsheet; write its value"))
}

fn character(fields: &[String], columns: &[Option<&'static str>]) -> Option<String> {
    let cells = columns.iter().zip(fields);
    cells
        .filter_map(|(column, value)| Some(((*column)?, text::fault(value)?)))
        .map(|(column, bad)| format!("{column} {bad}"))
        .next()
}

#[cfg(test)]
mod tests;
