//! Text as people and programs paste it, brought into one form, and the characters that no label can carry.
//!
//! One letter has several spellings in Unicode (`é` as one character, or as `e` and an accent): they look alike, and
//! whoever compares or counts them finds two texts. So everything that a person gave is brought into the composed form
//! (NFC) where it comes in. Blanks and invisible characters at both ends are left out; inside a text an invisible
//! character is a fault, named by its code point, for nobody can see what was meant.

use std::{borrow::Cow, fmt};

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, Script},
};

/// A character that cannot stand where it stands, and why. Shows its code point, never the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadCharacter {
    character: char,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Control,
    Line,
    Lost,
    Direction,
    Invisible,
    NoCharacter,
}

impl fmt::Display for BadCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = code_point(self.character);
        match self.kind {
            Kind::Control => {
                write!(f, "has a line break or control character ({code}); keep it on one line")
            }
            Kind::Line => write!(f, "has a line break ({code}); keep it on one line"),
            Kind::Lost => write!(
                f,
                "has {code}, which stands for a letter that was lost when the text was converted; write it anew"
            ),
            Kind::Direction => {
                write!(f, "has {code}, an invisible character that turns the direction of writing; remove it")
            }
            Kind::Invisible => write!(f, "has {code}, an invisible character; remove it"),
            Kind::NoCharacter => {
                write!(f, "has {code}, which is no character of Unicode; write it anew")
            }
        }
    }
}

/// The composed form (NFC), without blanks and invisible characters at both ends; blanks of other kinds (no-break,
/// ideographic) inside become plain ones. It means the same afterwards, and nothing of it is lost.
#[must_use]
pub fn tidy(text: &str) -> String {
    let composed = composed(text);
    let ends = |character: char| character.is_whitespace() || may_be_left_out(character);
    composed.trim_matches(ends).chars().map(|c| if is_blank(c) { ' ' } else { c }).collect()
}

/// The composed form (NFC).
#[must_use]
pub fn composed(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The decomposed form (NFD), as some file systems and directories write it.
#[must_use]
pub fn decomposed(text: &str) -> Cow<'_, str> {
    DecomposingNormalizerBorrowed::new_nfd().normalize(text)
}

