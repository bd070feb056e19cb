//! What people write where there is nothing to write: `-`, `N/A`. On a label it is worse than nothing.

use crate::countries;

/// In whatever capitals. Not `NA` or `No`: those are places.
const WORDS: [&str; 9] =
    ["n/a", "n.a.", "n. a.", "none", "nil", "null", "tbd", "not applicable", "not available"];

/// Where only a postal code can stand.
const NO_CODE: [&str; 7] = ["na", "no", "no zip", "no zip code", "no postal code", "no postcode", "unknown"];

/// Does this stand for nothing, wherever it is written?
pub(super) fn is_nothing(value: &str) -> bool {
    let value = value.to_lowercase();
    !value.chars().any(char::is_alphanumeric) || WORDS.contains(&value.as_str())
}

/// Does this stand for no postal code? Zeros do where there are no postal codes.
pub(super) fn is_no_postal_code(value: &str, country: &str) -> bool {
    let letters = value.to_lowercase();
    let only = |desired: char| {
        letters.chars().filter(|letter| letter.is_alphanumeric()).all(|letter| letter == desired)
    };
    is_nothing(value)
        || NO_CODE.contains(&letters.as_str())
        || only('x')
        || (only('0') && countries::has_no_postal_codes(country))
}
