//! What is said while it plays.

use std::{
    error::Error,
    fmt, fs,
    path::{Path, PathBuf},
};

use testbed::setup::Fault;

/// Something is not as it should be; the end of the log says why.
#[derive(Debug)]
pub(crate) struct Off {
    what: String,
    log: Option<PathBuf>,
}

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Off {}

/// A failure without a log.
pub(crate) fn fault(what: impl Into<String>) -> Fault {
    Off { what: what.into(), log: None }.into()
}

/// A failure that a log explains.
pub(crate) fn fault_in(what: impl Into<String>, log: &Path) -> Fault {
    Off { what: what.into(), log: Some(log.to_owned()) }.into()
}

/// Says that the demo failed, and why; the exit code.
pub(crate) fn off(fault: &Fault) -> u8 {
    eprintln!("\nThe demo failed: {fault}");
    if let Some(log) = fault.downcast_ref::<Off>().and_then(|off| off.log.as_ref()) {
        end_of(log);
    }
    1
}

/// Shows the last lines of a log, if there are any.
pub(crate) fn end_of(log: &Path) {
    const LINES: usize = 20;
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    if lines.is_empty() {
        return;
    }
    eprintln!("The end of {}:", log.display());
    for line in &lines[lines.len().saturating_sub(LINES)..] {
        eprintln!("  | {line}");
    }
}

/// Each line, moved to the right.
pub(crate) fn indented(text: &str, by: usize) -> String {
    let space = " ".repeat(by);
    text.lines().flat_map(|line| [space.as_str(), line, "\n"]).collect()
}

/// Lines of at most so many characters, broken behind spaces. A word that is longer stands alone.
pub(crate) fn folded(text: &str, width: usize) -> String {
    let mut folded = String::new();
    for line in text.lines() {
        let mut used = 0;
        for word in line.split_inclusive(' ') {
            let length = word.chars().count();
            if used > 0 && used + length > width {
                folded.push('\n');
                used = 0;
            }
            folded.push_str(word);
            used += length;
        }
        folded.push('\n');
    }
    folded
}

/// What is wrong with a profile, each fault on a line of its own.
pub(crate) fn faults(message: &str) -> String {
    let mut told = String::new();
    let mut rest = message;
    while let Some(letter) = rest.chars().next() {
        let next = rest.get(2..).unwrap_or_default();
        if (rest.starts_with("; ") || rest.starts_with(": ")) && names_a_field(next) {
            told.push_str("\n- ");
            rest = next;
        } else if rest.starts_with(". Correct ") {
            told.push_str(".\n");
            rest = next;
        } else {
            told.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    indented(&told, 12)
}

/// As in `Street address (profile.streetAddress) …`.
fn names_a_field(text: &str) -> bool {
    let Some((name, _)) = text.split_once(" (profile.") else { return false };
    name.len() > 1
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_profile_has_a_line() {
        let message = "Two faults: Last name (profile.lastName) is long: 31; City (profile.city) is empty. Correct the profile.";
        let lines = [
            "            Two faults",
            "            - Last name (profile.lastName) is long: 31",
            "            - City (profile.city) is empty.",
            "            Correct the profile.",
        ];
        assert_eq!(faults(message).lines().collect::<Vec<_>>(), lines);
        assert_eq!(faults("Größe: nothing; else"), "            Größe: nothing; else\n");
    }

    #[test]
    fn lines_are_broken_behind_spaces() {
        assert_eq!(folded("one two three", 8), "one two \nthree\n");
        assert_eq!(folded("a-very-long-word b", 5), "a-very-long-word \nb\n");
        assert_eq!(folded("", 5), "");
    }
}
