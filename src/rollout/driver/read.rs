//! When the source is read, and what becomes of what it says.

use std::{collections::BTreeSet, sync::Arc};

use api::{REQUESTED_AT, durations, rollout::OktaConsoleSource};
use domain::{
    backoff,
    failure::{Failure, Kind, Reason},
    ids::UserId,
    rollout::{Key, Member, RolloutState},
    system_log::{LogPosition, LogQuery},
};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use system::{clock, random};

use super::Driver;
use crate::{
    connection::handle::ConnectionHandle,
    metrics::instrument,
    rollout::{
        object_size,
        read_pace::{self, Cause},
        sources::{self, console, users::Reading},
        table_watch,
    },
};

/// Changes of groups are looked for this often, where Okta shows its System Log.
const LOG_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// The same where it does not.
const LOG_DENIED: SignedDuration = SignedDuration::from_hours(1);

impl Driver {
    /// Reads the source if that is due. A source that cannot be read leaves what was known.
    pub(super) async fn sync(&mut self, rollout_state: &mut RolloutState) {
        let Some(link) = self.link.clone() else { return };
        if self.object.spec.source.okta_console.is_some() {
            return self.read_console(&link, rollout_state).await;
        }
        self.listen(&link).await;
        if self.goes_on_reading() {
            return self.go_on_reading(&link).await;
        }
        if clock::now() < self.read_from() {
            self.set_aside();
            return;
        }
        self.reread(&link).await;
    }

    /// Reads the source now, whenever it was read last: what the rollout itself changed at Okta is to be seen.
    pub(super) async fn reread(&mut self, link: &Arc<ConnectionHandle>) {
        if self.is_look_requested() {
            self.look_again();
        }
        self.set_aside();
        self.note_read();
        self.drop_reading();
        let read = self.read_people(link).await;
        self.take_up(read);
    }

    pub(super) fn uid(&self) -> String {
        self.object.uid().unwrap_or_default()
    }

    pub(super) fn take_up(&mut self, read: Result<Option<sources::Read>, Failure>) {
        match read {
            Ok(None) => self.recovered(),
            Ok(Some(read)) => {
                if self.known.groups != read.groups {
                    self.known.log = None;
                }
                self.known.roster = Some(Arc::new(read.roster));
                self.known.newcomers = read.newcomers;
                self.known.groups = read.groups;
                self.known.declared_bytes = read.declared_bytes;
                self.known.foreign.clear();
                self.recovered();
            }
            Err(failure) => self.cannot_read(failure),
        }
    }

    /// Whom a changed spec does not name any more gets nothing, though the source is not read for it yet, or cannot be.
    fn set_aside(&mut self) {
        let changed = self.known.generation != self.object.metadata.generation;
        // The cache keeps no list, so that any change may be one of the list.
        let listed = self.object.spec.source.users.is_some();
        if changed && (listed || self.known.read_for != Some(read_pace::read_for(&self.object.spec))) {
            self.known.roster = None;
            self.known.newcomers.clear();
        }
    }

    /// Some of those who were passed over are looked at again as well, those first whose look is the longest ago: for
    /// all of a big source it would be a call each, whenever somebody asks.
    fn look_again(&mut self) {
        let passed_over = self.known.checked.iter().filter(|(_, (_, skip))| skip.is_some());
        let mut ages: Vec<_> = passed_over.map(|(id, (at, _))| (*at, id.clone())).collect();
        ages.sort();
        for (_, id) in ages.into_iter().take(read_pace::LOOKED_AT_AGAIN) {
            self.known.checked.remove(&id);
        }
    }

    fn note_read(&mut self) {
        let now = clock::now();
        self.ctx.rollout_memory.tables.note_read(&self.uid());
        self.ctx.rollout_memory.pace.note(&self.object, self.cause(), now);
        self.known.read_at = Some(now);
        self.known.generation = self.object.metadata.generation;
        self.known.read_for = Some(read_pace::read_for(&self.object.spec));
        self.known.answered = Some(self.requested());
    }

    fn cause(&self) -> Cause {
        if self.asked() { Cause::Asked } else { Cause::Due }
    }

