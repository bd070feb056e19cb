//! How often it was tried to write a receipt, and whether the next try goes at once.

use domain::backoff;
use jiff::SignedDuration;

use crate::kubernetes::status_patch::CommitError;

/// Tries after which the time between them has stopped growing: 16 s.
const LAST_TRY: u32 = 4;

/// Conflicts in a row after which a breath is taken: the API server answers, but somebody writes as often as we do.
const MOST_CONFLICTS: u32 = 8;

/// How often it was tried to write a receipt.
#[derive(Debug, Default)]
pub(super) struct Tries {
    conflicts: u32,
    failed: u32,
}

impl Tries {
    /// One more failed so; is there a breath to be taken before the next?
    pub(super) fn waits_after(&mut self, error: &CommitError) -> bool {
        if matches!(error, CommitError::Conflict) && self.conflicts < MOST_CONFLICTS {
            self.conflicts += 1;
            return false;
        }
        self.conflicts = 0;
        self.failed = self.failed.saturating_add(1).min(LAST_TRY);
        true
    }

    /// The wait before the next try.
    pub(super) fn wait(&self) -> SignedDuration {
        backoff::delay(self.failed)
    }
}

#[cfg(test)]
mod tests {
    use domain::failure::{Failure, Reason};

    use super::*;

    #[test]
    fn a_receipt_goes_again_at_once_after_a_conflict_and_waits_where_the_api_server_fails() {
        let mut tries = Tries::default();
        for _ in 0..MOST_CONFLICTS {
            assert!(!tries.waits_after(&CommitError::Conflict), "the API server answers");
        }
        assert!(tries.waits_after(&CommitError::Conflict), "somebody writes as often as we do");
        assert!(!tries.waits_after(&CommitError::Conflict), "and again at once");
        let failed = CommitError::Failed(Failure::new(Reason::StatusWriteFailed, "x"));
        assert!(tries.waits_after(&failed) && tries.waits_after(&failed));
        assert_eq!(tries.failed, 3, "each wait is longer");
    }
}
