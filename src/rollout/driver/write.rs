//! The one write of a pass: the ledger with the answers of people, and what of it they are told.

use domain::{
    failure::Failure,
    rollout::{
        Plan, RolloutState,
        pass::{AfterWrite, Pass},
    },
};
use kube::ResourceExt;
use system::clock;

use super::Driver;
use crate::{
    kubernetes::{
        events,
        status_patch::{self, CommitError},
    },
    rollout::{
        conditions::{self, Parts},
        decisions, object_size,
    },
};

impl Driver {
    /// The state with what people answered.
    pub(super) fn answer(&mut self, mut rollout_state: RolloutState) -> RolloutState {
        let namespace = self.object.namespace().unwrap_or_default();
        let pending = decisions::pending(&self.ctx, &namespace, &self.object.name_any());
        let fresh: Vec<_> = pending
            .into_iter()
            .filter(|decision| decision.uid().is_none_or(|uid| !self.known.told.contains(&uid)))
            .filter(|decision| !self.verdicts.iter().any(|verdict| verdict.is_about(decision)))
            .collect();
        let budget = self.object.spec.budget;
        let verdicts = decisions::apply(fresh, &mut self.basis, &mut rollout_state, budget);
        self.verdicts.extend(verdicts);
        rollout_state
    }

    /// The ledger, before anything is done on its word.
    pub(super) async fn write(&mut self, pass: &mut Pass) -> Result<(), CommitError> {
        if let Some(plan) = pass.planned() {
            self.write_plan(plan, pass.failure()).await?;
        }
        pass.written(&self.desired(), &self.after_write());
        Ok(())
    }

    fn after_write(&self) -> AfterWrite {
        AfterWrite {
            leads: self.ctx.leadership.is_held(),
            blocked: self.blocked.is_some(),
            early: self.known.retry_at.is_some_and(|at| clock::now() < at),
            newcomers: self.known.newcomers.len(),
            room: object_size::people(&self.object, self.known.declared_bytes, &self.basis),
        }
    }

    async fn write_plan(&mut self, plan: &Plan, failure: Option<&Failure>) -> Result<(), CommitError> {
        let parts = Parts {
            plan,
            blocked: self.blocked.as_ref(),
            known: &self.known,
            failure: failure.or(self.known.last_failure.as_ref()),
            orders: !self.dry(),
            checking: !plan.check.is_empty(),
            now: clock::now(),
        };
        let new = conditions::of(&self.object, self.basis.clone(), parts);
        let old = self.object.status.clone().unwrap_or_default();
        let written = status_patch::commit(&self.api, &self.object, &old, &new).await?;
        if let Some(written) = written {
            self.ctx.rollout_memory.note_written(&written);
            self.object = written;
            events::transition(&self.ctx.outbox, &self.object, &old.conditions, &new.conditions);
        }
        self.basis = new;
        let verdicts = std::mem::take(&mut self.verdicts);
        self.known.told.extend(decisions::publish(&self.ctx, &self.object, verdicts).await);
        Ok(())
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
}
