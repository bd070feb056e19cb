//! Colours.

use anstyle::{AnsiColor, Style};

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

    /// What is read last: details beside the main thing.
    #[must_use]
    pub fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_a_text_is_as_it_is() {
        assert_eq!(Paint::new(false).bad("Held"), "Held");
        assert_eq!(Paint::new(true).bad("Held"), "\u{1b}[31mHeld\u{1b}[0m");
        assert_eq!(Paint::new(true).bad(""), "");
    }
}
