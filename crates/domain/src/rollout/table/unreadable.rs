//! Why a table cannot be read, with its place and without a value.

use thiserror::Error;

/// Why a table cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// There is no first line, so no column has a name.
    #[error("the table is empty; its first line names the columns")]
    Empty,
    /// A quoted field has no end.
    #[error("a quotation mark that opens in line {0} is never closed")]
    OpenQuote(usize),
    /// Text behind the end of a quoted field.
    #[error(
        "line {0} has text behind a closing quotation mark; a quotation mark inside a field is written twice"
    )]
    TextAfterQuote(usize),
    /// A line `sep=` names something else than a separator.
    #[error(
        "the first line names a separator that is not taken; write commas, semicolons, tabs or | between the fields"
    )]
    Separator,
    /// Our names, parted by something else.
    #[error(
        "the first line has {0} between its names, which parts no fields; write commas, semicolons, tabs or | there"
    )]
    OtherSeparator(String),
    /// Our names in other quotation marks.
    #[error(
        "the first line has {0} around its names, which is no quotation mark of a table; write \" there, or nothing"
    )]
    Quotes(String),
    /// A column is named twice.
    #[error("the column {0} stands twice in the first line")]
    DoubleColumn(String),
    /// Columns that nobody reads, and that must not become attributes of anybody.
    #[error(
        "the first line names {0}, and the columns are login, id, model and the attributes of spec.source.users.list.profile"
    )]
    UnknownColumns(String),
    /// Values in a column without a name.
    #[error(
        "column {column} has no name in the first line, and line {line} has a value there; name the column or remove it"
    )]
    NamelessColumn {
        /// Of the table, the first is 1.
        column: usize,
        /// The first line with a value in it.
        line: usize,
    },
    /// No column tells who it is.
    #[error("the first line names neither login nor id{0}")]
    NoPerson(String),
}
