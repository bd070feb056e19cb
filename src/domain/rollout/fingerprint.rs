//! People in few letters: a hold remembers by it whom it is about, across restarts and versions.

use std::collections::BTreeSet;

use crate::domain::ids::UserId;

/// FNV-1a, 64 bits: nobody chooses ids, so it only has to tell sets apart, and be the same in every version.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The same for the same people, whatever process and version asks.
#[must_use]
pub(super) fn fingerprint(people: &BTreeSet<UserId>) -> String {
    // No id has the end of a line, so that no two sets run together.
    let bytes = people.iter().flat_map(|id| id.as_str().bytes().chain([b'\n']));
    format!("{:016x}", bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_same_in_every_version() {
        let people = |ids: &[&str]| ids.iter().map(|id| UserId::new(*id).unwrap()).collect();
        assert_eq!(fingerprint(&people(&["00u1", "00u2"])), "06ac89a5c2b0be66");
        assert_ne!(fingerprint(&people(&["00u1", "00u2"])), fingerprint(&people(&["00u10", "0u2"])));
    }
}
