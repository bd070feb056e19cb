//! What was seen at the vendors, noted as facts.

use jiff::Timestamp;

use super::{Accepted, Adoption, EnrollMark, Enrollment, Journal, Kept, Made, Missing, Order};
use crate::{
    desired::Orgs,
    first_use::{self, UseSeen},
    ids::{RpId, ShipmentId, UserId},
    vendor_states::{
        EnrollmentList, EnrollmentStatus, ListedEnrollment, ParcelState, Programmed, PublicKey, Tracking,
    },
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
        self.observe_unwanted(list);
        let Some(made) = self.made() else { return };
        let ours = list.entries.iter().find(|e| e.id == made.id);
        // A list that lags does not show it yet: then it is removed once more.
        if made.discard_mark.is_some() && ours.is_none() && !made.may_be_unlisted(now) {
            self.enrollment = Enrollment::Discarded(made.attempt);
            return;
        }
        if ours.is_some_and(|e| e.status == EnrollmentStatus::Active) && self.accepted().is_some() {
            self.observe_activation(now);
        }
    }

    /// Gone, or not pending any more: then it is not removed, and what held before holds again.
    fn observe_unwanted(&mut self, list: &EnrollmentList) {
        let Some(unwanted) = &self.unwanted else { return };
        match list.entries.iter().find(|e| e.id == unwanted.id) {
            None => self.unwanted_is_gone(),
            Some(entry) if entry.status == EnrollmentStatus::Active => self.unwanted = None,
            Some(_) => {}
        }
    }

    pub(super) fn unwanted_is_gone(&mut self) {
        let Some(unwanted) = self.unwanted.take() else { return };
        match &self.enrollment {
            Enrollment::Made(made) if made.id == unwanted.id => {
                self.enrollment = Enrollment::Discarded(made.attempt);
            }
            Enrollment::Open(attempt, mark) if !mark.shown.contains(&unwanted.id) => {
                self.enrollment = Enrollment::Refused(*attempt);
            }
            _ => {}
        }
    }

    /// A search came to an end. What it finds first is noted, and taken over only if it is found again later.
    pub fn observe_search(&mut self, found: Option<&ShipmentId>, now: Timestamp) {
        match (found, &self.adoption) {
            (Some(id), None) => {
                self.adoption = Some(Adoption { shipment: id.clone(), since: now, by_person: false });
            }
            (Some(id), Some(known)) if known.shipment == *id => {}
            (_, Some(known)) if !known.by_person => self.adoption = None,
            _ => {}
        }
    }

    /// An order was found to fit, by a person's word or by search: it is ours from now on.
    pub fn observe_adopted(&mut self, id: &ShipmentId, made_at: Option<Timestamp>, now: Timestamp) {
        let by_person = self.adoption.take().is_none_or(|adoption| adoption.by_person);
        // Whatever was asked is answered: there is an order now.
        self.hold = None;
        let (attempt, mark) = match &self.order {
            Order::Open(attempt, mark) | Order::Unknown(attempt, mark, _) => (*attempt, *mark),
            Order::Refused(refused) => (refused.attempt, refused.mark),
            Order::Never | Order::Accepted(_) | Order::Cancelled(..) => {
                (self.order.attempt().saturating_add(1), now)
            }
        };
        self.order = Order::Accepted(Accepted {
            attempt,
            mark,
            id: id.clone(),
            ordered_at: made_at.unwrap_or(mark),
            state: None,
            tracking: Tracking::default(),
            cancel_accepted: None,
            cancel_refused: false,
            missing: None,
            given_up: false,
            adopted: !by_person,
        });
        self.times.ordered.get_or_insert(now);
        if let Some(made) = self.made_mut() {
            made.requests = None;
        }
    }

    /// An enrolment that stands at Okta becomes ours: it belongs to an order that is taken over.
    pub fn observe_adopted_enrollment(&mut self, entry: &ListedEnrollment, rp_id: &RpId, now: Timestamp) {
        let attempt = self.enrollment.attempt().saturating_add(1);
        let created = entry.created.unwrap_or(now);
        self.enrollment = Enrollment::Made(Made {
            attempt,
            mark: EnrollMark { at: created, okta_time: created, shown: Vec::new() },
            id: entry.id.clone(),
            key_id: None,
            rp_id: rp_id.clone(),
            created_at: created,
            requests: None,
            marked_error: false,
            discard_mark: None,
        });
        self.times.enrolled.get_or_insert(now);
    }

    /// The credential is active.
    pub fn observe_activation(&mut self, now: Timestamp) {
        self.times.activated.get_or_insert(now);
        self.kept = None;
    }

    /// The key has signed in, or its PIN was set otherwise: no mail is needed any more.
    pub fn observe_pin_used(&mut self, now: Timestamp) {
        self.pin.mark = None;
        self.pin.resend = false;
        self.times.pin_sent.get_or_insert(now);
    }

    /// Okta's list was read: whether the person has used the key. The first time stays.
    /// `None` before the PIN was mailed.
    pub fn observe_first_use(&mut self, list: &EnrollmentList, now: Timestamp) -> Option<UseSeen> {
        let seen = first_use::seen(self, list);
        if seen == Some(UseSeen::Used) {
            self.times.used.get_or_insert(now);
        }
        seen
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
        use crate::vendor_states::ParcelClass::{Delivered, Failed, InProgress, Shipped};
        let activated = self.times.activated.is_some();
        let Some(order) = self.accepted_mut() else { return };
        order.missing = None;
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
        let missing = order.missing.get_or_insert(Missing { since: now, confirmed: false });
        missing.confirmed |= now.duration_since(missing.since) >= jiff::SignedDuration::from_hours(1);
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