    /// When the source is read next.
    pub(super) fn read_from(&self) -> Timestamp {
        if self.known.more {
            return Timestamp::MIN;
        }
        if self.known.progress.is_some() {
            return self.goes_on_from();
        }
        let pace = &self.ctx.rollout_memory.pace;
        let open = pace.opens(&self.object, Cause::Due);
        let by_itself = match self.known.read_at {
            // What failed is tried again with a backoff that grows.
            Some(at) if self.known.failure.is_some() => self.due(at),
            Some(at) => self.due(at).max(open),
            None => open,
        };
        if self.asked() { by_itself.min(pace.opens(&self.object, Cause::Asked)) } else { by_itself }
    }

    /// Can the source be read at all now?
    pub(super) fn reads(&self) -> bool {
        let barred = self.blocked.is_some() && self.object.spec.source.okta_console.is_some();
        self.link.is_some() && !barred
    }

    fn recovered(&mut self) {
        self.known.failure = None;
        self.known.failures = 0;
    }

    fn cannot_read(&mut self, failure: Failure) {
        self.report(&failure);
        self.known.failures = self.known.failures.saturating_add(u32::from(!failure.is_wait()));
        self.known.failure = Some(failure);
    }

    /// A fault of the connection is said there, and preflight looks at once.
    pub(super) fn report(&self, failure: &Failure) {
        tracing::warn!(reason = %failure.reason, detail = failure.message, "a step of the rollout failed");
        if !failure.is_wait() {
            self.ctx.metrics.failed(instrument::ROLLOUT, failure.reason);
        }
        if failure.reason.kind() == Kind::Auth
            && let Some(link) = &self.link
        {
            self.ctx.connections.entries.report(&link.uid);
        }
    }

    /// Somebody changed the spec or the table, or asks for a look.
    fn asked(&self) -> bool {
        self.known.generation != self.object.metadata.generation
            || self.is_look_requested()
            || self.ctx.rollout_memory.tables.has_changed(&self.uid())
    }

    fn requested(&self) -> Option<String> {
        self.object.annotations().get(REQUESTED_AT).cloned()
    }

    fn is_look_requested(&self) -> bool {
        let answered = self.known.answered.as_ref().unwrap_or(&self.basis.last_handled_reconcile_at);
        self.requested() != *answered
    }

