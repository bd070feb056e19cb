//! A text as people paste it: one form, faults by code point, and the line of a column that is made of a message.
#![no_main]

use domain::{short_message, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let tidy = text::tidy(input);
    assert_eq!(text::tidy(&tidy), tidy, "in form once and for all");
    assert!(text::is_same(&text::decomposed(input), &text::composed(input)), "one letter has one spelling");
    assert_eq!(text::folded(&tidy), text::folded(&text::folded(&tidy)));
    if let Some(bad) = text::fault(&tidy) {
        let said = bad.to_string();
        assert!(said.contains("U+") && said.len() < 120, "{said}");
    }
    if let Some(letter) = text::beyond_latin(&tidy) {
        assert!(tidy.contains(letter) && !letter.is_ascii(), "a Latin label carries ASCII");
    }
    column(input);
});

fn column(message: &str) {
    let short = short_message::of(message);
    assert!(short.chars().count() <= short_message::LONGEST, "wider than its column");
    assert!(!short.contains(['\n', '\r', '\t']), "one line");
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= short_message::LONGEST {
        assert_eq!(short, line, "nothing is left out without need");
    } else {
        assert!(short.contains('…'), "what is left out is marked");
    }
}
