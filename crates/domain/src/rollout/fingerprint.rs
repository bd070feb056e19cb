//! People in few letters: a hold remembers by it whom it is about, across restarts and versions.

use std::collections::BTreeSet;

use crate::{ids::UserId, stable};

/// The same for the same people, whatever process and version asks.
#[must_use]
pub(super) fn fingerprint(people: &BTreeSet<UserId>) -> String {
    format!("{:016x}", stable::hash(people.iter().map(UserId::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_same_in_every_version() {
        let people = |ids: &[&str]| ids.iter().map(|id| UserId::new(*id).unwrap()).collect();
        assert_eq!(fingerprint(&people(&["00u1", "00u2"])), "4284f21d6690fadc");
        assert_ne!(fingerprint(&people(&["00u1", "00u2"])), fingerprint(&people(&["00u10", "0u2"])));
    }
}
