//! One pass over one rollout: read the source when it is due, plan, write the ledger, and only then act on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::{FutureExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, api::ListParams, api::Patch};
use serde_json::json;

use super::{
    check, decide,
    decide::Verdict,
    make::{self, Made},
    memory::Known,
    people, record,
    source::{self, console},
    status::{self, Parts},
    view::{self, View},
};
use crate::{
    api::{
        FINALIZER, REQUESTED_AT,
        connection::YubiKeyConnectionSpec,
        rollout::{Mode, OnDelete, OnLeave, ROLLOUT_LABEL, YubiKeyRollout, YubiKeyRolloutStatus},
        shipment::YubiKeyShipment,
    },
    chance, clock,
    controller::{
        Context,
        commit::{self, CommitError},
        connection::{link::Link, registry::Connection},
        durations, events, measure,
    },
    domain::{
        backoff,
        failure::{Failure, Kind, Reason},
        ids::UserId,
        rollout::{Bar, Book, Facts, Limits, Member, Plan, Skip, Stage, Wanted, Wave, plan},
        system_log::{LogPosition, LogQuery},
    },
};

/// Rounds of plan, write and act of one pass; the next one goes on.
const ROUNDS: usize = 6;

/// Changes of shipments side by side.
const SIDE_BY_SIDE: usize = 8;

/// What was found about a person is good for this long: somebody who is skipped is looked at again after it.
const SKIP_STANDS: SignedDuration = SignedDuration::from_hours(1);

/// Somebody who may be served is served within this, or looked at again.
const CLEAR_STANDS: SignedDuration = SignedDuration::from_mins(5);

/// Changes of groups are looked for this often, where Okta shows its System Log.
const LOG_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// The same where it does not.
const LOG_DENIED: SignedDuration = SignedDuration::from_hours(1);

/// What the pass came to.
#[derive(Debug)]
pub enum Done {
    /// Come back then, or at a change.
    At(Option<Timestamp>),
    /// The resource is gone or let go.
    Gone,
}

/// One pass.
struct Pass {
    ctx: Arc<Context>,
    api: Api<YubiKeyRollout>,
    shipments: Api<YubiKeyShipment>,
    object: YubiKeyRollout,
    book: Book,
    /// Status that is written next, beside the book.
    basis: YubiKeyRolloutStatus,
    known: Known,
    link: Option<Arc<Link>>,
    bar: Option<Bar>,
    gone: BTreeSet<UserId>,
    /// Of a dry run: whom the console named.
    told: Vec<Member>,
    verdicts: Vec<Verdict>,
    failure: Option<Failure>,
}

/// One pass, from the object as last read or written.
///
/// # Errors
/// Conflict, or a failed write.
pub async fn run(ctx: Arc<Context>, object: YubiKeyRollout) -> Result<Done, CommitError> {
    let namespace = object.namespace().unwrap_or_default();
    let uid = object.uid().unwrap_or_default();
    let book = match record::read(&object.status.clone().unwrap_or_default()) {
        Ok(book) => book,
        Err(failure) => return Err(failure.into()),
    };
    let mut pass = Pass {
        api: Api::namespaced(ctx.client.clone(), &namespace),
        shipments: Api::namespaced(ctx.client.clone(), &namespace),
        basis: object.status.clone().unwrap_or_default(),
        known: ctx.rollout_memory.known(&uid),
        told: Vec::new(),
        book,
        link: None,
        bar: None,
        gone: BTreeSet::new(),
        verdicts: Vec::new(),
        failure: None,
        ctx,
        object,
    };
    let ended = Box::pin(pass.go()).await;
    if matches!(ended, Ok(Done::Gone)) {
        pass.ctx.rollout_memory.forget(&uid);
        return ended;
    }
    pass.known.ended = Some(clock::now());
    pass.ctx.rollout_memory.keep(&uid, pass.known);
    ended
}

