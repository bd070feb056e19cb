//! What a plan needs to know beside journal and observations.

use domain::{
    desired::Desired,
    pass::{Facts, Pass},
};
use system::clock;

use super::Driver;
use crate::{
    connection::{handle::ConnectionHandle, let_go},
    shipment::{
        claims, fetch, precedence,
        validate::{self, Surroundings},
    },
};

impl Driver {
    /// Gathers the facts as they are now, and hands them to the pass.
    pub(super) async fn with_facts<T>(
        &mut self,
        link: &ConnectionHandle,
        plan: impl FnOnce(&mut Pass, &Facts<'_>) -> T,
    ) -> T {
        self.keep_what_others_have();
        let desired = self.desired(link);
        let (journal, observed) = (&self.pass.journal, &self.pass.observed);
        let rival = precedence::rival(&self.ctx, &self.object, observed, journal, desired.existing_key).await;
        let claim = claims::of(&self.ctx, &self.object, journal);
        let way = claim.as_ref().map(|claim| &claim.uid).or(rival.as_ref().map(|rival| &rival.uid));
        self.behind = way.cloned();
        let now = clock::now();
        let by_list = self.ctx.order_lists.about(link, journal, self.is_deleting(), now);
        let facts = Facts {
            desired: &desired,
            last_look: if by_list.answered {
                now
            } else {
                self.ctx.shipments.memory.last_poll(&self.uid()).unwrap_or(self.ctx.started)
            },
            look_now: fetch::look_requested(&self.object) || by_list.moved,
            use_look: self.last_use_look(),
            rival: rival.as_ref().map(precedence::Rival::as_planned),
            claimed: claim.as_ref().map(claims::Claim::as_claimed),
            same_connection: self.is_on_course(link),
            now,
        };
        plan(&mut self.pass, &facts)
    }

    /// An enrolment that a person wanted removed is another shipment's by now: the answer cannot be carried out.
    fn keep_what_others_have(&mut self) {
        let journal = &mut self.pass.journal;
        let Some(unwanted) = &journal.unwanted else { return };
        if journal.made().is_some_and(|made| made.id == unwanted.id) {
            return;
        }
        if let Some(claim) = claims::of_enrollment(&self.ctx, &unwanted.id, &self.object) {
            tracing::warn!(enrollment = %unwanted.id, other = claim.name, "not removed: another shipment has it");
            journal.unwanted = None;
        }
    }

    fn desired(&self, link: &ConnectionHandle) -> Desired {
        let around = Surroundings {
            namespace_allowed: self.namespace_allowed,
            namespace_ending: self.namespace_ending,
            open_orders: self.open_orders.unwrap_or(0),
            let_go: let_go::count(&self.ctx, &self.object),
            cluster: self.ctx.cluster.as_deref(),
            connection_leaves: !self.pass.journal.is_open() && self.ctx.connections.is_leaving(&link.name),
        };
        validate::desired(&self.object, &link.spec, &link.facts, around)
    }
}
