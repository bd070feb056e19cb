//! Names of countries and of their states: country in the first line, state in the second.
#![no_main]

use domain::{countries, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (country, region) = input.split_once('\n').unwrap_or((input, ""));
    let Some(code) = countries::code_of_country(country) else {
        assert!(!countries::is_alpha2(country), "a code is its own name");
        return;
    };
    assert!(countries::is_alpha2(code), "{code}");
    assert_eq!(countries::code_of_country(code), Some(code), "a code stands for itself");
    let apart = text::decomposed(country);
    assert_eq!(countries::code_of_country(&apart), Some(code), "one letter has several spellings");
    let Some(state) = countries::code_of_region(region, code) else { return };
    assert_eq!(countries::code_of_region(state, code), Some(state), "a code stands for itself");
    assert_eq!(countries::code_of_region(&text::decomposed(region), code), Some(state));
    assert!(!state.is_empty() && state.len() <= 3 && state.is_ascii(), "{state}");
});
