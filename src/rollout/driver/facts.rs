//! What a pass decides on: what is wanted, whom the source names, which shipments there are.

use std::collections::BTreeMap;

use api::{
    rollout::{self, Mode, OnLeave, ROLLOUT_LABEL},
    shipment::YubiKeyShipment,
};
use domain::{
    failure::Failure,
    ids::UserId,
    rollout::{Desired, Facts, Ledger, Limits, Skip, Wave, pass::Pass},
};
use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, api::ListParams};
use system::{clock, random};

use super::Driver;
use crate::{
    kubernetes::{decode::Decoded, list},
    rollout::{object_size, observed::View, shipments},
};

/// What was found about a person is good for this long: somebody who is skipped is looked at again after it. Each look
/// is a call, and in a group most have a key already.
const SKIP_STANDS: SignedDuration = SignedDuration::from_hours(12);

/// Somebody who may be served is served within this, or looked at again.
const CLEAR_STANDS: SignedDuration = SignedDuration::from_mins(5);

impl Driver {
    /// Whoever has a shipment elsewhere is looked at again once that one has ended: there is a key then.
    pub(super) fn forget_those_of_others(&mut self, view: &View) {
        self.known.checked.retain(|id, _| !view.elsewhere.contains_key(id));
    }

    pub(super) fn desired(&self) -> Desired {
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

    pub(super) fn plan(&self, view: &View, pass: &mut Pass) {
        let seen = view.seen();
        let checked = self.fresh_checks();
        let suffix = random::suffix();
        let facts = Facts {
            roster: self.known.roster.as_deref(),
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
        pass.plan(&self.desired(), &facts);
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

    /// Asks the API server itself which shipments are there, and who of the ledger has none any more.
    pub(super) async fn confirm(&mut self, view: &mut View, ledger: &Ledger) -> Result<(), Failure> {
        self.list_shipments(view).await?;
        self.gone = ledger.0.keys().filter(|id| !view.has(id)).cloned().collect();
        Ok(())
    }

    /// Asks the API server itself which shipments are there.
    pub(super) async fn list_shipments(&mut self, view: &mut View) -> Result<(), Failure> {
        let selector = ListParams::default().labels(&format!("{ROLLOUT_LABEL}={}", self.object.name_any()));
        let api = Api::namespaced(self.ctx.client.clone(), &self.object.namespace().unwrap_or_default());
        let mut listed = View { elsewhere: std::mem::take(&mut view.elsewhere), ..View::default() };
        let note = |shipment: Decoded<YubiKeyShipment>| listed.note(&self.object, shipment);
        list::each(&api, &selector, note).await.map_err(|error| shipments::refused(&error))?;
        *view = listed;
        self.known.made.retain(|id, _| view.has(id));
        Ok(())
    }
}
