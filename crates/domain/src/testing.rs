//! What tests of several modules share.

use proptest::prelude::ProptestConfig;

/// Random cases of a property: so many, or as many as `PROPTEST_CASES` asks for. Without this a number in the code would
/// overrule it, and a long search would look no longer than a short one.
#[must_use]
pub fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(usual), ..ProptestConfig::default() }
}