impl Pass {
    /// What went wrong is said once it has happened, not only when it is tried again.
    async fn end(&mut self) -> Result<(), CommitError> {
        let said = self.known.trouble.as_ref().map(|failure| failure.reason);
        let happened = self.failure.as_ref().map(|failure| failure.reason);
        self.known.trouble.clone_from(&self.failure);
        let wait = self.failure.as_ref().map(|failure| self.backoff(failure));
        self.known.retry_at = wait.and_then(|wait| clock::now().checked_add(wait).ok());
        if happened.is_none() && self.known.failure.is_none() {
            self.known.failures = 0;
        }
        if said == happened {
            return Ok(());
        }
        let ctx = Arc::clone(&self.ctx);
        let view = View::of(&self.object, &ctx, &mut self.known);
        let plan = self.plan(&view);
        // Only said: what this plan begins is begun by the next pass.
        let said = Plan { book: self.book.clone(), ..plan };
        self.write(&said).await
    }

    async fn go(&mut self) -> Result<Done, CommitError> {
        if self.object.metadata.deletion_timestamp.is_some() {
            return self.remove().await;
        }
        if !self.object.finalizers().iter().any(|f| f == FINALIZER) {
            let all: Vec<_> =
                self.object.finalizers().iter().cloned().chain([FINALIZER.to_owned()]).collect();
            self.set_finalizers(all).await?;
        }
        self.connect().await;
        self.sync().await?;
        for _ in 0..ROUNDS {
            if !Box::pin(self.round()).await? {
                self.end().await?;
                return Ok(Done::At(self.next()));
            }
        }
        self.end().await?;
        Ok(Done::At(Some(clock::now())))
    }

    async fn set_finalizers(&mut self, finalizers: Vec<String>) -> Result<(), CommitError> {
        let version = self.object.resource_version();
        let patch = json!({"metadata": {"resourceVersion": version, "finalizers": finalizers}});
        let written = self
            .api
            .patch(&self.object.name_any(), &commit::params(), &Patch::Merge(patch))
            .await
            .map_err(commit::classify)?;
        self.ctx.rollout_memory.note_written(&written);
        self.object = written;
        Ok(())
    }

    /// What stops every effect, and the way to the vendors.
    async fn connect(&mut self) {
        self.link = None;
        self.bar = match self.usable().await {
            Ok(link) => {
                self.link = Some(link);
                self.object.spec.paused.then_some(Bar::Paused)
            }
            Err(failure) => Some(Bar::Connection(failure)),
        };
    }

    async fn usable(&self) -> Result<Arc<Link>, Failure> {
        let name = &self.object.spec.connection_ref.name;
        let link = match self.ctx.registry.get(name) {
            Some(Connection::Usable(link)) => link,
            Some(Connection::Faulty(failure)) => return Err(failure),
            None => {
                let exists = self.ctx.connections.state().iter().any(|c| c.name_any() == *name);
                return Err(if exists {
                    Failure::new(Reason::ConnectionNotReady, "The connection has not been examined yet.")
                } else {
                    Failure::new(
                        Reason::ConnectionNotFound,
                        format!(
                            "There is no YubiKeyConnection {name}; create it, or declare a rollout that names another."
                        ),
                    )
                });
            }
        };
        let namespace = self.object.namespace().unwrap_or_default();
        if !self.ctx.admits(&namespace, &link.spec).await? {
            return Err(Failure::new(
                Reason::ForbiddenByConnection,
                "The connection's allowedNamespaces does not admit this namespace; ask its owner to add the namespace.",
            ));
        }
        if bound_elsewhere(&link.spec, self.ctx.cluster.as_deref()) {
            return Err(Failure::new(
                Reason::NotOrderingCluster,
                "The connection's orderingCluster names another cluster (or none), so nothing is ordered here; bind it to this cluster to go on here.",
            ));
        }
        Ok(link)
    }

    fn dry(&self) -> bool {
        self.object.spec.mode == Mode::DryRun
    }

    // ---- the source ----

