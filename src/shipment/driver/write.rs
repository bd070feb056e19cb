//! Every write of a pass: the journal with what is being done, or with how the pass ended.

use std::sync::Arc;

use api::{connection::FirstUse, shipment::YubiKeyShipmentStatus};
use domain::{
    backoff,
    failure::{Failure, Kind, Reason},
    pass::Ending,
    plan::Idle,
    summary::End,
};
use jiff::{SignedDuration, Timestamp};
use system::{clock, random};

use super::{Done, Driver, TURN, after};
use crate::{
    connection::handle::ConnectionHandle,
    kubernetes::{
        events,
        status_patch::{self, CommitError},
    },
    metrics::instrument,
    shipment::{
        conditions::{self, Told},
        display, revision,
    },
};

impl Driver {
    /// After an order the next plan is a rest; its conditions go with the receipt in one write.
    pub(super) async fn save_as_planned(&mut self) -> Result<(), CommitError> {
        let name = self.object.spec.connection_ref.name.clone();
        let Some(link) = self.ctx.connections.state(&name).1.usable() else {
            let ordered = self.pass.journal.accepted().is_some();
            return self.save(if ordered { Reason::AwaitingShipment } else { Reason::Ordering }).await;
        };
        match self.with_facts(&link, |pass, facts| pass.idle_after_receipt(facts)).await {
            Some(idle) => self.write_end(&End::Idle(idle)).await,
            None => self.save(Reason::Ordering).await,
        }
    }

    /// Writes the journal as it stands, and says what is being done. A failure of an earlier try stays noted: only
    /// its end shows that it has passed.
    pub(super) async fn save(&mut self, doing: Reason) -> Result<(), CommitError> {
        let rest = Idle { reason: doing, message: doing.progress().to_owned(), until: None, pin: false };
        self.pass.note_progress(revision::of(&self.object));
        let status =
            conditions::end(&self.object, &self.pass.journal, &End::Idle(rest), self.told(), clock::now());
        self.write(&status).await
    }

    pub(super) async fn write(&mut self, status: &YubiKeyShipmentStatus) -> Result<(), CommitError> {
        let nothing = YubiKeyShipmentStatus::default();
        let old = self.object.status.as_ref().unwrap_or(&nothing);
        let written = status_patch::commit(&self.api, &self.object, old, status).await?;
        if let Some(written) = written.map(Arc::new) {
            self.ctx.unsent.forget(&self.uid());
            self.ctx.shipments.note_written(&written);
            self.note_activation(old, status);
            self.note_first_use(old, status);
            events::transition(&self.ctx.outbox, &*written, &old.conditions, &status.conditions);
            self.object = written;
        }
        self.pass.note_stored();
        Ok(())
    }

    /// What is told besides the journal, as the connection that is declared now allows.
    fn told(&self) -> Told {
        let connection = self.ctx.connections.get(&self.object.spec.connection_ref.name);
        let policy = connection.as_ref().map(|declared| declared.spec.policy.show_login);
        Told {
            display: display::of(&self.object, &self.pass.journal, policy, self.pass.observed.login.as_ref()),
            first_use: self.pass.observed.first_use,
            looks_for_use: connection.map(|declared| declared.spec.polling.first_use == FirstUse::Daily),
        }
    }

    /// The write that first says "activated" is the one that counts it: a restart or a conflict counts nothing twice.
    pub(super) fn note_activation(&self, old: &YubiKeyShipmentStatus, new: &YubiKeyShipmentStatus) {
        let before = old.times.as_ref().and_then(|times| times.activated.as_ref());
        let Some(times) = new.times.as_ref().filter(|_| before.is_none()) else { return };
        if let (Some(ordered), Some(activated)) = (&times.ordered, &times.activated) {
            let took = activated.0.duration_since(ordered.0).max(SignedDuration::ZERO).unsigned_abs();
            let uid = self.ctx.connections.uid_of(&self.object.spec.connection_ref.name);
            self.ctx.metrics.connections.observe_activation(&uid, took);
        }
    }

    /// As the activation, from the delivery on: by a day or a week later than it was, as often as it is looked for.
    fn note_first_use(&self, old: &YubiKeyShipmentStatus, new: &YubiKeyShipmentStatus) {
        let before = old.times.as_ref().and_then(|times| times.used.as_ref());
        let Some(times) = new.times.as_ref().filter(|_| before.is_none()) else { return };
        if let (Some(delivered), Some(used)) = (&times.delivered, &times.used) {
            let took = used.0.duration_since(delivered.0).max(SignedDuration::ZERO).unsigned_abs();
            let uid = self.ctx.connections.uid_of(&self.object.spec.connection_ref.name);
            self.ctx.metrics.connections.observe_first_use(&uid, took);
        }
    }

