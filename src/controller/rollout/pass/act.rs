//! What follows from the ledger once it stands: shipments made and deleted, people created, activated and looked at.

use std::sync::Arc;

use futures::{FutureExt, StreamExt};

use super::Pass;
use crate::{
    clock,
    controller::{
        commit::{self, CommitError},
        rollout::{
            check, leave,
            make::{self, Made},
            people,
            view::View,
        },
    },
    domain::{failure::Failure, rollout::Plan},
};

/// Changes of shipments side by side.
const SIDE_BY_SIDE: usize = 8;

impl Pass {
    /// It went wrong a moment ago.
    pub(super) fn is_early(&self) -> bool {
        self.known.retry_at.is_some_and(|at| clock::now() < at)
    }

    pub(super) async fn act(&mut self, plan: &Plan, view: &View) -> bool {
        if self.is_early() || self.dry() || self.bar.is_some() || !self.ctx.leadership.is_held() {
            return false;
        }
        let begun = self.begin(plan).await;
        self.take_back(plan, view).await;
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

    /// What is being deleted shows itself by the watch.
    async fn take_back(&mut self, plan: &Plan, view: &View) {
        let Some(link) = self.link.clone() else { return };
        let (ctx, api) = (&*self.ctx, &self.shipments);
        let leaving = plan.delete.iter().filter_map(|id| view.ours.get(id));
        let all: Vec<_> =
            leaving.map(|shipment| leave::take_back(ctx, &link, api, shipment).boxed()).collect();
        let done: Vec<_> = futures::stream::iter(all).buffer_unordered(SIDE_BY_SIDE).collect().await;
        for failure in done.into_iter().filter_map(Result::err) {
            self.fail(failure);
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
    pub(super) async fn create_people(&mut self) -> Result<bool, CommitError> {
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
            self.sync().await;
        }
        Ok(true)
    }

    /// Writes the basis as it is.
    pub(super) async fn keep(&mut self) -> Result<(), CommitError> {
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
    pub(super) async fn check(&mut self, plan: &Plan) -> bool {
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

    pub(super) fn fail(&mut self, failure: Failure) {
        self.report(&failure);
        self.known.failures = self.known.failures.saturating_add(u32::from(!failure.is_wait()));
        self.failure = Some(failure);
    }
}
