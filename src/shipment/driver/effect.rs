//! Every effect of a pass: what may be repeated is run, what may not is prepared, marked and sent.

use std::sync::Arc;

use domain::{
    failure::Reason,
    journal::{Attempt, Marked},
    plan::Idempotent,
};
use jiff::Timestamp;
use system::clock;
use tokio::time::Instant;

use super::{Driver, doing, tries::Tries};
use crate::{
    connection::handle::ConnectionHandle,
    kubernetes::status_patch::CommitError,
    shipment::{
        connection_faults,
        effects::{self, Intent, Outcome},
        open_orders, revision,
    },
};

impl Driver {
    pub(super) async fn run_idempotent(&mut self, what: Idempotent, link: &ConnectionHandle) {
        let result = effects::run_free(what, link, &mut self.pass.journal, &self.ctx.tasks).await;
        let refused = what == Idempotent::Activate && result.is_err();
        let key_gone = refused && effects::signing_key_gone(link, &self.pass.journal).await;
        self.pass.ran(result, key_gone);
    }

    /// Of the passes for one person only one may begin an enrolment: two that look at the same moment both see nobody,
    /// and each would make one of which the second look removes the other.
    pub(super) fn may_begin(&mut self, what: Marked) -> bool {
        let journal = &self.pass.journal;
        let Some(user) = journal.user.as_ref().filter(|_| what == Marked::Enroll) else { return true };
        if self.claim.is_none() {
            let org = journal.orgs.as_ref().and_then(|orgs| orgs.okta.as_ref());
            let org = org.map(ToString::to_string).unwrap_or_default();
            self.claim = open_orders::claim_person(&self.ctx, &org, user, &self.object);
        }
        self.claim.is_some()
    }

    /// Of two passes that would take over one order only one may look at it: both would see that nobody has it.
    pub(super) fn may_adopt(&mut self) -> bool {
        let Some(adoption) = self.pass.journal.adoption.as_ref() else { return true };
        if self.adopting.is_none() {
            self.adopting = open_orders::claim_order(&self.ctx, &adoption.shipment, &self.object);
        }
        if let Some(place) = &mut self.adopting {
            place.used = true;
        }
        self.adopting.is_some()
    }

    /// Where others stand before us, the turn to order may come late: what the enrolment gave is written before it is
    /// waited for. Else it is written with the order's mark, which saves a write.
    pub(super) async fn prepare(&mut self, what: Marked, link: &ConnectionHandle) {
        let got = if what == Marked::Order && self.pass.carries() {
            match effects::prepare_at_once(link).transpose() {
                Some(got) => got,
                None => return self.pass.save_first(doing(what)),
            }
        } else {
            // At the end of the process nothing is begun any more.
            let preparing = self.ctx.tasks.unless_closing(effects::prepare(what, link));
            let Some(got) = preparing.await else { return self.pass.stop() };
            got
        };
        let result = got.map(|prepared| self.prepared = Some(prepared));
        self.pass.prepared(result);
    }

    /// The mark is a write guarded by the object the decision was made on; a conflict ends the pass, and the same patch
    /// is never sent on a newer version.
    pub(super) async fn write_mark(&mut self, what: Marked) {
        for place in [&mut self.place, &mut self.claim].into_iter().flatten() {
            place.used = true;
        }
        self.marked = Instant::now();
        let saved = self.save(doing(what)).await;
        if let Err(CommitError::Unanswered(_) | CommitError::Failed(_)) = &saved {
            // It may stand there all the same, and nothing is sent on its word.
            self.ctx.unsent.note(&self.uid(), what, &self.pass.journal);
        }
        self.written(saved);
    }

    pub(super) async fn send(
        &mut self,
        what: Marked,
        attempt: Attempt,
        marked_at: Timestamp,
        link: &Arc<ConnectionHandle>,
    ) {
        let outcome = match self.prepared.take() {
            _ if !self.is_on_course(link) => connection_faults::replaced(),
            Some(prepared) => {
                let intent = Intent::new(what, attempt, marked_at, self.marked, prepared);
                let (journal, recipient) = (&self.pass.journal, self.pass.observed.recipient.as_ref());
                effects::run_marked(intent, &self.object, link, journal, recipient).await
            }
            None => Outcome::not_sent(Reason::PassStopped, "Nothing was prepared, so nothing was sent."),
        };
        self.tries = Tries::default();
        let taken =
            self.pass.sent(outcome.receipt, outcome.failure, revision::of(&self.object), clock::now());
        if !taken {
            tracing::error!(?what, attempt, "the mark of this receipt is no longer open");
        }
    }
}
