//! What follows from the ledger once it stands: shipments made and deleted, people created, activated and looked at.

use std::sync::Arc;

use domain::{
    failure::Failure,
    ids::UserId,
    rollout::{
        Ledger,
        pass::{Pass, Task},
    },
};
use futures::FutureExt;
use system::clock;

use super::{Driver, steps::carry_out};
use crate::{
    kubernetes::status_patch::CommitError,
    rollout::{
        leavers,
        observed::View,
        person_checks,
        shipments::{self, Made},
        staged_users,
    },
};

/// Changes of shipments side by side.
const SIDE_BY_SIDE: usize = 8;

impl Driver {
    /// Does one thing that follows from the ledger.
    pub(super) async fn perform(
        &mut self,
        task: Task,
        view: &View,
        pass: &mut Pass,
    ) -> Result<(), CommitError> {
        match task {
            Task::Begin(people) => {
                let (any, failure) = self.begin(&people, &pass.rollout_state().ledger).await;
                self.tell(pass, any, failure);
            }
            Task::Delete(people) => {
                let failure = self.take_back(&people, view).await;
                self.tell(pass, false, failure);
            }
            Task::Activate(people) => {
                let failure = self.activate(&people).await;
                self.tell(pass, false, failure);
            }
            Task::Check(people) => {
                let (any, failure) = self.check(&people).await;
                self.tell(pass, any, failure);
            }
            Task::MarkPeople(count) => pass.marked(self.mark_people(count).await?),
            Task::CreatePeople => {
                let failure = self.create_people().await;
                self.tell(pass, true, failure);
            }
            Task::KeepPeople => {
                self.keep_people().await?;
                pass.kept();
            }
            Task::Finish => {
                self.finish(pass.failure());
                pass.finished();
            }
            Task::Look | Task::Plan | Task::Confirm | Task::Answer | Task::Write | Task::Over { .. } => {}
        }
        Ok(())
    }

    fn tell(&mut self, pass: &mut Pass, any: bool, failure: Option<Failure>) {
        if let Some(failure) = &failure {
            self.note(failure);
        }
        pass.carried_out(any, failure);
    }

    /// What went wrong is tried again after a while: changes of shipments wake the rollout all the time.
    fn finish(&mut self, failure: Option<&Failure>) {
        self.known.last_failure = failure.cloned();
        let wait = failure.map(|failure| self.backoff(failure));
        self.known.retry_at = wait.and_then(|wait| clock::now().checked_add(wait).ok());
        if failure.is_none() && self.known.failure.is_none() {
            self.known.failures = 0;
        }
    }

    async fn begin(&mut self, people: &[UserId], ledger: &Ledger) -> (bool, Option<Failure>) {
        let (api, rollout) = (&self.shipments, &self.object);
        let desired = people.iter().filter_map(|id| Some((id.clone(), ledger.0.get(id)?.key.clone())));
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
        (any, failure)
    }

    /// What is being deleted shows itself by the watch.
    async fn take_back(&self, people: &[UserId], view: &View) -> Option<Failure> {
        let link = self.link.clone()?;
        let (ctx, api) = (&*self.ctx, &self.shipments);
        let leaving = people.iter().filter_map(|id| view.ours.get(id));
        let steps: Vec<_> =
            leaving.map(|shipment| leavers::take_back(ctx, &link, api, shipment).boxed()).collect();
        carry_out(steps, SIDE_BY_SIDE, || self.may_go_on() && self.is_current(&link)).await.1
    }

    async fn activate(&mut self, people: &[UserId]) -> Option<Failure> {
        let link = self.link.clone()?;
        let open = people.iter().filter(|id| !self.known.activated.contains(*id)).cloned();
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
        failure
    }

    /// So many of those whom the source names and Okta does not know are written down before they are created.
    async fn mark_people(&mut self, count: usize) -> Result<usize, CommitError> {
        if self.link.is_none() || !self.may_go_on() {
            return Ok(0);
        }
        let count = count.min(self.known.newcomers.len());
        self.marked = self.known.newcomers.drain(..count).collect();
        for newcomer in &self.marked {
            let hash = shipments::login_hash(&self.object, newcomer.person.login().as_str());
            staged_users::mark(&mut self.basis, &hash);
        }
        self.keep().await?;
        Ok(count)
    }

    async fn create_people(&mut self) -> Option<Failure> {
        let link = self.link.clone()?;
        let steps: Vec<_> = self
            .marked
            .iter()
            .map(|newcomer| {
                let link = &link;
                let hash = shipments::login_hash(&self.object, newcomer.person.login().as_str());
                async move { Ok((hash, staged_users::create(link, newcomer).await?)) }.boxed()
            })
            .collect();
        let (made, failure) = carry_out(steps, 1, || self.may_go_on() && self.is_current(&link)).await;
        let is_whole = made.len() == self.marked.len();
        self.marked.clear();
        for (hash, user) in made {
            if let Some(created) = self.basis.created.get_mut(&hash) {
                created.id = Some(user.id.to_string());
            }
        }
        // Whoever is there now is read with everybody else, and so is who is not.
        if !is_whole {
            self.known.read_at = None;
        }
        failure
    }

    /// Writes who was created, and reads all of them once the last one is.
    async fn keep_people(&mut self) -> Result<(), CommitError> {
        self.keep().await?;
        if let Some(link) = self.link.clone()
            && self.known.newcomers.is_empty()
            && self.known.read_at.is_some()
        {
            self.reread(&link).await;
        }
        Ok(())
    }

    /// Looks at people one by one.
    async fn check(&mut self, people: &[UserId]) -> (bool, Option<Failure>) {
        let Some(link) = self.link.clone() else { return (false, None) };
        let roster = self.known.roster.clone().unwrap_or_default();
        let members = roster.by_id();
        let desired = people.iter().filter_map(|id| Some((id.clone(), members.get(id)?.key.clone())));
        let (verdicts, failure) = person_checks::people(&self.object, &link, desired.collect()).await;
        let now = clock::now();
        let any = !verdicts.is_empty();
        self.known.checked.extend(verdicts.into_iter().map(|(id, verdict)| (id, (now, verdict))));
        (any, failure)
    }

    /// A failure on its way to the pass.
    pub(super) fn noted(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        result.inspect_err(|failure| self.note(failure))
    }

    fn note(&mut self, failure: &Failure) {
        self.report(failure);
        self.known.failures = self.known.failures.saturating_add(u32::from(!failure.is_wait()));
    }
}
