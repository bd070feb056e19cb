//! Random tokens.

use std::fmt;

use openssl::{error::ErrorStack, memcmp, rand};

/// Bytes of randomness.
const LENGTH: usize = 32;

/// A token that nobody can guess.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// If the system has no randomness: then there is no token, rather than one that can be guessed.
    pub fn random() -> Result<Self, ErrorStack> {
        let mut bytes = [0; LENGTH];
        rand::rand_bytes(&mut bytes)?;
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Ok(Self(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()))
    }

    /// Is it this one? How long that takes tells nothing about it.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        same(&self.0, given)
    }

    /// The token itself: for its owner only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Are two tokens the same? An empty one is like no other.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    !one.is_empty() && one.len() == other.len() && memcmp::eq(one.as_bytes(), other.as_bytes())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_its_own_and_never_printed() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_eq!(one.reveal().len(), 64);
        assert!(one.is(one.reveal()) && !one.is(other.reveal()) && !one.is("") && !same("", ""));
        assert!(!one.is(&one.reveal()[1..]));
        assert_eq!(format!("{one:?}"), "Secret");
    }
}
