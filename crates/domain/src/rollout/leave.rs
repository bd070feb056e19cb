//! People who left the source, and the brake: a source that is suddenly small is more likely broken than right.

use std::collections::BTreeSet;

use super::{
    facts::{Facts, Stage},
    ledger::{Ledger, State},
    people::Roster,
};
use crate::ids::UserId;

/// More than this many at once need a decision, if they are more than [`SHARE`] too.
const MANY: usize = 5;

/// A tenth of the open orders.
const SHARE: usize = 10;

/// Why nothing is cancelled by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CancelGuard {
    /// The source names nobody.
    SourceEmpty,
    /// It would cancel more than 5 and more than 10 % of the open orders.
    TooManyLeaving,
}

/// Whose shipments would be cancelled because they left: open ones of people the source no longer names, whose key is
/// not shipped and whom nobody else deletes already.
pub(super) fn leavers(ledger: &Ledger, roster: &Roster, facts: &Facts<'_>) -> BTreeSet<UserId> {
    if !roster.tells_leavers {
        return BTreeSet::new();
    }
    let named: BTreeSet<&UserId> = roster.members.iter().map(|member| &member.id).collect();
    let cancellable =
        |id: &UserId| facts.seen.get(id).is_none_or(|seen| seen.stage == Stage::Before && !seen.deleting);
    ledger
        .0
        .iter()
        .filter(|(id, entry)| matches!(entry.state, State::Begun | State::Made) && !named.contains(id))
        .filter(|(id, _)| cancellable(id))
        .map(|(id, _)| id.clone())
        .collect()
}

/// What stops so many from being cancelled.
pub(super) fn guard(leavers: usize, open: usize, roster: &Roster) -> Option<CancelGuard> {
    if leavers == 0 {
        None
    } else if roster.total() == 0 {
        Some(CancelGuard::SourceEmpty)
    } else if leavers > MANY && leavers * SHARE > open {
        Some(CancelGuard::TooManyLeaving)
    } else {
        None
    }
}
