//! A receipt stands in the status before anything else is done on its word, whatever becomes of the pass.

use std::{sync::Arc, time::Duration};

use api::shipment::{YubiKeyShipment, journal_status};
use domain::{
    journal::Marked,
    pass::{Live, Task},
};
use kube::ResourceExt;
use system::{clock, random};

use super::{Driver, doing, tries::Tries};
use crate::{
    kubernetes::status_patch::{self, CommitError},
    shipment::revision,
};

/// Shortest time between two tries to write a receipt.
const BREATH: Duration = Duration::from_secs(1);

impl Driver {
    /// An order's receipt is written at once, alone if need be, until it stands: it is the only trace of a key that costs
    /// money.
    pub(super) async fn record(&mut self) {
        let saved = self.save_as_planned().await;
        if let Err(error) = saved.as_ref()
            && !matches!(error, CommitError::Gone)
        {
            tracing::error!(%error, "the receipt of an order could not be written; trying until it is");
            self.breathe(error).await;
        }
        self.written(saved);
    }

    /// Reads the object on which that write was refused. Where the mark is no longer open there (the first write may
    /// have got through after all, or another resource stands under the name) there is nothing to write into: the pass
    /// ends as with any conflict.
    pub(super) async fn reread(&mut self) {
        let (live, object) = match self.read_live().await {
            Ok((live, object)) => (live, Some(object)),
            Err(CommitError::Gone) => (Live::Another, None),
            Err(_) => (Live::Unreadable, None),
        };
        let carried = self.pass.onto_live(live, clock::now());
        if let Some(object) = object.filter(|_| carried) {
            self.object = Arc::new(object);
        }
        if *self.pass.task() == Task::Over {
            tracing::warn!("the receipt stands already, or its mark is gone from the status");
            self.ended = Some(Err(CommitError::Conflict));
        }
    }

    /// Whatever ended the pass: a receipt that stands nowhere is written alone until it stands. Without it a person would
    /// have to say whose an enrolment is, and a PIN would be mailed again.
    pub(super) async fn keep_receipt(&mut self) {
        if self.pass.carries() {
            self.pass.stop();
            self.tries = Tries::default();
        }
        while let Task::Keep(carried) = self.pass.task() {
            let (what, attempt) = (carried.what, carried.attempt);
            let kept = self.keep_once(what).await;
            if let Err(error) = &kept {
                tracing::warn!(%error, ?what, attempt, "a receipt could not be written; trying until it is");
                self.breathe(error).await;
            }
            self.written(kept);
        }
    }

    async fn keep_once(&mut self, what: Marked) -> Result<(), CommitError> {
        let (live, object) = self.read_live().await?;
        if !self.pass.onto_live(live, clock::now()) {
            return Ok(());
        }
        self.object = Arc::new(object);
        self.save(doing(what)).await
    }

    /// Between tries: longer each time, because many may wait for the same API server, and never long, because a receipt is
    /// the only trace of its effect. At the end of the process there is no time to lose. After a conflict the next try
    /// goes at once: a process that is killed meanwhile leaves a person with a question that was answered.
    async fn breathe(&mut self, error: &CommitError) {
        if !self.tries.waits_after(error) {
            return;
        }
        tokio::time::sleep(BREATH).await;
        let more = random::jittered(self.tries.wait()).unsigned_abs().saturating_sub(BREATH);
        let _ = self.ctx.tasks.unless_closing(tokio::time::sleep(more)).await;
    }

    /// The object that is live now. Deleted and declared again meanwhile, it is another one: an attempt of the same
    /// number there is another attempt.
    async fn read_live(&self) -> Result<(Live, YubiKeyShipment), CommitError> {
        let object = self.api.get(&self.object.name_any()).await.map_err(status_patch::unread)?;
        let live = match journal_status::read(&object.status.clone().unwrap_or_default()) {
            _ if object.uid() != self.object.uid() => Live::Another,
            Ok(journal) => Live::Shown(Box::new(journal), revision::of(&object)),
            Err(_) => Live::Unreadable,
        };
        Ok((live, object))
    }
}
