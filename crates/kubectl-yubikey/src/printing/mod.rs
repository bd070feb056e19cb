//! How results look: colours, tables, trees, and times as people say them.

mod table;
mod times;
mod tree;

use anstyle::{AnsiColor, Style};

pub use self::{
    table::{Table, Tone},
    times::{ago, day, ends_in},
    tree::Node,
};

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    colour: bool,
}

impl Paint {
    /// With colours or without.
    #[must_use]
    pub const fn new(colour: bool) -> Self {
        Self { colour }
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// As it should be.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    /// Waits, or deserves a look.
    #[must_use]
    pub fn warn(self, text: &str) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    /// Needs a person.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default(), text)
    }

    /// Names and headings.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// Details.
    #[must_use]
    pub fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }
}

/// A text of elsewhere, safe for a terminal: no control character reaches it, so no vendor and no manifest can move the
/// cursor or hide a line.
#[must_use]
pub fn clean(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' => '\n',
        '\t' => ' ',
        // Marks that turn the direction of what follows.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other if other.is_control() => '\u{fffd}',
        other => other,
    };
    text.chars().map(shown).collect()
}

/// The same on one line.
#[must_use]
pub fn line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_elsewhere_steers_the_terminal() {
        for evil in ["\u{1b}[2J", "a\u{7}", "x\r", "\u{9b}31m", "\u{202e}abc", "\u{2066}x", "\u{0}"] {
            let shown = line(evil);
            assert!(shown.contains('\u{fffd}') && !shown.chars().any(char::is_control), "{evil:?}");
        }
        assert_eq!(line("Zürich\n10 Jahre — 東京"), "Zürich 10 Jahre — 東京");
    }

    #[test]
    fn without_colours_a_text_is_as_it_is() {
        assert_eq!(Paint::new(false).bad("Held"), "Held");
        assert_eq!(Paint::new(true).bad("Held"), "\u{1b}[31mHeld\u{1b}[0m");
        assert_eq!(Paint::new(true).bad(""), "");
    }
}
