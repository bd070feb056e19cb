//! What a pass needs of the vendors' limits, and its rest where they do not admit it.

use std::{sync::Arc, time::Duration};

use api::shipment::YubiKeyShipment;
use domain::{
    failure::{Failure, Reason},
    pass::Task,
    plan::Fetch,
    summary::End,
};
use jiff::SignedDuration;
use kube::runtime::reflector::ObjectRef;
use queue::budget_queue::BudgetPermit;

use super::{Done, Driver, after};
use crate::{connection::handle::ConnectionHandle, kubernetes::status_patch::CommitError, shipment::permits};

impl Driver {
    /// Before the first call: whose turn is it, and is there enough for all that this pass may begin? Nothing is read for
    /// whom there is not. Gives the connection with what was reserved.
    pub(super) fn admit(
        &mut self,
        link: &Arc<ConnectionHandle>,
    ) -> Result<Option<Arc<ConnectionHandle>>, Duration> {
        let task = self.pass.task();
        let reserved = self.admitted.as_ref().and_then(BudgetPermit::reserved);
        let asked = permits::asks(task, reserved, || self.ctx.budget_queue.stands(&self.who()));
        let Some(own) = self.link.as_ref().filter(|_| asked) else { return Ok(None) };
        self.admitted = None;
        let need = permits::need(task, &self.pass.journal, self.is_deleting(), link);
        let place = permits::position(task, &self.object, &self.pass.journal);
        let admitted = self.ctx.budget_queue.enter(&link.uid, own, &self.who(), place, need)?;
        let reserving = admitted.reserved().map(|reserved| own.with(reserved));
        self.admitted = Some(admitted);
        Ok(reserving)
    }

    pub(super) fn who(&self) -> ObjectRef<YubiKeyShipment> {
        ObjectRef::from_obj(&*self.object)
    }

    /// It has no failure: its turn comes, at the latest after this. Said once, and nothing of it counts or grows.
    pub(super) async fn queue(&mut self, wait: Duration) -> Result<Done, CommitError> {
        self.waits = true;
        let of_a_gateway = self.link.as_ref().and_then(|link| link.web_page());
        let why = of_a_gateway.unwrap_or_else(|| {
            "The vendors' rate limits admit no more calls now; it goes on by itself when its turn has come: first who is enrolled, then the oldest.".to_owned()
        });
        let failure = Failure::new(Reason::RateLimited, why);
        self.write_end(&End::Failed(failure)).await?;
        let until = Some(after(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)));
        self.ctx.shipments.memory.note_rest(&self.object, until, self.stand, false);
        Ok(Done::At(until))
    }

    /// A vendor asked for fewer calls in the middle of the pass: back into the queue, and not before it allows.
    pub(super) async fn limited(&mut self, at_least: Duration) -> Result<Done, CommitError> {
        self.admitted = None;
        let Some(link) = self.link.clone() else { return self.queue(at_least).await };
        let task = Task::Fetch(Fetch::Parcel);
        let need = permits::need(&task, &self.pass.journal, self.is_deleting(), &link);
        let place = permits::position(&task, &self.object, &self.pass.journal);
        let wait = self.ctx.budget_queue.wait(&link.uid, &link, &self.who(), place, need, at_least);
        self.queue(wait).await
    }
}
