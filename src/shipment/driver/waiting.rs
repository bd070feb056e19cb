//! What stands in the way is the connection's: said there, and once at each shipment that waits for it.

use domain::{
    failure::{Failure, Kind, Reason},
    lasting,
    plan::Rest,
    summary::End,
};

use super::{Done, Pass};
use crate::{
    connection::{handle::ConnectionHandle, state::ConnectionState},
    kubernetes::status_patch::CommitError,
    metrics::instrument,
    shipment::{conditions, effects::Outcome, revision},
};

impl Pass {
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
            && let Some(user) = &self.journal.user
        {
            self.ctx.connections.entries.report_person(&link.uid, user);
        }
    }

    /// Who waits for the connection says so, once; what is at rest is left alone, whatever becomes of the connection.
    pub(super) async fn wait_for_connection(&mut self, failure: Failure) -> Result<Done, CommitError> {
        let generation = self.object.metadata.generation.unwrap_or_default();
        if lasting::is_at_rest(&self.journal, revision::of(&self.object), self.is_deleting()) {
            if self.object.status.as_ref().is_some_and(|status| status.observed_generation != generation) {
                let observed = conditions::observed(&self.object);
                self.write(&observed).await?;
            }
            return Ok(self.rested(None));
        }
        let reason = failure.reason;
        tracing::info!(%reason, detail = failure.message, "the shipment waits for its connection");
        self.write_end(&end(failure, self.is_deleting())).await?;
        self.ctx.metrics.failed(instrument::SHIPMENT, reason);
        // Its connection wakes it.
        self.ctx.shipments.memory.note_rest(&self.object, None, self.stand, true);
        Ok(Done::At(None))
    }
}

/// A person must create a connection that is not there; one that is at fault may mend.
fn end(failure: Failure, deleting: bool) -> End {
    let way_out = " This shipment is being deleted: to let it go without touching the vendors, set deletionPolicy Orphan.";
    let message = if deleting { failure.message + way_out } else { failure.message };
    if failure.reason.kind() == Kind::Stalled {
        return End::Rest(Rest { reason: failure.reason, message, until: None, pin: false });
    }
    End::Failed(Failure { message, ..Failure::new(failure.reason, "") })
}

/// Nobody of this name is declared.
pub(super) fn no_connection(name: &str) -> Failure {
    Failure::new(
        Reason::ConnectionNotFound,
        format!(
            "There is no YubiKeyConnection {name}; create it, or declare the shipment with another spec.connectionRef."
        ),
    )
}

/// The mark stands, and nothing was sent on its word.
pub(super) fn replaced() -> Outcome {
    Outcome::not_sent(
        Reason::ConnectionNotReady,
        "The connection was changed between the mark and the call, so nothing was sent; it is tried again with the one that stands now.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_that_waits_for_its_connection_names_the_way_out() {
        let fault = || Failure::new(Reason::OktaUnauthorized, "The connection acme is at fault.");
        let End::Failed(told) = end(fault(), true) else { panic!("it may mend") };
        assert!(
            told.message.starts_with("The connection acme is at fault.") && told.message.contains("Orphan")
        );
        assert_eq!(end(fault(), false), End::Failed(fault()));
        let End::Rest(told) = end(no_connection("acme"), true) else { panic!("a person must act") };
        assert!(told.message.contains("Orphan") && told.reason == Reason::ConnectionNotFound);
    }
}