/// A character as Unicode names it: `U+00E9`.
#[must_use]
pub fn code_point(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// Two texts that a person takes for the same: whatever their form, and without capitals.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

/// One spelling for all that [`is_same`] takes for the same.
#[must_use]
pub fn folded(text: &str) -> String {
    composed(&composed(text).to_lowercase()).into_owned()
}

/// Without accents and capitals: `Türkiye` and `Turkiye` are one country.
#[must_use]
pub fn plain(text: &str) -> String {
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let letters = apart.chars().filter(|c| category(*c) != GeneralCategory::NonspacingMark);
    letters.collect::<String>().to_lowercase()
}

/// The first character that cannot stand on a label or in a name.
#[must_use]
pub fn fault(text: &str) -> Option<BadCharacter> {
    let mut before = None;
    let mut letters = text.chars().peekable();
    while let Some(character) = letters.next() {
        if let Some(kind) = kind(character)
            && !is_spelling(character, before, letters.peek().copied())
        {
            return Some(BadCharacter { character, kind });
        }
        before = Some(character);
    }
    None
}

/// The first letter that belongs to another script than Latin, such as `太` or `Ω`; digits, marks and punctuation
/// belong to none.
#[must_use]
pub fn beyond_latin(text: &str) -> Option<char> {
    let scripts = CodePointMapData::<Script>::new();
    text.chars().find(|c| !matches!(scripts.get(*c), Script::Latin | Script::Common | Script::Inherited))
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

/// Every kind of blank that is one place wide or so, the plain one and tabs aside.
fn is_blank(character: char) -> bool {
    category(character) == GeneralCategory::SpaceSeparator
}

/// At the ends these are left over from copying. One that turns the direction may have turned what was between.
fn may_be_left_out(character: char) -> bool {
    kind(character) == Some(Kind::Invisible) || matches!(character, '\u{200e}' | '\u{200f}')
}

fn kind(character: char) -> Option<Kind> {
    let is_invisible = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    match character {
        '\u{fffc}' | '\u{fffd}' => return Some(Kind::Lost),
        // Braille without a dot: a symbol to Unicode, a blank to everybody.
        '\u{2800}' => return Some(Kind::Invisible),
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            return Some(Kind::Direction);
        }
        _ => {}
    }
    match category(character) {
        GeneralCategory::Control => Some(Kind::Control),
        GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => Some(Kind::Line),
        GeneralCategory::Format => Some(Kind::Invisible),
        _ if is_invisible => Some(Kind::Invisible),
        other if GeneralCategoryGroup::Other.contains(other) => Some(Kind::NoCharacter),
        _ => None,
    }
}

/// Invisible, and still part of how a name is spelt: a joiner between letters of a script that joins them (Persian,
/// the scripts of India), and the variant of a Chinese character.
fn is_spelling(character: char, before: Option<char>, after: Option<char>) -> bool {
    let scripts = CodePointMapData::<Script>::new();
    let script = |letter: Option<char>| letter.map(|letter| scripts.get(letter));
    match character {
        '\u{200c}' | '\u{200d}' => script(before)
            .is_some_and(|script_before| joins(script_before) && script(after).is_some_and(joins)),
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => script(before) == Some(Script::Han),
        _ => false,
    }
}

fn joins(script: Script) -> bool {
    matches!(
        script,
        Script::Arabic
            | Script::Bengali
            | Script::Devanagari
            | Script::Gujarati
            | Script::Gurmukhi
            | Script::Inherited
            | Script::Kannada
            | Script::Malayalam
            | Script::Mongolian
            | Script::Oriya
            | Script::Sinhala
            | Script::Syriac
            | Script::Tamil
            | Script::Telugu
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn says(text: &str) -> String {
        fault(text).map(|bad| bad.to_string()).unwrap_or_default()
    }

    #[test]
    fn one_letter_has_one_spelling() {
        assert_eq!(tidy("Que\u{301}bec"), "Québec");
        assert_eq!(tidy("Ngu\u{302}\u{323}yen").chars().count(), tidy("Ngụ\u{302}yen").chars().count());
        assert_eq!(tidy("\u{1112}\u{1161}\u{11ab}"), "한", "Korean letters, one by one");
        assert_eq!(tidy("A\u{30a}sa \u{212b}"), "Åsa Å", "the ångström sign");
        assert!(is_same("JOSE\u{301}@x.example", "josé@X.example"));
        assert_ne!(decomposed("é"), composed("é"));
    }

    #[test]
    fn blanks_and_what_copying_leaves_at_the_ends_go() {
        for text in [
            "\u{a0}Ann\u{a0}",
            "\u{feff}Ann",
            "Ann\u{200b}",
            "\u{2028}Ann ",
            "\u{3000}Ann\t",
            "\u{200e}Ann\u{ad}",
            "\u{2800}Ann\u{2800}",
            "Ann\u{3164}",
        ] {
            assert_eq!(tidy(text), "Ann", "{text:?}");
        }
        assert_eq!(tidy("Ann\u{a0}Lee\u{202f}X"), "Ann Lee X");
    }

    #[test]
    fn what_may_have_turned_the_direction_is_not_left_out_in_silence() {
        for mark in ['\u{202e}', '\u{2066}', '\u{61c}'] {
            let text = format!("Ann{mark}");
            assert_eq!(tidy(&text), text);
            assert!(!says(&tidy(&text)).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn what_no_label_carries_is_named_by_its_code_point() {
        let cases = [
            ('\n', "U+000A"),
            ('\0', "U+0000"),
            ('\u{85}', "U+0085"),
            ('\u{2028}', "U+2028"),
            ('\u{2029}', "U+2029"),
            ('\u{fffd}', "U+FFFD"),
            ('\u{fffc}', "U+FFFC"),
            ('\u{202e}', "U+202E"),
            ('\u{2066}', "U+2066"),
            ('\u{200f}', "U+200F"),
            ('\u{200b}', "U+200B"),
            ('\u{200d}', "U+200D"),
            ('\u{feff}', "U+FEFF"),
            ('\u{ad}', "U+00AD"),
            ('\u{2060}', "U+2060"),
            ('\u{34f}', "U+034F"),
            ('\u{3164}', "U+3164"),
            ('\u{fe0f}', "U+FE0F"),
            ('\u{e0041}', "U+E0041"),
            ('\u{e000}', "U+E000"),
            ('\u{378}', "U+0378"),
            ('\u{2800}', "U+2800"),
            ('\u{180e}', "U+180E"),
            ('\u{fff9}', "U+FFF9"),
            ('\u{115f}', "U+115F"),
            ('\u{ffa0}', "U+FFA0"),
            ('\u{206a}', "U+206A"),
            ('\u{1f}', "U+001F"),
        ];
        for (character, code) in cases {
            let said = says(&format!("Ann{character}Lee"));
            assert!(said.contains(code) && !said.contains("Lee"), "{said}");
        }
    }

    #[test]
    fn names_of_all_scripts_stand() {
        for name in [
            "Åsa Öberg-O’Neill",
            "太郎",
            "辻\u{e0100}",
            "علی\u{200c}رضا",
            "क्\u{200d}ष",
            "Ελένη",
            "Иван",
            "Nguyễn Thị",
            "ʻOkina",
        ] {
            assert_eq!(fault(&tidy(name)), None, "{name}");
        }
    }

    #[test]
    fn another_script_than_latin_is_seen() {
        for name in ["Åsa Öberg-O’Neill", "Nguyễn", "Łódź 5 / 3. OG, ½", "Straße #20-61 & Co. №"]
        {
            assert_eq!(beyond_latin(name), None, "{name}");
        }
        for (name, letter) in
            [("Ivan Иван", 'И'), ("太郎", '太'), ("Ωmega", 'Ω'), ("ｱ", 'ｱ'), ("Αnn", 'Α'), ("한", '한')]
        {
            assert_eq!(beyond_latin(name), Some(letter), "{name}");
        }
    }

    proptest! {
        /// Whatever is brought into form stays in it, and no letter is lost.
        #[test]
        fn it_is_tidy_once_and_for_all(text in any::<String>()) {
            let once = tidy(&text);
            prop_assert_eq!(tidy(&once), once.clone());
            let seen = |text: &str| text.chars().filter(|c| kind(*c).is_none() && !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(seen(&composed(&text)), seen(&once));
        }
    }
}
