//! Texts of elsewhere.

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
}
