//! The end of a rollout: its shipments are released, or deleted as far as they are not finished.

use api::rollout::OnDelete;
use domain::{
    failure::{Failure, Reason},
    ids::UserId,
    rollout::Stage,
};
use futures::FutureExt;
use jiff::SignedDuration;
use system::clock;

use super::{Done, Driver, steps::carry_out};
use crate::{
    kubernetes::{finalizer, status_patch::CommitError},
    rollout::{
        conditions::{self, ReadySummary},
        observed::View,
        shipments,
    },
};

/// Shipments that are being deleted are looked at again after this.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

impl Driver {
    /// Releases the shipments, or deletes those that are not finished and waits until they are gone.
    pub(super) async fn remove(&mut self) -> Result<Done, CommitError> {
        if !finalizer::present(&self.object) {
            return Ok(Done::Gone);
        }
        if self.object.spec.on_delete == OnDelete::Cancel {
            if self.object.spec.paused {
                self.say(&paused()).await?;
                return Ok(Done::At(None));
            }
            let open = match self.cancel_all().await {
                Ok(open) => open,
                Err(failure) => {
                    self.say(&ReadySummary::failed(&failure)).await?;
                    return Ok(later());
                }
            };
            if open > 0 {
                self.say(&cancelling(open)).await?;
                return Ok(later());
            }
        }
        match finalizer::remove(&self.api, &self.object).await {
            Ok(written) => self.took(written),
            Err(CommitError::Gone) => {}
            Err(error) => return Err(error),
        }
        Ok(Done::Gone)
    }

    /// Shipments that have not come to their end, each of them deleted now or before, and those that are on their way out:
    /// one whose order is cancelled may still have its enrolment to remove. Listed live: the cache may lack one.
    async fn cancel_all(&mut self) -> Result<usize, Failure> {
        let mut view = View::default();
        self.list_shipments(&mut view).await?;
        let seen = view.seen();
        let open = |id: &UserId| {
            seen.get(id)
                .is_some_and(|seen| seen.deleting || !matches!(seen.stage, Stage::Activated | Stage::Over))
        };
        let open: Vec<_> =
            view.ours.iter().filter(|(id, _)| open(id)).map(|(_, shipment)| shipment).collect();
        let staying = open.iter().filter(|shipment| shipment.metadata.deletion_timestamp.is_none());
        let steps: Vec<_> =
            staying.map(|shipment| shipments::delete(&self.shipments, shipment).boxed()).collect();
        let (_, failure) = carry_out(steps, 1, || self.may_go_on()).await;
        failure.map_or(Ok(open.len()), Err)
    }

    async fn say(&mut self, stand: &ReadySummary) -> Result<(), CommitError> {
        self.basis = conditions::standing(&self.object, stand, clock::now());
        self.keep().await
    }
}

fn later() -> Done {
    Done::At(clock::now().checked_add(AGAIN).ok())
}

fn paused() -> ReadySummary {
    ReadySummary::stalled(
        Reason::Paused,
        "The rollout is deleted and spec.onDelete is Cancel, but spec.paused is set, so nothing is cancelled; unset it, or set spec.onDelete to Release.",
    )
}

fn cancelling(open: usize) -> ReadySummary {
    ReadySummary::under_way(
        Reason::Deleting,
        format!(
            "{open} shipments that are not finished are being deleted, and the rollout goes with the last of them; those that wait for an answer say so themselves. To let them be, set spec.onDelete to Release."
        ),
    )
}