    /// When the source is due by itself.
    pub(super) fn due(&self, read_at: Timestamp) -> Timestamp {
        let wait = match &self.known.failure {
            Some(failure) => self.backoff(failure),
            None => self.interval(),
        };
        read_at.checked_add(wait).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn backoff(&self, failure: &Failure) -> SignedDuration {
        let wish = failure.retry_after.and_then(|wish| SignedDuration::try_from(wish).ok());
        if failure.is_wait() {
            // Its end is known, or near.
            return random::jittered(wish.unwrap_or(backoff::UNNAMED));
        }
        let wait = match failure.reason.kind() {
            Kind::Stalled => self.interval().min(backoff::STALLED),
            _ => backoff::delay(self.known.failures.max(1)),
        };
        random::jittered(wish.map_or(wait, |wish| wish.max(wait)))
    }

    fn interval(&self) -> SignedDuration {
        let source = &self.object.spec.source;
        let text = source
            .okta_group
            .as_ref()
            .map(|s| &s.interval)
            .or(source.users.as_ref().map(|s| &s.interval))
            .or(source.okta_console.as_ref().map(|s| &s.interval));
        text.and_then(|text| durations::read(text.as_str()))
            .unwrap_or(SignedDuration::from_hours(1))
            .max(read_pace::LEAST)
    }

    /// A source that says in no readable way how often, or how far back, it is read is not read.
    fn readable_times(&self) -> Result<(), Failure> {
        let source = &self.object.spec.source;
        let read = |field: &str, text: &str| durations::of(field, text, Reason::SpecUnreadable).map(drop);
        source.okta_group.as_ref().map_or(Ok(()), |s| read("source.oktaGroup.interval", &s.interval))?;
        source.users.as_ref().map_or(Ok(()), |s| read("source.users.interval", &s.interval))?;
        source.okta_console.as_ref().map_or(Ok(()), |s| read("source.oktaConsole.interval", &s.interval))
    }

    async fn read_people(&mut self, link: &Arc<ConnectionHandle>) -> Result<Option<sources::Read>, Failure> {
        self.readable_times()?;
        // What is read weighs more than what is kept of it: one source at a time.
        let reads = self.ctx.rollout_memory.reading.lock().await;
        let source = &self.object.spec.source;
        if let Some(groups) = &source.okta_group {
            return sources::group::read(&self.object, groups, link).await.map(Some);
        }
        let Some(users) = &source.users else { return Ok(Some(sources::Read::default())) };
        let follow = |name: &str, version| table_watch::follow(&self.ctx, &self.object, name, version);
        let reading = Reading::begin(&self.object, users, link, &self.ctx.client, follow).await?;
        drop(reads);
        self.read_part(reading, link).await
    }

    /// A change of the groups that the System Log tells of makes the source due.
    async fn listen(&mut self, link: &Arc<ConnectionHandle>) {
        let now = clock::now();
        if self.known.groups.is_empty() || self.known.log_at.is_some_and(|at| now < at) {
            return;
        }
        let query = LogQuery::Memberships(self.known.groups.clone());
        let from = self.known.log.clone().unwrap_or(LogPosition::Since(self.known.read_at.unwrap_or(now)));
        match link.okta.log_page(&query, &from).await {
            Ok(page) => {
                if !page.events.is_empty() {
                    tracing::info!(events = page.events.len(), "the members of a group changed");
                    self.known.read_at = None;
                }
                self.known.log = Some(page.next);
                self.known.log_at = now.checked_add(LOG_EVERY).ok();
            }
            Err(error) => {
                // An advantage that is not there everywhere; the interval stays.
                let denied = error.failure.reason.kind() == Kind::Auth;
                tracing::info!(%error, denied, "the System Log does not tell of changes of groups");
                self.known.log = self.known.log.take().filter(|_| error.status != Some(400));
                self.known.log_at = now.checked_add(if denied { LOG_DENIED } else { LOG_EVERY }).ok();
            }
        }
    }

    async fn read_console(&mut self, link: &Arc<ConnectionHandle>, rollout_state: &mut RolloutState) {
        let Some(source) = self.object.spec.source.okta_console.clone() else { return };
        // Events of the time of a pause stay where they are; their age decides later.
        if self.reads() && clock::now() >= self.read_from() {
            self.note_read();
            self.known.more = false;
            match self.read_log(&source, link, rollout_state).await {
                Ok(more) => {
                    self.recovered();
                    self.known.more = more;
                }
                Err(failure) => self.cannot_read(failure),
            }
        }
        if self.known.read_at.is_some() || self.blocked.is_some() {
            self.know_console(rollout_state);
        }
    }

    /// True if the log may hold more. What was taken up stays, also if the next page fails.
    async fn read_log(
        &mut self,
        source: &OktaConsoleSource,
        link: &ConnectionHandle,
        rollout_state: &mut RolloutState,
    ) -> Result<bool, Failure> {
        self.readable_times()?;
        let mut cursor = match self.basis.cursor.clone() {
            Some(cursor) => cursor,
            None => console::start(link).await?,
        };
        if object_size::people(&self.object, self.known.declared_bytes, &self.basis) == 0 {
            return Err(Failure::new(Reason::ObjectFull, object_size::closed()));
        }
        let told = &mut self.told;
        let more = console::read(&self.object, source, link, &mut cursor, rollout_state, told).await;
        self.basis.cursor = Some(cursor);
        more
    }

    /// In a dry run the plan of the status tells whom events have named so far.
    fn know_console(&mut self, rollout_state: &RolloutState) {
        if self.dry() {
            let before = self.basis.plan.iter().filter_map(|(id, key)| {
                let id = UserId::new(id.clone()).ok()?;
                let key = Key::Model(key.clone());
                Some(Member { id, login: None, key, skip: None, staged: false })
            });
            let fresh: BTreeSet<_> = self.told.iter().map(|member| member.id.clone()).collect();
            let kept: Vec<_> = before.filter(|member| !fresh.contains(&member.id)).collect();
            self.told.extend(kept);
        }
        self.known.roster = Some(Arc::new(console::roster(rollout_state, &self.told)));
    }
}
