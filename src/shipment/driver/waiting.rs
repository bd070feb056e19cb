//! What stands in the way is the connection's: said there, and once at each shipment that waits for it.

use domain::{
    failure::{Failure, Kind, Reason},
    lasting,
};

use super::{Done, Driver};
use crate::{
    connection::{handle::ConnectionHandle, state::ConnectionState},
    kubernetes::status_patch::CommitError,
    metrics::instrument,
    shipment::{conditions, connection_faults, revision},
};

impl Driver {
    /// Is the connection the one this pass began with, and as it was then?
    pub(super) fn is_on_course(&self, link: &ConnectionHandle) -> bool {
        let (stand, way) = self.ctx.connections.state(&link.name);
        stand == self.stand && matches!(way, ConnectionState::Usable(now) if now.uid == link.uid)
    }

    /// A refusal that is about one person is this person's; any other fault of the connection is looked at there.
    pub(super) fn report(&self, failure: &Failure, link: &ConnectionHandle) {
        if failure.reason.kind() == Kind::Auth {
            self.ctx.connections.entries.report(&link.uid);
        } else if failure.reason == Reason::UserForbidden
            && let Some(user) = &self.pass.journal.user
        {
            self.ctx.connections.entries.report_person(&link.uid, user);
        }
    }

    /// Who waits for the connection says so, once; what is at rest is left alone, whatever becomes of the connection.
    pub(super) async fn wait_for_connection(&mut self, failure: Failure) -> Result<Done, CommitError> {
        let generation = self.object.metadata.generation.unwrap_or_default();
        if lasting::is_at_rest(&self.pass.journal, revision::of(&self.object), self.is_deleting()) {
            if self.object.status.as_ref().is_some_and(|status| status.observed_generation != generation) {
                let observed = conditions::observed(&self.object);
                self.write(&observed).await?;
            }
            return Ok(self.rested(None));
        }
        let reason = failure.reason;
        tracing::info!(%reason, detail = failure.message, "the shipment waits for its connection");
        self.write_end(&connection_faults::end(failure, self.is_deleting())).await?;
        self.ctx.metrics.failed(instrument::SHIPMENT, reason);
        // Its connection wakes it.
        self.ctx.shipments.memory.note_rest(&self.object, None, self.stand, true);
        Ok(Done::At(None))
    }
}
