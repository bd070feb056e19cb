//! Every effect of a pass: what may be repeated is run, what may not is marked, sent and recorded.

use std::sync::Arc;

use domain::{
    failure::{Failure, Reason},
    journal::{Marked, Receipt},
    plan::{Idempotent, Step},
};
use system::clock;
use tokio::time::Instant;

use super::{Pass, doing};
use crate::{
    connection::handle::ConnectionHandle,
    kubernetes::status_patch::CommitError,
    shipment::{
        connection_faults,
        effects::{self, Intent, Prepared},
        open_orders,
    },
};

impl Pass {
    pub(super) async fn run_free(
        &mut self,
        what: Idempotent,
        link: &ConnectionHandle,
    ) -> Result<Option<Failure>, CommitError> {
        if !self.is_on_course(link) {
            return Err(CommitError::Conflict);
        }
        let result = effects::run_free(what, link, &mut self.journal, &self.ctx.tasks).await;
        match (what, result) {
            // The list tells whether it worked all the same.
            (Idempotent::Activate, Err(failure)) => {
                self.found.observed.signing_key_gone = effects::signing_key_gone(link, &self.journal).await;
                self.found.observed.activation_failed = Some(failure);
            }
            (Idempotent::Cancel, Err(failure)) => self.found.observed.cancel_failed = Some(failure),
            (Idempotent::Cancel, Ok(())) => {
                self.found.observed.parcel = None;
                // The 2xx to our DELETE is what makes a later 404 certain: it must outlive this process.
                self.save(Reason::Deleting).await?;
            }
            (_, result) => return Ok(result.err()),
        }
        Ok(None)
    }

    /// Of the passes for one person only one may begin an enrolment: two that look at the same moment both see nobody,
    /// and each would make one of which the second look removes the other.
    pub(super) fn may_begin(&mut self, what: Marked) -> bool {
        let Some(user) = self.journal.user.as_ref().filter(|_| what == Marked::Enroll) else { return true };
        if self.claim.is_none() {
            let org = self.journal.orgs.as_ref().and_then(|orgs| orgs.okta.as_ref());
            let org = org.map(ToString::to_string).unwrap_or_default();
            self.claim = open_orders::claim_person(&self.ctx, &org, user, &self.object);
        }
        self.claim.is_some()
    }

    /// Of two passes that would take over one order only one may look at it: both would see that nobody has it.
    pub(super) fn may_adopt(&mut self) -> bool {
        let Some(adoption) = self.journal.adoption.as_ref() else { return true };
        if self.adopting.is_none() {
            self.adopting = open_orders::claim_order(&self.ctx, &adoption.shipment, &self.object);
        }
        if let Some(place) = &mut self.adopting {
            place.used = true;
        }
        self.adopting.is_some()
    }

    /// Mark, send, record. The mark is a write guarded by the object the decision was made on; a conflict ends the
    /// pass, and the same patch is never sent on a newer version.
    pub(super) async fn mark_and_send(
        &mut self,
        what: Marked,
        link: &Arc<ConnectionHandle>,
    ) -> Result<Option<Failure>, CommitError> {
        let prepared = match self.prepare(what, link).await? {
            Some(Ok(prepared)) => prepared,
            Some(Err(failure)) => return Ok(Some(failure)),
            None => return Ok(None),
        };
        // Slot and token may have taken long: requests expire, people are suspended, others come first.
        if self.next_step(link).await != Step::Mark(what) {
            return Ok(None);
        }
        if !self.is_on_course(link) {
            // The connection or its credentials were replaced meanwhile: the pass starts anew with those.
            return Err(CommitError::Conflict);
        }
        for place in [&mut self.place, &mut self.claim].into_iter().flatten() {
            place.used = true;
        }
        let (now, instant) = (clock::now(), Instant::now());
        self.journal.mark(what, now, self.found.observed.list.as_ref());
        if let Err(error) = self.save(doing(what)).await {
            if matches!(error, CommitError::Unanswered(_) | CommitError::Failed(_)) {
                // It may stand there all the same, and nothing is sent on its word.
                self.ctx.unsent.note(&self.uid(), what, &self.journal);
            }
            return Err(error);
        }
        let intent = Intent::new(what, self.journal.attempt_of(what), now, instant, prepared);
        let (attempt, what) = (intent.attempt(), intent.what());
        let outcome = if self.is_on_course(link) {
            effects::run_marked(intent, &self.object, link, &self.journal, self.found.recipient.as_ref())
                .await
        } else {
            connection_faults::replaced()
        };
        self.found.observed.list = None;
        self.record(what, attempt, &outcome.receipt).await?;
        Ok(match outcome.receipt {
            Receipt::Enrolled(..) | Receipt::Ordered(_) | Receipt::Done => None,
            // The order's own holds tell what to do; the rest is tried again with backoff.
            Receipt::Unknown | Receipt::WebPage(_) if what != Marked::Discard => None,
            Receipt::Refused { retryable: false } if what == Marked::Order => None,
            _ => outcome.failure,
        })
    }

    /// Where others stand before us, the turn to order may come late: what the enrolment gave is written before it is
    /// waited for. Else it is written with the order's mark, which saves a write.
    /// `None`: the process ends, and nothing is begun any more.
    pub(super) async fn prepare(
        &mut self,
        what: Marked,
        link: &ConnectionHandle,
    ) -> Result<Option<Result<Prepared, Failure>>, CommitError> {
        if what == Marked::Order && self.unwritten.is_some() {
            match effects::prepare_at_once(link) {
                Ok(Some(prepared)) => return Ok(Some(Ok(prepared))),
                Ok(None) => self.save(doing(what)).await?,
                Err(failure) => return Ok(Some(Err(failure))),
            }
        }
        Ok(self.ctx.tasks.unless_closing(effects::prepare(what, link)).await)
    }
}