    pub(super) async fn write_end(&mut self, end: &End) -> Result<(), CommitError> {
        let status = self.ended(end);
        self.write(&status).await
    }

    /// The status with how the pass ended.
    fn ended(&mut self, end: &End) -> YubiKeyShipmentStatus {
        let now = clock::now();
        self.pass.note_end(end, revision::of(&self.object), &random::suffix(), now);
        conditions::end(&self.object, &self.pass.journal, end, self.told(), now)
    }

    /// Writes how the pass ended, and tells when it is looked at again.
    pub(super) async fn end(&mut self, ending: Ending, link: &ConnectionHandle) -> Result<Done, CommitError> {
        match ending {
            Ending::Idle(idle) => self.finish(idle).await,
            Ending::Stalled(failure) => {
                self.tell(&failure, link);
                let Failure { reason, message, .. } = failure;
                let done = self.finish(Idle { reason, message, until: None, pin: false }).await?;
                self.ctx.metrics.failed(instrument::SHIPMENT, reason);
                Ok(done)
            }
            Ending::Waits(failure) => {
                self.limited(failure.retry_after.unwrap_or(backoff::UNNAMED.unsigned_abs())).await
            }
            Ending::Failed(failure) => {
                self.tell(&failure, link);
                self.fail(failure).await
            }
        }
    }

    fn tell(&self, failure: &Failure, link: &ConnectionHandle) {
        tracing::warn!(reason = %failure.reason, detail = failure.message, "the pass ended early");
        self.report(failure, link);
    }

    async fn finish(&mut self, idle: Idle) -> Result<Done, CommitError> {
        let (reason, until) = (idle.reason, idle.until);
        self.write_end(&End::Idle(idle)).await?;
        if let (Reason::AnotherOrderForUser | Reason::ClaimedTwice, Some(other)) = (reason, &self.behind) {
            self.ctx.shipments.wait_behind(other, &self.object);
        }
        if reason == Reason::TooManyOpenOrders {
            // A place becomes free without any change of this shipment; asking costs no call.
            return Ok(self.rested(Some(after(random::jittered(TURN)))));
        }
        let slow = is_looked_at_slowly(reason, until);
        Ok(self.rested(if slow { Some(after(random::jittered(backoff::STALLED))) } else { until }))
    }

    pub(super) fn rested(&self, until: Option<Timestamp>) -> Done {
        self.ctx.shipments.memory.note_rest(&self.object, until, self.stand, false);
        Done::At(until)
    }

    async fn fail(&mut self, failure: Failure) -> Result<Done, CommitError> {
        let reason = failure.reason;
        let (kind, wish) = (reason.kind(), failure.retry_after);
        let refused = kind == Kind::Auth;
        self.write_end(&End::Failed(failure)).await?;
        self.ctx.metrics.failed(instrument::SHIPMENT, reason);
        let count = self.pass.journal.last_failure.as_ref().map_or(1, |t| t.count);
        let wait = match kind {
            Kind::Stalled | Kind::Auth => backoff::delay(count).max(SignedDuration::from_secs(30)),
            Kind::Transient | Kind::Waiting => backoff::delay(count),
        };
        let wish = wish.and_then(|w| SignedDuration::try_from(w).ok()).unwrap_or_default();
        let until = Some(after(random::jittered(wait.max(wish))));
        self.ctx.shipments.memory.note_rest(&self.object, until, self.stand, refused);
        Ok(Done::At(until))
    }

    /// What an older definition would drop is not written; why nothing happens may well be.
    pub(super) async fn say(&mut self, failure: &Failure) {
        self.pass.undo();
        let mut status = self.ended(&End::Failed(failure.clone()));
        // The first version's definitions do not have it, and their column shows the condition.
        status.summary = self.object.status.as_ref().and_then(|before| before.summary.clone());
        if let Err(error) = self.write(&status).await {
            tracing::warn!(%error, "the status cannot say that the definitions are older");
        }
    }
}

/// Does it wait for what nobody tells the operator of, and for no time?
fn is_looked_at_slowly(reason: Reason, until: Option<Timestamp>) -> bool {
    until.is_none() && reason.kind() == Kind::Stalled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_stalled_without_an_end_is_looked_at_slowly() {
        assert!(is_looked_at_slowly(Reason::InvalidRecipient, None));
        assert!(!is_looked_at_slowly(Reason::InvalidRecipient, Some(Timestamp::UNIX_EPOCH)));
        assert!(!is_looked_at_slowly(Reason::Suspended, None), "a change of its spec ends it");
    }
}
