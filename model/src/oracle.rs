//! The rules, asked at the moment of each deed. They know the world and what a pass was shown, and nothing of the
//! planner.

use crate::{
    bounds::Bounds,
    domain::{
        journal::Marked,
        seen::{ParcelClass, ParcelState, UserStatus},
        wanted::{ActivationGate, OnDelete, OnTimeout, PinGate},
    },
    effects::ours,
    state::{EnrolledFate, Pass, Rule, State, Used, number},
};

const QUARTER: i64 = 15 * 60;
const LATEST_START: i64 = 10;
const TIMEOUT: i64 = 14 * 24 * 3_600;

fn rule(s: &mut State, kept: bool, rule: Rule) {
    if !kept {
        s.broken.get_or_insert(rule);
    }
}

fn class_of(state: u32) -> ParcelClass {
    ParcelState::from_id(state).class
}

const fn eligible(user: Option<&UserStatus>) -> bool {
    matches!(user, Some(status) if !matches!(status, UserStatus::Suspended | UserStatus::Deprovisioned))
}

/// A marked effect is about to go out.
pub fn send(b: &Bounds, s: &mut State, pass: &Pass, what: Marked, marked: i64) {
    let fresh = s.now - marked < LATEST_START;
    // The store held the mark before the call; a later version may hold what followed from it.
    let stands = !pass.current || *pass.base.journal == pass.journal;
    rule(s, fresh && stands, Rule::Unmarked);
    let e = ours(pass).and_then(|n| s.enrolled.get(n)).cloned();
    let welcome = !pass.base.deleting && eligible(pass.saw_user.as_ref());
    match what {
        Marked::Enroll => rule(s, welcome, Rule::Ineligible),
        Marked::Order => {
            rule(s, welcome, Rule::Ineligible);
            let Some(e) = e else { return };
            // Up to ten seconds lie between the last check and the call.
            rule(s, s.now < e.created + QUARTER + LATEST_START, Rule::OldRequests);
            rule(s, e.used != Some(Used::Spent), Rule::UsedTwice);
        }
        Marked::SendPin => {
            // Revoking may overtake the call.
            let active = |fate| matches!(fate, EnrolledFate::Active | EnrolledFate::Revoked);
            let active = e.is_some_and(|e| active(e.fate));
            rule(s, active, Rule::EarlyPin);
            rule(s, welcome, Rule::Ineligible);
            let gate = match b.pin {
                PinGate::Activation => true,
                PinGate::Delivery => pass.saw_parcel.is_some_and(|(state, _)| state == 104),
                PinGate::Approval => s.slots[pass.slot].approved.1,
            };
            rule(s, gate, Rule::Forbidden);
        }
        Marked::Discard => {}
    }
}

/// An order was accepted: the person had no other that still stands.
pub fn ordered(s: &mut State) {
    let standing = s.orders.iter().filter(|order| !order.cancelled).count();
    rule(s, standing <= 1, Rule::Twice);
}

/// An enrolment is about to be removed.
pub fn discard(s: &mut State, pass: &Pass, n: usize) {
    let Some(e) = s.enrolled.get(n).cloned() else { return };
    if e.unwanted || e.fate == EnrolledFate::Gone {
        return;
    }
    rule(s, e.slot == Some(pass.slot), Rule::DiscardedForeign);
    let deleting = pass.base.deleting;
    let revoked = deleting && pass.base.policy == OnDelete::Revoke;
    let standing = |order: &crate::state::Ordered| order.enrollment == n && !order.cancelled;
    // A deletion removes it with the parcel at the latest, so that the key in it never signs in.
    let kept = s.orders.iter().filter(|order| standing(order)).all(|order| deleting && order.end_seen);
    rule(s, kept || (revoked && e.fate == EnrolledFate::Active), Rule::DiscardedOrdered);
}

/// An order is about to be cancelled.
pub fn cancel(s: &mut State, pass: &Pass) {
    let taken_over = pass.journal.accepted().is_some_and(|order| order.adopted);
    rule(s, !taken_over, Rule::TakenBack);
}

/// The credential is about to become live.
pub fn activate(b: &Bounds, s: &mut State, pass: &Pass) {
    let n = pass.journal.accepted().and_then(|order| number(order.id.as_str()));
    let Some(order) = n.and_then(|n| s.orders.get(n)).cloned() else {
        return rule(s, false, Rule::Forbidden);
    };
    let approved = s.slots[pass.slot].approved.0;
    let late = order.shipped_seen.is_some_and(|first| s.now >= first + TIMEOUT);
    let gate = match (pass.saw_parcel.map(|(state, _)| class_of(state)), b.activation) {
        (Some(ParcelClass::Delivered | ParcelClass::Shipped), _) if approved => true,
        (Some(ParcelClass::Delivered), ActivationGate::Delivery | ActivationGate::Shipment)
        | (Some(ParcelClass::Shipped), ActivationGate::Shipment) => true,
        (Some(ParcelClass::Shipped), ActivationGate::Delivery) => b.on_timeout == OnTimeout::Activate && late,
        _ => false,
    };
    // What a newer version knows, this pass cannot.
    let found_again = pass.current && order.given_up && !approved;
    let user = eligible(pass.saw_user.as_ref());
    let right = ours(pass) == Some(order.enrollment);
    rule(s, gate && !found_again && user && right && !pass.base.deleting, Rule::Forbidden);
}

/// A status is being stored: what the vendor showed before is known from now on.
pub fn stored(s: &mut State, pass: &Pass) {
    let (Some((state, seen)), Some(accepted)) = (pass.saw_parcel, pass.journal.accepted()) else { return };
    let Some(order) = number(accepted.id.as_str()).and_then(|n| s.orders.get_mut(n)) else { return };
    let class = class_of(state);
    order.given_up |= class == ParcelClass::Failed;
    order.end_seen |= matches!(class, ParcelClass::Failed | ParcelClass::Delivered);
    if matches!(class, ParcelClass::Shipped | ParcelClass::Delivered) {
        order.shipped_seen.get_or_insert(seen);
    }
}

/// The resource goes: whatever it had ordered has ended, or its ids are told.
pub fn release(b: &Bounds, s: &mut State, pass: &Pass) {
    let orphan = pass.base.policy == OnDelete::Orphan;
    let elsewhere = b.bound && b.clusters[pass.slot] != 0;
    let taken_over = pass.journal.accepted().is_some_and(|order| order.adopted);
    let told = (orphan || elsewhere || taken_over) && !pass.journal.is_untouched();
    let standing = s.orders.iter().any(|order| {
        let active = s.enrolled[order.enrollment].fate == EnrolledFate::Active;
        order.slot == pass.slot && !order.cancelled && !order.end_seen && !active
    });
    let slot = &mut s.slots[pass.slot];
    slot.told |= told;
    // Who empties the status of a resource and deletes it before any look has taken its memory by hand.
    let emptied = slot.rebuilt;
    rule(s, told || emptied || !standing, Rule::Forgotten);
}
