//! Tables as kubectl prints them.

use unicode_width::UnicodeWidthStr as _;

use super::paint::Paint;
use crate::view::text::line;

/// Rows under a header. Cells are painted after they are measured.
#[derive(Debug, Default)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<(String, Tone)>>,
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// As it should be.
    Good,
    /// Deserves a look.
    Warn,
    /// Needs a person.
    Bad,
}

impl Table {
    /// An empty one.
    #[must_use]
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// A row of plain cells.
    pub fn row(&mut self, cells: Vec<String>) {
        self.toned(cells.into_iter().map(|cell| (cell, Tone::Plain)).collect());
    }

    /// A row of cells with tones.
    pub fn toned(&mut self, cells: Vec<(String, Tone)>) {
        self.rows.push(cells.into_iter().map(|(cell, tone)| (line(&cell), tone)).collect());
    }

    /// Has it no row?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As text; the last column is not padded.
    #[must_use]
    pub fn text(&self, paint: Paint) -> String {
        let widths: Vec<usize> = (0..self.header.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|(cell, _)| cell.width());
                cells.chain([self.header[at].width()]).max().unwrap_or_default()
            })
            .collect();
        let mut text = String::new();
        let header: Vec<_> = self.header.iter().map(|name| ((*name).to_owned(), Tone::Plain)).collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let mut out = String::new();
            for (at, (cell, tone)) in row.iter().enumerate() {
                let cell = if cell.is_empty() { "-" } else { cell };
                let pad = widths.get(at).copied().unwrap_or_default().saturating_sub(cell.width());
                let gap = if at + 1 == row.len() { 0 } else { pad + 3 };
                let painted = match tone {
                    Tone::Plain => cell.to_owned(),
                    Tone::Good => paint.good(cell),
                    Tone::Warn => paint.warn(cell),
                    Tone::Bad => paint.bad(cell),
                };
                out.push_str(&painted);
                out.push_str(&" ".repeat(gap));
            }
            text.push_str(out.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_the_script() {
        let mut table = Table::new(&["NAME", "PHASE"]);
        table.row(vec!["ann".into(), "Held".into()]);
        table.row(vec!["東京".into(), String::new()]);
        table.row(vec!["evil\nname".into(), "Ordered".into()]);
        assert_eq!(
            table.text(Paint::new(false)),
            "NAME        PHASE\nann         Held\n東京        -\nevil name   Ordered\n"
        );
    }
}