    /// Reads the source if that is due. A source that cannot be read leaves what was known.
    async fn sync(&mut self) -> Result<(), CommitError> {
        let Some(link) = self.link.clone() else { return Ok(()) };
        if self.object.spec.source.okta_console.is_some() {
            return self.read_console(&link).await;
        }
        self.listen(&link).await;
        if self.known.read_at.is_some_and(|at| clock::now() < self.due(at)) && !self.asked() {
            return Ok(());
        }
        let generation = self.object.metadata.generation;
        self.known.read_at = Some(clock::now());
        self.known.generation = generation;
        match self.read_people(&link).await {
            Ok(read) => {
                if self.known.groups != read.groups {
                    self.known.log = None;
                }
                self.known.roster = Some(Arc::new(read.roster));
                self.known.newcomers = read.newcomers;
                self.known.groups = read.groups;
                self.known.foreign.clear();
                self.recovered();
            }
            Err(failure) => self.cannot_read(failure),
        }
        Ok(())
    }

    fn recovered(&mut self) {
        self.known.failure = None;
        self.known.failures = 0;
    }

    fn cannot_read(&mut self, failure: Failure) {
        self.report(&failure);
        self.known.failures = self.known.failures.saturating_add(1);
        self.known.failure = Some(failure);
    }

    /// A fault of the connection is said there, and preflight looks at once.
    fn report(&self, failure: &Failure) {
        tracing::warn!(reason = %failure.reason, detail = failure.message, "a step of the rollout failed");
        self.ctx.metrics.failed(measure::ROLLOUT, failure.reason);
        if failure.reason.kind() == Kind::Auth {
            self.ctx.registry.report(&self.object.spec.connection_ref.name);
        }
    }

    /// Somebody changed the spec, or asks for a look.
    fn asked(&self) -> bool {
        let requested = self.object.annotations().get(REQUESTED_AT);
        self.known.generation != self.object.metadata.generation
            || requested != self.basis.last_handled_reconcile_at.as_ref()
    }

    /// When the source is read next.
    fn due(&self, read_at: Timestamp) -> Timestamp {
        let wait = match &self.known.failure {
            Some(failure) => self.backoff(failure),
            None => self.interval(),
        };
        read_at.checked_add(wait).unwrap_or(Timestamp::MAX)
    }

    fn backoff(&self, failure: &Failure) -> SignedDuration {
        let wish = failure.retry_after.and_then(|wish| SignedDuration::try_from(wish).ok());
        let wait = match failure.reason.kind() {
            Kind::Stalled => self.interval().min(backoff::STALLED),
            _ => backoff::delay(self.known.failures.max(1)),
        };
        jittered(wish.map_or(wait, |wish| wish.max(wait)))
    }

    fn interval(&self) -> SignedDuration {
        let source = &self.object.spec.source;
        let text = source
            .okta_group
            .as_ref()
            .map(|s| &s.interval)
            .or(source.users.as_ref().map(|s| &s.interval))
            .or(source.okta_console.as_ref().map(|s| &s.interval));
        text.map_or(SignedDuration::from_hours(1), |text| durations::parse(text))
    }

    async fn read_people(&self, link: &Arc<Link>) -> Result<source::Read, Failure> {
        let source = &self.object.spec.source;
        if let Some(groups) = &source.okta_group {
            return source::group::read(&self.object, groups, link).await;
        }
        if let Some(users) = &source.users {
            return source::users::read(&self.object, users, link, &self.ctx.client).await;
        }
        Ok(source::Read::default())
    }

