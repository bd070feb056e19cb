//! What follows from the ledger once it stands: shipments made and deleted, people created, activated and looked at.

use std::sync::Arc;

use domain::{
    failure::Failure,
    rollout::{Plan, Question},
};
use futures::FutureExt;
use system::clock;

use super::{Pass, steps::carry_out};
use crate::{
    kubernetes::status_patch::{self, CommitError},
    rollout::{
        leavers, object_size,
        observed::View,
        person_checks,
        shipments::{self, Made},
        staged_users,
    },
};

/// Changes of shipments side by side.
const SIDE_BY_SIDE: usize = 8;

impl Pass {
    /// It went wrong a moment ago.
    pub(super) fn is_early(&self) -> bool {
        self.known.retry_at.is_some_and(|at| clock::now() < at)
    }

    pub(super) async fn act(&mut self, plan: &Plan, view: &View) -> bool {
        if self.is_early() || self.dry() || self.blocked.is_some() || !self.ctx.leadership.is_held() {
            return false;
        }
        let begun = self.begin(plan).await;
        if self.failure.is_none() {
            self.take_back(plan, view).await;
        }
        if self.failure.is_none() {
            self.activate(plan).await;
        }
        begun
    }

    async fn begin(&mut self, plan: &Plan) -> bool {
        let (api, rollout) = (&self.shipments, &self.object);
        let desired = plan
            .begin
            .iter()
            .filter_map(|id| Some((id.clone(), plan.rollout_state.ledger.0.get(id)?.key.clone())));
        let steps = desired.map(|(id, key)| {
            async move { Ok((id.clone(), shipments::make(api, rollout, &id, &key).await?)) }.boxed()
        });
        let steps: Vec<_> = steps.collect();
        let (made, failure) = carry_out(steps, SIDE_BY_SIDE, || self.may_go_on()).await;
        let now = clock::now();
        let any = !made.is_empty();
        for (id, made) in made {
            match made {
                Made::There(shipment) => drop(self.known.made.insert(id, (now, Arc::from(shipment)))),
                Made::Foreign => drop(self.known.foreign.insert(id)),
            }
        }
        self.note(failure);
        any
    }

    /// What is being deleted shows itself by the watch.
    async fn take_back(&mut self, plan: &Plan, view: &View) {
        let Some(link) = self.link.clone() else { return };
        let (ctx, api) = (&*self.ctx, &self.shipments);
        let leaving = plan.delete.iter().filter_map(|id| view.ours.get(id));
        let steps: Vec<_> =
            leaving.map(|shipment| leavers::take_back(ctx, &link, api, shipment).boxed()).collect();
        let (_, failure) =
            carry_out(steps, SIDE_BY_SIDE, || self.may_go_on() && self.is_current(&link)).await;
        self.note(failure);
    }

    async fn activate(&mut self, plan: &Plan) {
        let Some(link) = self.link.clone() else { return };
        let open = plan.activate.iter().filter(|id| !self.known.activated.contains(*id)).cloned();
        let steps = open.map(|id| {
            let link = Arc::clone(&link);
            async move {
                staged_users::activate(&link, &id).await?;
                tracing::info!(user = %id, "the staged user is activated");
                Ok(id)
            }
            .boxed()
        });
        let steps: Vec<_> = steps.collect();
        let (activated, failure) = carry_out(steps, 1, || self.may_go_on() && self.is_current(&link)).await;
        self.known.activated.extend(activated);
        self.note(failure);
    }

    fn note(&mut self, failure: Option<Failure>) {
        if let Some(failure) = failure {
            self.fail(failure);
        }
    }

    /// People whom the source names and Okta does not know: marked, then created, then known by their id.
    pub(super) async fn create_people(&mut self) -> Result<bool, CommitError> {
        let stopped = self.rollout_state.holds.iter().any(|hold| hold.question == Question::Deleted);
        let orders =
            !self.dry() && self.blocked.is_none() && self.failure.is_none() && !self.is_early() && !stopped;
        let Some(link) = self.link.clone().filter(|_| orders && !self.known.newcomers.is_empty()) else {
            return Ok(false);
        };
        // Nobody is created for whom there is no key.
        let counts = self.basis.counts.clone().unwrap_or_default();
        let left = self.known.newcomers.len();
        let others = usize::try_from(counts.waiting).unwrap_or_default().saturating_sub(left);
        let taken = usize::try_from(counts.served).unwrap_or_default() + others;
        let budget = usize::try_from(self.object.spec.budget).unwrap_or_default();
        let room = object_size::people(&self.object, self.known.declared_bytes, &self.basis);
        let room = usize::try_from(room).unwrap_or_default();
        let places = budget.saturating_sub(taken).min(room.saturating_sub(others));
        let count = left.min(staged_users::BATCH).min(places);
        if count == 0 || !self.may_go_on() {
            return Ok(false);
        }
        let batch: Vec<_> = self.known.newcomers.drain(..count).collect();
        for newcomer in &batch {
            let hash = shipments::login_hash(&self.object, newcomer.person.login().as_str());
            staged_users::mark(&mut self.basis, &hash);
        }
        self.keep().await?;
        let steps: Vec<_> = batch
            .iter()
            .map(|newcomer| {
                let link = &link;
                async move { Ok((newcomer, staged_users::create(link, newcomer).await?)) }.boxed()
            })
            .collect();
        let (made, failure) = carry_out(steps, 1, || self.may_go_on() && self.is_current(&link)).await;
        let is_whole = made.len() == batch.len();
        for (newcomer, user) in made {
            let hash = shipments::login_hash(&self.object, newcomer.person.login().as_str());
            if let Some(created) = self.basis.created.get_mut(&hash) {
                created.id = Some(user.id.to_string());
            }
        }
        self.note(failure);
        self.keep().await?;
        // Whoever is there now is read with everybody else, and so is who is not.
        if !is_whole {
            self.known.read_at = None;
        } else if self.known.newcomers.is_empty() {
            self.reread(&link).await;
        }
        Ok(true)
    }

    /// Writes the basis as it is.
    pub(super) async fn keep(&mut self) -> Result<(), CommitError> {
        let old = self.object.status.clone().unwrap_or_default();
        let written = status_patch::commit(&self.api, &self.object, &old, &self.basis).await?;
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
        let desired = plan.check.iter().filter_map(|id| Some((id.clone(), members.get(id)?.key.clone())));
        let (verdicts, failure) = person_checks::people(&self.object, &link, desired.collect()).await;
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
