//! Letting go of an order, and the place among the open orders that it keeps.

use domain::failure::Failure;

use super::Driver;
use crate::{
    connection::handle::ConnectionHandle,
    shipment::{claims, open_orders, release},
};

impl Driver {
    /// Whoever may begin an enrolment needs a place among the namespace's open orders, however often one was begun
    /// before: what was refused or removed stands for nobody any more.
    pub(super) fn take_place(&mut self, link: &ConnectionHandle) {
        if self.is_deleting() || !self.pass.journal.may_begin() {
            self.open_orders = None;
        } else if self.place.is_none() {
            let (others, place) =
                open_orders::reserve(&self.ctx, &self.object, link.spec.policy.max_open_orders);
            (self.open_orders, self.place) = (Some(others), place);
        }
    }

    /// Looks whether the namespace is being deleted, where the answer matters.
    pub(super) async fn note_ending(&mut self) -> Result<(), Failure> {
        self.namespace_ending =
            release::forbids(&self.ctx, &self.object) && release::is_ending(&self.ctx, &self.object).await?;
        Ok(())
    }

    /// Orphan needs no connection: it is the way out when there is none any more.
    pub(super) fn lets_go(&self) -> bool {
        if !release::wants(&self.object) {
            return false;
        }
        let under_way = self.pass.journal.is_under_way();
        let may =
            self.namespace_ending || release::admits(release::forbids(&self.ctx, &self.object), under_way);
        // What another shipment has as well is followed by that one: letting go is the only way out of such a claim.
        may || claims::of(&self.ctx, &self.object, &self.pass.journal).is_some()
    }
}