    /// A change of the groups that the System Log tells of makes the source due.
    async fn listen(&mut self, link: &Arc<Link>) {
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

    async fn read_console(&mut self, link: &Arc<Link>) -> Result<(), CommitError> {
        let Some(source) = self.object.spec.source.okta_console.clone() else { return Ok(()) };
        // Events of the time of a pause stay where they are; their age decides later.
        if self.bar.is_none() && self.basis.cursor.is_none() {
            self.basis.cursor = Some(console::start(clock::now()));
        }
        let due = self.known.read_at.is_none_or(|at| clock::now() >= self.due(at)) || self.asked();
        if let (true, None, Some(mut cursor)) = (due, &self.bar, self.basis.cursor.clone()) {
            self.known.read_at = Some(clock::now());
            self.known.generation = self.object.metadata.generation;
            let (book, told) = (&mut self.book, &mut self.told);
            match console::read(&self.object, &source, link, &mut cursor, book, told).await {
                Ok(more) => {
                    self.recovered();
                    if more {
                        self.known.read_at = None;
                    }
                }
                Err(failure) => self.cannot_read(failure),
            }
            self.basis.cursor = Some(cursor);
        }
        if self.known.read_at.is_some() || self.bar.is_some() {
            self.know_console();
        }
        Ok(())
    }

    /// In a dry run the plan of the status tells whom events have named so far.
    fn know_console(&mut self) {
        if self.dry() {
            let before = self.basis.plan.iter().filter_map(|(id, key)| {
                let id = UserId::new(id.clone()).ok()?;
                let key = crate::domain::rollout::Key::Model(key.clone());
                Some(Member { id, login: None, key, skip: None, staged: false })
            });
            let fresh: BTreeSet<_> = self.told.iter().map(|member| member.id.clone()).collect();
            let kept: Vec<_> = before.filter(|member| !fresh.contains(&member.id)).collect();
            self.told.extend(kept);
        }
        self.known.roster = Some(Arc::new(console::roster(&self.book, &self.told)));
    }

    // ---- one round ----

    /// Plans, writes, acts. True if another round may find more to do.
    async fn round(&mut self) -> Result<bool, CommitError> {
        let ctx = Arc::clone(&self.ctx);
        // From the look at everybody until our ledger stands.
        let claim = if self.dry() { None } else { Some(ctx.rollout_memory.claims.lock().await) };
        let mut view = View::of(&self.object, &ctx, &mut self.known);
        self.forget_those_of_others(&view);
        let mut plan = self.plan(&view);
        if plan.confirm && self.confirm(&mut view).await {
            plan = self.plan(&view);
        }
        if self.decides(&plan) {
            self.answer();
            plan = self.plan(&view);
        }
        self.write(&plan).await?;
        drop(claim);
        let acted = self.act(&plan, &view).await;
        let created = self.create_people().await?;
        let checked = self.check(&plan).await;
        Ok((acted || created || checked) && self.failure.is_none())
    }

    /// Whoever has a shipment elsewhere is looked at again once that one has ended: there is a key then.
    fn forget_those_of_others(&mut self, view: &View) {
        let elsewhere = view.elsewhere(self.known.roster.as_deref());
        self.known.checked.retain(|id, _| !elsewhere.contains_key(id));
    }

    fn wanted(&self) -> Wanted {
        let spec = &self.object.spec;
        let wave = |wave: &crate::api::rollout::Wave| match (wave.percent, wave.count) {
            (Some(percent), _) => Wave::Percent(percent),
            (None, count) => Wave::Count(count.unwrap_or(1)),
        };
        Wanted {
            orders: spec.mode == Mode::Order,
            limits: Limits {
                budget: spec.budget,
                in_flight: spec.max_in_flight,
                per_day: spec.max_per_day,
                waves: spec.waves.iter().map(wave).collect(),
            },
            cancels_leavers: spec.on_leave == OnLeave::CancelIfNotShipped,
            checks: spec.skip.pre_registered_key
                || spec.skip.any_web_authn
                || spec.source.okta_console.is_some(),
        }
    }

    fn plan(&self, view: &View) -> Plan {
        let seen = view.seen();
        let roster = self.known.roster.as_deref();
        let elsewhere = view.elsewhere(roster);
        let checked = self.fresh_checks();
        let suffix = suffix();
        let facts = Facts {
            roster,
            seen: &seen,
            gone: &self.gone,
            checked: &checked,
            elsewhere: &elsewhere,
            foreign: &self.known.foreign,
            bar: self.bar.as_ref(),
            suffix: &suffix,
            now: clock::now(),
        };
        plan(&self.book, &self.wanted(), &facts)
    }

    fn fresh_checks(&self) -> BTreeMap<UserId, Option<(Skip, String)>> {
        let now = clock::now();
        let stands = |at: Timestamp, skipped: bool| {
            let good = if skipped || self.dry() { SKIP_STANDS } else { CLEAR_STANDS };
            now.duration_since(at) < good
        };
        let fresh = self.known.checked.iter().filter(|(_, (at, skip))| stands(*at, skip.is_some()));
        fresh.map(|(id, (_, skip))| (id.clone(), skip.clone())).collect()
    }

    /// Asks the API server itself which shipments are there. False if it does not tell.
    async fn confirm(&mut self, view: &mut View) -> bool {
        let selector = ListParams::default().labels(&format!("{ROLLOUT_LABEL}={}", self.object.name_any()));
        match self.shipments.list(&selector).await {
            Ok(listed) => {
                view.ours = listed
                    .items
                    .into_iter()
                    .filter_map(|shipment| Some((view::person(&self.object, &shipment)?, Arc::new(shipment))))
                    .collect();
                let there = &view.ours;
                self.known.made.retain(|id, _| there.contains_key(id));
                self.gone =
                    self.book.ledger.0.keys().filter(|id| !there.contains_key(*id)).cloned().collect();
                true
            }
            Err(error) => {
                self.failure = Some(make::refused(&error));
                false
            }
        }
    }

    /// Answers wait until they can be acted on: a leave to cancel is good for what was seen with it.
    fn decides(&self, plan: &Plan) -> bool {
        !self.dry() && self.bar.is_none() && self.known.roster.is_some() && !plan.confirm
    }

    fn answer(&mut self) {
        let namespace = self.object.namespace().unwrap_or_default();
        let pending = decide::pending(&self.ctx, &namespace, &self.object.name_any());
        let fresh: Vec<_> = pending
            .into_iter()
            .filter(|decision| decision.uid().is_none_or(|uid| !self.known.told.contains(&uid)))
            .filter(|decision| !self.verdicts.iter().any(|verdict| verdict.is_about(decision)))
            .collect();
        let budget = self.object.spec.budget;
        let verdicts = decide::apply(fresh, &mut self.basis, &mut self.book, budget);
        self.verdicts.extend(verdicts);
    }

    /// The ledger, before anything is done on its word.
    async fn write(&mut self, plan: &Plan) -> Result<(), CommitError> {
        let parts = Parts {
            plan,
            bar: self.bar.as_ref(),
            known: &self.known,
            failure: self.failure.as_ref().or(self.known.trouble.as_ref()),
            orders: !self.dry(),
            checking: !plan.check.is_empty(),
            now: clock::now(),
        };
        let new = status::of(&self.object, self.basis.clone(), parts);
        let old = self.object.status.clone().unwrap_or_default();
        let written = commit::commit(&self.api, &self.object, &old, &new, |o| o.status.as_ref()).await?;
        if let Some(written) = written {
            self.ctx.rollout_memory.note_written(&written);
            self.object = written;
            events::transition(&self.ctx, &self.object, &old.conditions, &new.conditions).await;
        }
        self.basis = new;
        self.book = plan.book.clone();
        let verdicts = std::mem::take(&mut self.verdicts);
        self.known.told.extend(decide::publish(&self.ctx, &self.object, verdicts).await);
        Ok(())
    }

    // ---- what follows from the ledger ----

    /// It went wrong a moment ago.
    fn is_early(&self) -> bool {
        self.known.retry_at.is_some_and(|at| clock::now() < at)
    }

    async fn act(&mut self, plan: &Plan, view: &View) -> bool {
        if self.is_early() || self.dry() || self.bar.is_some() || !self.ctx.leadership.is_held() {
            return false;
        }
        let begun = self.begin(plan).await;
        self.delete(plan, view).await;
        self.activate(plan).await;
        begun
    }

    async fn begin(&mut self, plan: &Plan) -> bool {
        let (api, rollout) = (&self.shipments, &self.object);
        let wanted =
            plan.begin.iter().filter_map(|id| Some((id.clone(), plan.book.ledger.0.get(id)?.key.clone())));
        let all = wanted.map(|(id, key)| {
            let one = async move {
                let made = make::make(api, rollout, &id, &key).await;
                (id, made)
            };
            one.boxed()
        });
        let all: Vec<_> = all.collect();
        let made: Vec<_> = futures::stream::iter(all).buffer_unordered(SIDE_BY_SIDE).collect().await;
        let now = clock::now();
        let mut any = false;
        for (id, made) in made {
            match made {
                Ok(Made::There(shipment)) => {
                    any = true;
                    self.known.made.insert(id, (now, Arc::from(shipment)));
                }
                Ok(Made::Foreign) => {
                    any = true;
                    self.known.foreign.insert(id);
                }
                Err(failure) => self.fail(failure),
            }
        }
        any
    }

    async fn delete(&mut self, plan: &Plan, view: &View) {
        for shipment in plan.delete.iter().filter_map(|id| view.ours.get(id)) {
            // What is being deleted shows itself by the watch.
            if let Err(failure) = make::delete(&self.shipments, shipment).await {
                self.fail(failure);
            }
        }
    }

    async fn activate(&mut self, plan: &Plan) {
        let Some(link) = self.link.clone() else { return };
        for id in &plan.activate {
            if self.known.activated.contains(id) {
                continue;
            }
            match people::activate(&link, id).await {
                Ok(()) => {
                    tracing::info!(user = %id, "the staged user is activated");
                    self.known.activated.insert(id.clone());
                }
                Err(failure) => self.fail(failure),
            }
        }
    }

    /// People whom the source names and Okta does not know: marked, then created, then known by their id.
    async fn create_people(&mut self) -> Result<bool, CommitError> {
        let orders = !self.dry() && self.bar.is_none() && self.failure.is_none() && !self.is_early();
        let Some(link) = self.link.clone().filter(|_| orders && !self.known.newcomers.is_empty()) else {
            return Ok(false);
        };
        // Nobody is created for whom there is no key.
        let counts = self.basis.counts.clone().unwrap_or_default();
        let left = self.known.newcomers.len();
        let others = usize::try_from(counts.waiting).unwrap_or_default().saturating_sub(left);
        let taken = usize::try_from(counts.served).unwrap_or_default() + others;
        let budget = usize::try_from(self.object.spec.budget).unwrap_or_default();
        let count = left.min(people::BATCH).min(budget.saturating_sub(taken));
        if count == 0 {
            return Ok(false);
        }
        let batch: Vec<_> = self.known.newcomers.drain(..count).collect();
        for newcomer in &batch {
            let hash = make::login_hash(&self.object, newcomer.person.login().as_str());
            people::mark(&mut self.basis, &hash);
        }
        self.keep().await?;
        for newcomer in &batch {
            match people::create(&link, newcomer).await {
                Ok(user) => {
                    let hash = make::login_hash(&self.object, newcomer.person.login().as_str());
                    if let Some(created) = self.basis.created.get_mut(&hash) {
                        created.id = Some(user.id.to_string());
                    }
                }
                Err(error) => self.fail(error.into()),
            }
        }
        self.keep().await?;
        // Whoever is there now is read with everybody else, and so is who is not.
        if self.failure.is_some() {
            self.known.read_at = None;
        } else if self.known.newcomers.is_empty() {
            self.known.read_at = None;
            self.sync().await?;
        }
        Ok(true)
    }

    /// Writes the basis as it is.
    async fn keep(&mut self) -> Result<(), CommitError> {
        let old = self.object.status.clone().unwrap_or_default();
        let written =
            commit::commit(&self.api, &self.object, &old, &self.basis, |o| o.status.as_ref()).await?;
        if let Some(written) = written {
            self.ctx.rollout_memory.note_written(&written);
            self.object = written;
        }
        Ok(())
    }

    /// Looks at people one by one.
    async fn check(&mut self, plan: &Plan) -> bool {
        let looks = !plan.check.is_empty() && !self.is_early();
        let Some(link) = self.link.clone().filter(|_| looks) else { return false };
        let roster = self.known.roster.clone().unwrap_or_default();
        let members = roster.by_id();
        let wanted = plan.check.iter().filter_map(|id| Some((id.clone(), members.get(id)?.key.clone())));
        let (verdicts, failure) = check::people(&self.object, &link, wanted.collect()).await;
        let now = clock::now();
        let any = !verdicts.is_empty();
        self.known.checked.extend(verdicts.into_iter().map(|(id, verdict)| (id, (now, verdict))));
        if let Some(failure) = failure {
            self.fail(failure);
        }
        any
    }

    fn fail(&mut self, failure: Failure) {
        self.report(&failure);
        self.known.failures = self.known.failures.saturating_add(1);
        self.failure = Some(failure);
    }

    /// When the next pass is due by itself.
    fn next(&self) -> Option<Timestamp> {
        let now = clock::now();
        let read = self.known.read_at.filter(|_| self.link.is_some()).map(|at| self.due(at));
        let log = self.known.log_at.filter(|_| self.link.is_some() && !self.known.groups.is_empty());
        let failed = self.known.retry_at;
        let unsure = self.link.is_none().then(|| now.checked_add(backoff::STALLED).ok()).flatten();
        [read, log, failed, unsure, self.day()].into_iter().flatten().min()
    }

    /// The next day may bring places.
    fn day(&self) -> Option<Timestamp> {
        let limits = self.object.spec.max_per_day.is_some() && self.object.spec.mode == Mode::Order;
        let waiting = self.basis.counts.as_ref().is_some_and(|counts| counts.waiting > 0);
        (limits && waiting).then(|| crate::domain::rollout::midnight(clock::now())).flatten()
    }

    // ---- the end ----

    /// Releases the shipments, or deletes those that are not finished and waits until they are gone.
    async fn remove(&mut self) -> Result<Done, CommitError> {
        if !self.object.finalizers().iter().any(|f| f == FINALIZER) {
            return Ok(Done::Gone);
        }
        if self.object.spec.on_delete == OnDelete::Cancel {
            self.connect().await;
            if self.object.spec.paused {
                return Ok(Done::At(None));
            }
            if self.cancel_all().await? {
                return Ok(Done::At(clock::now().checked_add(SignedDuration::from_secs(5)).ok()));
            }
        }
        let rest: Vec<_> = self.object.finalizers().iter().filter(|f| *f != FINALIZER).cloned().collect();
        match self.set_finalizers(rest).await {
            Ok(()) | Err(CommitError::Gone) => Ok(Done::Gone),
            Err(error) => Err(error),
        }
    }

    /// True while a shipment is there that has not come to its end. Listed live: the cache may lack one.
    async fn cancel_all(&mut self) -> Result<bool, CommitError> {
        let mut view = View::default();
        if !self.confirm(&mut view).await {
            return Ok(true);
        }
        let seen = view.seen();
        let open = |id: &UserId| {
            seen.get(id).is_some_and(|seen| seen.stage != Stage::Activated && seen.stage != Stage::Over)
        };
        let mut any = false;
        for (_, shipment) in view.ours.iter().filter(|(id, _)| open(id)) {
            any = true;
            if shipment.metadata.deletion_timestamp.is_none() {
                make::delete(&self.shipments, shipment).await?;
            }
        }
        Ok(any)
    }
}

/// The connection is bound, and not to this cluster.
fn bound_elsewhere(connection: &YubiKeyConnectionSpec, here: Option<&str>) -> bool {
    connection.ordering_cluster.is_some() && connection.ordering_cluster.as_deref() != here
}

/// Up to a fifth more, so that what failed together does not come back together.
fn jittered(wait: SignedDuration) -> SignedDuration {
    wait + wait / 1280 * i32::from(chance::byte())
}

/// End of a hold's id: nobody can know it beforehand.
fn suffix() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    chance::bytes::<6>().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}
