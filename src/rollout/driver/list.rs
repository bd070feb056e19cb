//! A list that takes several passes to read: how far it is shows, and a changed one is begun anew.

use std::sync::Arc;

use domain::failure::Failure;
use jiff::Timestamp;
use system::clock;

use super::Driver;
use crate::{
    connection::handle::ConnectionHandle,
    rollout::sources::{self, users::Reading},
};

impl Driver {
    /// Is a list half read that is still the one to read?
    pub(super) fn goes_on_reading(&mut self) -> bool {
        let changed = self.known.generation != self.object.metadata.generation
            || self.ctx.rollout_memory.tables.has_changed(&self.uid());
        if changed {
            self.drop_reading();
        }
        self.known.progress.is_some()
    }

    /// When the next part is read: at once, save after a failure.
    pub(super) fn goes_on_from(&self) -> Timestamp {
        match (&self.known.failure, self.known.read_at) {
            (Some(_), Some(at)) => self.due(at),
            _ => Timestamp::MIN,
        }
    }

    /// What was read of an older list says nothing about this one.
    pub(super) fn drop_reading(&mut self) {
        drop(self.ctx.rollout_memory.take_reading(&self.uid()));
        self.known.progress = None;
    }

    /// The next part, if its time has come.
    pub(super) async fn go_on_reading(&mut self, link: &Arc<ConnectionHandle>) {
        if clock::now() < self.goes_on_from() {
            return;
        }
        let Some(reading) = self.ctx.rollout_memory.take_reading(&self.uid()) else {
            // It belongs to another time of this process: begun anew.
            self.known.progress = None;
            return;
        };
        let read = self.read_part(reading, link).await;
        self.take_up(read);
    }

    /// A part of a list; `None` if more of it is left.
    pub(super) async fn read_part(
        &mut self,
        mut reading: Reading,
        link: &Arc<ConnectionHandle>,
    ) -> Result<Option<sources::Read>, Failure> {
        let Some(users) = &self.object.spec.source.users else { return Ok(Some(sources::Read::default())) };
        let reads = self.ctx.rollout_memory.reading.lock().await;
        let went_on = reading.go_on(&self.object, users, link).await;
        drop(reads);
        self.known.progress = Some(reading.progress());
        if let Err(failure) = went_on {
            self.ctx.rollout_memory.keep_reading(&self.uid(), reading);
            self.known.read_at = Some(clock::now());
            return Err(failure);
        }
        if !reading.is_whole() {
            self.ctx.rollout_memory.keep_reading(&self.uid(), reading);
            return Ok(None);
        }
        self.known.progress = None;
        Ok(Some(reading.end()))
    }
}
