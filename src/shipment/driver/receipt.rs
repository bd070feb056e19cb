//! A receipt stands in the status before anything else is done on its word, whatever becomes of the pass.

use std::time::Duration;

use api::shipment::journal_status;
use domain::{
    backoff,
    fence::{self, Write},
    journal::{Marked, Receipt},
};
use kube::ResourceExt;
use system::{clock, random};

use super::{Pass, doing};
use crate::{
    kubernetes::status_patch::{self, CommitError},
    shipment::revision,
};

/// Shortest time between two tries to write a receipt.
const BREATH: Duration = Duration::from_secs(1);

/// Tries after which the time between them has stopped growing: 16 s.
const LAST_TRY: u32 = 4;

/// Conflicts in a row after which a breath is taken: the API server answers, but somebody writes as often as we do.
const MOST_CONFLICTS: u32 = 8;

/// How often it was tried to write a receipt.
#[derive(Debug, Default)]
struct Tries {
    conflicts: u32,
    failed: u32,
}

impl Tries {
    /// One more failed so; is there a breath to be taken before the next?
    fn waits_after(&mut self, error: &CommitError) -> bool {
        if matches!(error, CommitError::Conflict) && self.conflicts < MOST_CONFLICTS {
            self.conflicts += 1;
            return false;
        }
        self.conflicts = 0;
        self.failed = self.failed.saturating_add(1).min(LAST_TRY);
        true
    }
}

/// What became of a receipt on the object that is live now.
enum Live {
    /// It is in the journal, and to be written.
    Carried,
    /// Its mark is not open there.
    Closed,
    /// The status there cannot be read.
    Unreadable,
}

impl Pass {
    /// Puts the receipt into the mark of its attempt. An order's receipt is written at once, alone if need be: it is
    /// the only trace of a key that costs money.
    pub(super) async fn record(
        &mut self,
        what: Marked,
        attempt: u32,
        receipt: &Receipt,
    ) -> Result<(), CommitError> {
        let generation = revision::of(&self.object);
        let taken = self.journal.record(what, attempt, receipt, generation, clock::now());
        if !taken {
            tracing::error!(?what, attempt, "the mark of this receipt is no longer open");
        }
        if !Write::Receipt(what, attempt).goes_on() {
            let kept = taken && fence::must_stand(what, receipt);
            self.unwritten = kept.then(|| (what, attempt, receipt.clone()));
            return Ok(());
        }
        let mut tries = Tries::default();
        loop {
            match self.save_as_planned().await {
                Ok(()) | Err(CommitError::Gone) => return Ok(()),
                Err(error) => {
                    tracing::error!(%error, attempt, "the receipt of an order could not be written; trying until it is");
                    self.breathe(&mut tries, &error).await;
                    self.adopt_live(what, attempt, receipt).await?;
                }
            }
        }
    }

    /// The write that was to carry this receipt was refused: the receipt alone is written until it stands. Without it
    /// a person would have to say whose an enrolment is, and a PIN would be mailed again.
    pub(super) async fn keep(&mut self, what: Marked, attempt: u32, receipt: &Receipt) {
        let mut tries = Tries::default();
        loop {
            match self.carry(what, attempt, receipt).await {
                Ok(()) | Err(CommitError::Gone) => return,
                Err(error) => {
                    tracing::warn!(%error, ?what, attempt, "a receipt could not be written; trying until it is");
                    self.breathe(&mut tries, &error).await;
                }
            }
        }
    }

    /// Between tries: longer each time, because many may wait for the same API server, and never long, because a receipt is
    /// the only trace of its effect. At the end of the process there is no time to lose. After a conflict the next try
    /// goes at once: a process that is killed meanwhile leaves a person with a question that was answered.
    async fn breathe(&self, tries: &mut Tries, error: &CommitError) {
        if !tries.waits_after(error) {
            return;
        }
        tokio::time::sleep(BREATH).await;
        let more = random::jittered(backoff::delay(tries.failed)).unsigned_abs().saturating_sub(BREATH);
        let _ = self.ctx.tasks.unless_closing(tokio::time::sleep(more)).await;
    }

    async fn carry(&mut self, what: Marked, attempt: u32, receipt: &Receipt) -> Result<(), CommitError> {
        match self.onto_live(what, attempt, receipt).await? {
            Live::Carried => self.save(doing(what)).await,
            Live::Closed | Live::Unreadable => Ok(()),
        }
    }

    /// Where the mark is no longer open (the first write may have got through after all, or another resource stands
    /// under the name) there is nothing to write an order's receipt into: the pass ends as with any conflict, and the
    /// plan goes on from what is stored.
    async fn adopt_live(&mut self, what: Marked, attempt: u32, receipt: &Receipt) -> Result<(), CommitError> {
        match self.onto_live(what, attempt, receipt).await {
            Ok(Live::Closed) => Err(CommitError::Conflict),
            Ok(Live::Carried | Live::Unreadable) | Err(_) => Ok(()),
        }
    }

    /// Reads the object live and puts the receipt, and nothing else, into its open mark.
    async fn onto_live(
        &mut self,
        what: Marked,
        attempt: u32,
        receipt: &Receipt,
    ) -> Result<Live, CommitError> {
        let live = self.api.get(&self.object.name_any()).await.map_err(status_patch::unread)?;
        let Ok(mut journal) = journal_status::read(&live.status.clone().unwrap_or_default()) else {
            return Ok(Live::Unreadable);
        };
        let generation = revision::of(&live);
        // Deleted and declared again meanwhile: an attempt of the same number there is another one.
        let same = live.uid() == self.object.uid();
        if !same || !fence::carry_over(&mut journal, what, attempt, receipt, generation, clock::now()) {
            tracing::warn!(?what, attempt, "the receipt stands already, or its mark is gone from the status");
            return Ok(Live::Closed);
        }
        self.journal = journal;
        *self.object = live;
        Ok(Live::Carried)
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
