//! Which tables of people are waited for, and which have changed since they were read.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use crate::kubernetes::uid::Uids;

/// The tables that are waited for and those that have changed, by uid of their rollout.
#[derive(Debug, Default)]
pub struct ChangedTables(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    followed: HashSet<String>,
    changed: HashSet<String>,
}

impl ChangedTables {
    fn known<T>(&self, of: impl FnOnce(&mut Known) -> T) -> T {
        of(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the table of this rollout changed since it was read?
    #[must_use]
    pub fn has_changed(&self, uid: &str) -> bool {
        self.known(|known| known.changed.contains(uid))
    }

    /// The table is read now.
    pub fn note_read(&self, uid: &str) {
        self.known(|known| known.changed.remove(uid));
    }

    /// Forgets rollouts that are gone.
    pub fn prune(&self, live: &Uids) {
        self.known(|known| known.changed.retain(|uid| live.contains(uid)));
    }

    /// Somebody waits for a change of this rollout's table from now on; false if somebody does already.
    #[must_use]
    pub fn begin_following(&self, uid: &str) -> bool {
        self.known(|known| known.followed.insert(uid.to_owned()))
    }

    /// Nobody waits any more.
    pub fn end_following(&self, uid: &str, has_changed: bool) {
        self.known(|known| {
            known.followed.remove(uid);
            if has_changed {
                known.changed.insert(uid.to_owned());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_until_the_table_is_read_or_the_rollout_is_gone() {
        let tables = ChangedTables::default();
        for uid in ["a", "b"] {
            assert!(tables.begin_following(uid) && !tables.begin_following(uid));
            tables.end_following(uid, true);
        }
        tables.note_read("a");
        assert!(!tables.has_changed("a") && tables.has_changed("b"));
        tables.prune(&Uids::default());
        assert!(!tables.has_changed("b"));
    }
}
