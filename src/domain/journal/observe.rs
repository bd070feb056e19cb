//! What was seen at the vendors, noted as facts.

use jiff::Timestamp;

use super::{Enrollment, Journal, Kept, Order};
use crate::domain::{
    ids::UserId,
    seen::{EnrollmentList, EnrollmentStatus, ParcelState, Programmed, PublicKey, Tracking},
    wanted::Orgs,
};

impl Journal {
    /// A person was found for the reference, under the connection's organizations. Both are fixed once an
    /// enrolment is marked.
    pub fn observe_user(&mut self, user: &UserId, orgs: &Orgs) {
        if matches!(self.enrollment, Enrollment::Never | Enrollment::Refused(_) | Enrollment::Discarded(_)) {
            self.user = Some(user.clone());
            self.orgs = Some(orgs.clone());
        }
    }

    /// Okta's list was read: it proves an activation or a discard whose answer was lost.
    pub fn observe_list(&mut self, list: &EnrollmentList, now: Timestamp) {
        let Some(made) = self.made() else { return };
        let ours = list.entries.iter().find(|e| e.id == made.id);
        if made.discard_mark.is_some() && ours.is_none() {
            self.enrollment = Enrollment::Discarded(made.attempt);
            return;
        }
        if ours.is_some_and(|e| e.status == EnrollmentStatus::Active) && self.accepted().is_some() {
            self.observe_activation(now);
        }
    }

    /// The credential is active.
    pub fn observe_activation(&mut self, now: Timestamp) {
        self.times.activated.get_or_insert(now);
        self.kept = None;
    }

    /// The key has signed in, or its PIN was set otherwise: no mail is needed any more.
    pub fn observe_pin_used(&mut self, now: Timestamp) {
        self.pin.mark = None;
        self.times.pin_sent.get_or_insert(now);
    }

    /// `YubiEnterprise` showed the order. `signing_keys` are those published now; needed when responses are
    /// first seen.
    pub fn observe_parcel(
        &mut self,
        state: ParcelState,
        programmed: &Programmed,
        signing_keys: &[PublicKey],
        now: Timestamp,
    ) {
        use crate::domain::seen::ParcelClass::{Delivered, Failed, InProgress, Shipped};
        let activated = self.times.activated.is_some();
        let Some(order) = self.accepted_mut() else { return };
        order.missing_since = None;
        order.missing_confirmed = false;
        // The steps inside the warehouse change nothing for anybody here and are not worth a write.
        let inside = |class| class == InProgress;
        let news = match order.state {
            None => !inside(state.class),
            Some((old, _)) => old != state && !(inside(old.class) && inside(state.class)),
        };
        if news {
            order.state = Some((state, now));
        }
        order.given_up |= state.class == Failed;
        if matches!(state.class, Shipped | Delivered) {
            self.times.shipped.get_or_insert(now);
        }
        if state.class == Delivered {
            self.times.delivered.get_or_insert(now);
        }
        if let Programmed::One(responses) = programmed {
            self.key = Some((responses.serial.clone(), responses.firmware.clone()));
            if !activated && self.kept.as_ref().is_none_or(|k| k.responses != **responses) {
                self.kept =
                    Some(Kept { responses: (**responses).clone(), signing_keys: signing_keys.to_vec() });
            }
        }
    }

    /// `YubiEnterprise` answered 404 for the order. Gone for certain only after a 2xx to our own DELETE.
    pub fn observe_missing(&mut self, now: Timestamp) {
        let Some(order) = self.accepted_mut() else { return };
        if order.cancel_accepted.is_some() {
            self.order = Order::Cancelled(order.attempt, order.mark, Some(order.id.clone()));
            return;
        }
        let since = *order.missing_since.get_or_insert(now);
        order.missing_confirmed |= now.duration_since(since) >= jiff::SignedDuration::from_hours(1);
    }

    /// Carrier data was read.
    pub fn observe_tracking(&mut self, tracking: Tracking) {
        if let Some(order) = self.accepted_mut() {
            order.tracking = tracking;
        }
    }

    /// `YubiEnterprise` answered our DELETE.
    pub fn observe_cancel(&mut self, accepted: bool, now: Timestamp) {
        let Some(order) = self.accepted_mut() else { return };
        if accepted {
            order.cancel_accepted = Some(now);
        } else {
            order.cancel_refused = true;
        }
    }

    /// Okta was told that the order failed for good.
    pub fn observe_marked_error(&mut self) {
        if let Some(made) = self.made_mut() {
            made.marked_error = true;
        }
    }
}
