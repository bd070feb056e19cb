//! One round: look at everybody, plan, answer what people decided, write the ledger.

use std::{collections::BTreeMap, sync::Arc};

use api::{
    rollout::{self, Mode, OnLeave, ROLLOUT_LABEL},
    shipment::YubiKeyShipment,
};
use domain::{
    failure::Failure,
    ids::UserId,
    rollout::{Desired, Facts, Limits, Plan, Skip, Wave, plan},
};
use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, api::ListParams};
use system::{clock, random};

use super::Pass;
use crate::{
    kubernetes::{
        decode::Decoded,
        events, list,
        status_patch::{self, CommitError},
    },
    rollout::{
        conditions::{self, Parts},
        decisions, object_size,
        observed::View,
        shipments,
    },
};

/// What was found about a person is good for this long: somebody who is skipped is looked at again after it. Each look
/// is a call, and in a group most have a key already.
const SKIP_STANDS: SignedDuration = SignedDuration::from_hours(12);

/// Somebody who may be served is served within this, or looked at again.
const CLEAR_STANDS: SignedDuration = SignedDuration::from_mins(5);

impl Pass {
    /// Plans, writes, acts. True if another round may find more to do.
    pub(super) async fn round(&mut self) -> Result<bool, CommitError> {
        let ctx = Arc::clone(&self.ctx);
        // From the look at everybody until our ledger stands.
        let claim = if self.dry() { None } else { Some(ctx.rollout_memory.claims.lock().await) };
        let mut view = View::of(&self.object, &ctx, &mut self.known).await;
        self.forget_those_of_others(&view);
        let mut plan = self.plan(&view);
        if plan.confirm {
            match self.confirm(&mut view).await {
                Ok(()) => plan = self.plan(&view),
                Err(failure) => self.failure = Some(failure),
            }
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
        self.known.checked.retain(|id, _| !view.elsewhere.contains_key(id));
    }

    fn desired(&self) -> Desired {
        let spec = &self.object.spec;
        let wave = |wave: &rollout::Wave| match (wave.percent, wave.count) {
            (Some(percent), _) => Wave::Percent(percent),
            (None, count) => Wave::Count(count.unwrap_or(1)),
        };
        Desired {
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

    pub(super) fn plan(&self, view: &View) -> Plan {
        let seen = view.seen();
        let roster = self.known.roster.as_deref();
        let checked = self.fresh_checks();
        let suffix = random::suffix();
        let facts = Facts {
            roster,
            seen: &seen,
            gone: &self.gone,
            checked: &checked,
            elsewhere: &view.elsewhere,
            foreign: &self.known.foreign,
            blocked: self.blocked.as_ref(),
            room: self.room(),
            suffix: &suffix,
            now: clock::now(),
        };
        plan(&self.rollout_state, &self.desired(), &facts)
    }

    /// Whom the console named stands in the ledger already.
    fn room(&self) -> Option<u32> {
        let console = self.object.spec.source.okta_console.is_some();
        (!console).then(|| object_size::people(&self.object, self.known.declared_bytes, &self.basis))
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

    /// Asks the API server itself which shipments are there.
    pub(super) async fn confirm(&mut self, view: &mut View) -> Result<(), Failure> {
        let selector = ListParams::default().labels(&format!("{ROLLOUT_LABEL}={}", self.object.name_any()));
        let api = Api::namespaced(self.ctx.client.clone(), &self.object.namespace().unwrap_or_default());
        let mut listed = View { elsewhere: std::mem::take(&mut view.elsewhere), ..View::default() };
        let note = |shipment: Decoded<YubiKeyShipment>| listed.note(&self.object, shipment);
        list::each(&api, &selector, note).await.map_err(|error| shipments::refused(&error))?;
        *view = listed;
        let there = |id: &UserId| view.ours.contains_key(id) || view.undecodable.contains_key(id);
        self.known.made.retain(|id, _| there(id));
        self.gone = self.rollout_state.ledger.0.keys().filter(|id| !there(id)).cloned().collect();
        Ok(())
    }

    /// Answers wait until they can be acted on: a leave to cancel is good for what was seen with it.
    fn decides(&self, plan: &Plan) -> bool {
        !self.dry() && self.blocked.is_none() && self.known.roster.is_some() && !plan.confirm
    }

    fn answer(&mut self) {
        let namespace = self.object.namespace().unwrap_or_default();
        let pending = decisions::pending(&self.ctx, &namespace, &self.object.name_any());
        let fresh: Vec<_> = pending
            .into_iter()
            .filter(|decision| decision.uid().is_none_or(|uid| !self.known.told.contains(&uid)))
            .filter(|decision| !self.verdicts.iter().any(|verdict| verdict.is_about(decision)))
            .collect();
        let budget = self.object.spec.budget;
        let verdicts = decisions::apply(fresh, &mut self.basis, &mut self.rollout_state, budget);
        self.verdicts.extend(verdicts);
    }

    /// The ledger, before anything is done on its word.
    pub(super) async fn write(&mut self, plan: &Plan) -> Result<(), CommitError> {
        let parts = Parts {
            plan,
            blocked: self.blocked.as_ref(),
            known: &self.known,
            failure: self.failure.as_ref().or(self.known.last_failure.as_ref()),
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
        self.rollout_state = plan.rollout_state.clone();
        let verdicts = std::mem::take(&mut self.verdicts);
        self.known.told.extend(decisions::publish(&self.ctx, &self.object, verdicts).await);
        Ok(())
    }
}
