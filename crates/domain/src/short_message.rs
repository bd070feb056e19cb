//! A message in one line of a table: what happened and, where it fits, what to do next. The whole stands in the
//! condition.

/// Most characters (not bytes) of a short message.
pub const LONGEST: usize = 120;

/// Stands for what is left out.
const GAP: char = '…';

/// The message on one line, at most [`LONGEST`] characters. One that is longer keeps its first sentence and as many of
/// the last ones, where the next step is named, as fit. A first sentence that is too long by itself ends on a word.
#[must_use]
pub fn of(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if fits(&line) {
        return line;
    }
    let ends = sentence_ends(&line);
    let Some(first) = ends.first().and_then(|end| line.get(..*end)).filter(|first| fits_with_gap(first))
    else {
        return cut(&line);
    };
    let lasts = ends.iter().filter_map(|end| line.get(*end..)).map(str::trim_start);
    let mut both = lasts.map(|last| format!("{} {GAP} {last}", without_stop(first)));
    if let Some(both) = both.find(|both| fits(both)) {
        return both;
    }
    let start = ends.iter().filter_map(|end| line.get(..*end)).rfind(|start| fits_with_gap(start));
    format!("{} {GAP}", without_stop(start.unwrap_or(first)))
}

fn fits(text: &str) -> bool {
    text.chars().count() <= LONGEST
}

fn fits_with_gap(text: &str) -> bool {
    text.chars().count().saturating_add(2) <= LONGEST
}

/// Where a sentence, or a part of one before a semicolon, is over; the end of the text is not among them.
fn sentence_ends(line: &str) -> Vec<usize> {
    line.match_indices(' ').map(|(at, _)| at).filter(|at| is_end(line, *at)).collect()
}

/// A full stop ends a sentence only before a capital, a digit or a quotation mark: `e.g. a` does not.
fn is_end(line: &str, blank: usize) -> bool {
    let before = line.get(..blank).and_then(|text| text.chars().next_back());
    let after = line.get(blank..).and_then(|text| text.chars().nth(1));
    match before {
        Some(';') => true,
        Some('.' | '!' | '?') => after.is_some_and(|after| !after.is_lowercase()),
        _ => false,
    }
}

/// A semicolon before a gap promises what does not come.
fn without_stop(text: &str) -> &str {
    text.trim_end_matches([';', ',', ':'])
}

/// The first words that fit. A word that is longer than half a line, such as a path, is cut rather than left out.
fn cut(line: &str) -> String {
    let room = LONGEST.saturating_sub(2);
    let end = line.char_indices().nth(room).map_or(line.len(), |(at, _)| at);
    let start = line.get(..end).unwrap_or(line);
    // Where the room ends between two words, the last one is whole.
    let is_whole = line.get(end..).is_none_or(|rest| rest.starts_with(' '));
    let words = if is_whole { start } else { start.rsplit_once(' ').map_or(start, |(words, _)| words) };
    let words = if words.chars().count() < LONGEST / 2 { start } else { words };
    format!("{} {GAP}", without_stop(words.trim_end()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_said_whole_and_on_one_line() {
        for text in ["", "Suspended.", "There is no connection acme; create it, or name another."] {
            assert_eq!(of(text), text);
        }
        assert_eq!(of("two\n lines\tand  blanks"), "two lines and blanks");
        let full = "x".repeat(LONGEST);
        assert_eq!(of(&full), full);
        assert_eq!(of(&"ü".repeat(LONGEST)), "ü".repeat(LONGEST), "characters count, not bytes");
    }

    #[test]
    fn a_long_one_keeps_what_happened_and_the_step_to_take() {
        let middle = "YubiEnterprise answered with a status that is no refusal, and whether there is an order nobody knows.";
        let cases = [
            (
                format!(
                    "Nobody knows whether a key was ordered. {middle} Hold order-1-abcdef: RetryOrder, AdoptOrder."
                ),
                "Nobody knows whether a key was ordered. … Hold order-1-abcdef: RetryOrder, AdoptOrder.",
            ),
            (
                format!("The city (profile.city) is missing; {middle} Correct it at Okta."),
                "The city (profile.city) is missing … Correct it at Okta.",
            ),
            (
                format!("The city is missing. {middle} Ask the person. Correct it at Okta, or in the HRIS."),
                "The city is missing. … Ask the person. Correct it at Okta, or in the HRIS.",
            ),
            (
                format!("The city is missing. It is needed, e.g. for the label. {middle}{}", "x".repeat(90)),
                "The city is missing. It is needed, e.g. for the label. …",
            ),
        ];
        for (message, expected) in cases {
            assert!(!fits(&message));
            assert_eq!(of(&message), expected);
        }
    }

    #[test]
    fn a_sentence_that_is_too_long_ends_on_a_word() {
        let message = "Delivery details are missing or cannot be used, so nothing was enrolled or ordered: City (profile.city) is missing, Postal code (profile.zipCode) is missing.";
        assert_eq!(
            of(message),
            "Delivery details are missing or cannot be used, so nothing was enrolled or ordered: City (profile.city) is missing …"
        );
        let url = format!("https://{}.example.com", "x".repeat(300));
        assert_eq!(of(&url).chars().count(), LONGEST);
        let path = format!("there is no /{}/okta-private-key: nothing is mounted", "x/".repeat(80));
        let short = of(&path);
        assert!(short.starts_with("there is no /x/x/x") && short.chars().count() == LONGEST, "{short}");
        let exact = format!("{} {}", "a".repeat(LONGEST - 2), "b".repeat(9));
        assert_eq!(of(&exact), format!("{} …", "a".repeat(LONGEST - 2)), "the last word is whole");
    }

    proptest! {
        #[test]
        fn it_fits_says_nothing_new_and_begins_as_the_message_does(message in "([a-zA-Zäß.;:, \n…]{0,40}){0,8}") {
            let short = of(&message);
            prop_assert!(fits(&short) && !short.contains('\n'));
            let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut rest = line.as_str();
            for part in short.split(GAP).map(str::trim) {
                let at = rest.find(part);
                prop_assert!(at.is_some(), "{part} is not in {rest}");
                rest = at.and_then(|at| rest.get(at + part.len()..)).unwrap_or_default();
            }
        }
    }
}
