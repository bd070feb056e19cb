//! Whether credential files are the same as before, without keeping them.

use std::fmt;

use openssl::sha::Sha256;

/// A hash over all files. Equal fingerprints mean equal contents.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({:02x}{:02x}{:02x}..)", self.0[0], self.0[1], self.0[2])
    }
}

impl Fingerprint {
    /// The hash itself, to be a part of another.
    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Lengths go in as well, so that nothing can move from one file to the next unseen.
pub(super) fn fingerprint(parts: &[&[u8]]) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(&part.len().to_be_bytes());
        hash.update(part);
    }
    Fingerprint(hash.finish())
}
