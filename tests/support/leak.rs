//! Looks for secrets in everything that others can read.

use testbed::leaks::{Secret, forms, holds};

/// A text that others can read.
pub struct Haystack {
    pub name: &'static str,
    pub text: String,
    /// Sealed requests and responses belong there while they are needed.
    pub may_hold_jwes: bool,
}

/// What was found where; never the value itself.
pub fn find(secrets: &[Secret], haystacks: &[Haystack]) -> Vec<String> {
    let mut found = Vec::new();
    for haystack in haystacks {
        for secret in secrets.iter().filter(|secret| secret.kind != "jwe" || !haystack.may_hold_jwes) {
            for (form, needle) in forms(&secret.value) {
                if holds(&haystack.text, &needle) {
                    found.push(format!(
                        "{} of {} characters in {} as {form}",
                        secret.kind,
                        secret.value.len(),
                        haystack.name
                    ));
                }
            }
        }
    }
    found
}
