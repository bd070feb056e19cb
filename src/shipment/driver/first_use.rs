//! Looks for the first use of a key, quietly: a shipment that is finished is not touched by what goes wrong there.

use std::sync::Arc;

use domain::{
    first_use::{LastUseLook, UseSeen},
    plan::Fetch,
};
use system::clock;

use super::Driver;
use crate::{connection::handle::ConnectionHandle, shipment::fetch};

impl Driver {
    /// What this process knows of the last look. One that was not asked to act yet has looked at nothing: it waits for
    /// the next moment.
    pub(super) fn last_use_look(&self) -> LastUseLook {
        let last = self.ctx.shipments.memory.last_use_look(&self.uid());
        let (at, failed) = last.unwrap_or((self.ctx.started, false));
        LastUseLook { at, failed, asked: fetch::look_requested(&self.object) }
    }

    /// Looks. A failure is the call's and, where it is the connection's, told there; of the shipment nothing changes, and
    /// the next day's moment is taken.
    pub(super) async fn look_for_use(&mut self, link: &Arc<ConnectionHandle>) {
        let (object, journal, found) = (&self.object, &mut self.pass.journal, &mut self.pass.observed);
        let read = fetch::look(Fetch::FirstUse, object, &self.ctx, link, journal, found).await;
        if let Err(failure) = &read {
            let reason = failure.reason;
            tracing::info!(%reason, detail = failure.message, "whether the key is used could not be read");
            self.report(failure, link);
        }
        self.pass.observed.first_use.get_or_insert(UseSeen::Unread);
        self.ctx.shipments.memory.note_use_look(&self.uid(), clock::now(), read.is_err());
        self.pass.fetched(Ok(()));
    }
}
