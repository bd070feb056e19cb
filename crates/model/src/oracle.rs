//! The rules, asked at the moment of each deed. They know the world and what a pass was shown, and nothing of the
//! planner.

use domain::{
    desired::{ActivationGate, OnDelete, OnTimeout, PinGate},
    failure::Reason,
    ids::ShipmentId,
    journal::{Attempt, Enrollment, Journal, Marked, Order, Receipt},
    plan::{Idempotent, Search},
    vendor_states::{
        EnrollmentList, EnrollmentStatus, ListedEnrollment, ParcelClass, ParcelState, UserStatus,
    },
};

use crate::{
    bounds::Bounds,
    state::{Blocked, Conn, EnrolledFate, Pass, Rule, State, Used, number, ours},
    vendors,
};

const QUARTER: i64 = 15 * 60;
const LATEST_START: i64 = 10;
const SETTLE: i64 = 300;
const MAIL_DAY: i64 = 24 * 3_600;
const MAILS: usize = 3;
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
    let stands = !pass.current || *pass.base.journal == pass.machine.journal;
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
            let active = |fate: EnrolledFate| fate.is_active() || fate == EnrolledFate::Revoked;
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

/// A mark stands: what it is for was not forbidden then.
pub fn marked(b: &Bounds, s: &mut State, pass: &Pass, what: Marked) {
    let orders = matches!(what, Marked::Enroll | Marked::Order);
    let by_connection = match s.conn.blocked {
        Some(Blocked::Namespace | Blocked::Elsewhere) => true,
        Some(Blocked::Order) => orders,
        None => false,
    };
    let too_late = orders && b.order_before.is_some_and(|end| s.now > end);
    let here = !b.bound || b.clusters[pass.slot] == 0;
    rule(s, here && !by_connection && !too_late && !pass.base.suspended, Rule::Barred);
    // An enrolment begins anew, under what the connection shows then.
    rule(s, what == Marked::Enroll || own_org(pass, s.conn), Rule::OtherOrgs);
    let concludes =
        what == Marked::Discard && pass.base.deleting && pass.machine.journal.accepted().is_some();
    rule(s, !(concludes && pass.missed), Rule::Missing);
}

/// What needs no mark goes by what the pass began with.
pub fn free(s: &mut State, pass: &Pass, free: Idempotent) {
    let by_connection = matches!(pass.conn.blocked, Some(Blocked::Namespace | Blocked::Elsewhere));
    rule(s, !by_connection && !pass.base.suspended, Rule::Barred);
    rule(s, own_org(pass, pass.conn), Rule::OtherOrgs);
    rule(s, !(free == Idempotent::Cancel && pass.missed), Rule::Missing);
}

fn own_org(pass: &Pass, conn: Conn) -> bool {
    let named = pass.machine.journal.orgs.as_ref().and_then(|orgs| orgs.yubico.as_ref());
    named.is_none() || named == vendors::orgs(conn.other).yubico.as_ref()
}

/// A vendor answered: no list proves an enrolment's requests, that a mail was sent, or which order is ours.
pub fn answered(pass: &mut Pass, what: Marked, attempt: Attempt, receipt: &Receipt) {
    let alone = matches!(
        (what, receipt),
        (Marked::Enroll, Receipt::Enrolled(..))
            | (Marked::SendPin, Receipt::Done)
            | (Marked::Order, Receipt::Ordered(_))
    );
    if alone {
        pass.answered = Some((what, attempt));
    }
}

/// A pass ends by itself: its receipt stands, or its mark is no longer there.
pub fn ended(s: &mut State, pass: &Pass) {
    let Some((what, attempt)) = pass.answered else { return };
    let open = |journal: &Journal| match what {
        Marked::Enroll => matches!(journal.enrollment, Enrollment::Open(n, _) if n == attempt),
        Marked::Order => matches!(journal.order, Order::Open(n, _) | Order::Unknown(n, _, _) if n == attempt),
        _ => journal.pin.mark.is_some() && journal.pin.id == attempt,
    };
    let live = s.slots[pass.slot].live.as_ref().filter(|live| live.uid == pass.base.uid);
    let lost = live.is_some_and(|live| open(&live.journal));
    rule(s, !lost, Rule::ReceiptLost);
}

/// Okta mails a PIN.
pub fn mailed(s: &mut State) {
    s.mails.push(s.now);
    let recent = s.mails.iter().filter(|at| s.now - **at < MAIL_DAY).count();
    rule(s, recent <= MAILS, Rule::Mails);
}

/// A search came to an end.
pub fn sighted(s: &mut State, slot: usize, found: Option<&ShipmentId>) {
    let Some(n) = found.and_then(|id| number(id.as_str())) else { return };
    let known = s.slots[slot].sighted.filter(|(known, _)| *known == n);
    s.slots[slot].sighted = known.or(Some((n, s.now)));
}

/// An order is taken over: by a person's word, or because a search shows it now and did so `settle` before.
pub fn adopted(s: &mut State, pass: &Pass, id: &ShipmentId, by_person: bool) {
    let n = number(id.as_str());
    let before =
        s.slots[pass.slot].sighted.is_some_and(|(known, first)| Some(known) == n && s.now - first >= SETTLE);
    let now = matches!(&pass.machine.observed.search, Some(Search::One(found)) if found == id);
    rule(s, by_person || (before && now), Rule::FirstSight);
}

/// An order was accepted: the person had no other that still stands.
pub fn ordered(s: &mut State) {
    // The key of a shipment that was deleted until its parcel was there can never sign in.
    let deleted = |order: &crate::state::Ordered| {
        let dead = matches!(s.enrolled[order.enrollment].fate, EnrolledFate::Gone | EnrolledFate::Revoked);
        s.slots[order.slot].live.is_none() && dead
    };
    let standing = s.orders.iter().filter(|order| !order.cancelled && !deleted(order)).count();
    rule(s, standing <= 1, Rule::Twice);
}

/// An enrolment is about to be removed.
pub fn discard(s: &mut State, pass: &Pass, n: usize) {
    let Some(e) = s.enrolled.get(n).cloned() else { return };
    if e.unwanted || e.fate == EnrolledFate::Gone {
        return;
    }
    // What was copied from a shipment that is gone, or has given it up, was moved.
    let moved = e.slot.is_some_and(|of| !s.slots[of].live.as_ref().is_some_and(|v| holds(&v.journal, n)));
    rule(s, e.slot == Some(pass.slot) || moved, Rule::DiscardedForeign);
    let deleting = pass.base.deleting;
    let revoked = deleting && pass.base.policy == OnDelete::Revoke;
    let standing = |order: &crate::state::Ordered| order.enrollment == n && !order.cancelled;
    // A deletion removes it with the parcel at the latest, so that the key in it never signs in.
    let kept = s.orders.iter().filter(|order| standing(order)).all(|order| deleting && order.end_seen);
    let showed = |list: &EnrollmentList| list.entries.iter().any(|e| is_active(e, n));
    let active = pass.machine.observed.list.as_ref().is_some_and(showed);
    rule(s, !active || revoked, Rule::Revoked);
    rule(s, kept || (revoked && e.fate.is_active()), Rule::DiscardedOrdered);
}

/// Does a status hold this enrolment, or a mark that may be its?
fn holds(journal: &Journal, n: usize) -> bool {
    let open = matches!(journal.enrollment, Enrollment::Open(..));
    open || journal.made().is_some_and(|made| number(made.id.as_str()) == Some(n))
}

/// An order is about to be cancelled.
pub fn cancel(s: &mut State, pass: &Pass) {
    let taken_over = pass.machine.journal.accepted().is_some_and(|order| order.adopted);
    rule(s, !taken_over, Rule::TakenBack);
    let n = pass.machine.journal.accepted().and_then(|order| number(order.id.as_str()));
    let of = n.and_then(|n| s.orders.get(n)).map(|order| order.slot);
    // What was copied from a shipment that is gone was moved.
    let foreign = of.is_some_and(|of| of != pass.slot && s.slots[of].live.is_some());
    rule(s, !foreign, Rule::DiscardedForeign);
}

/// The credential is about to become live.
pub fn activate(b: &Bounds, s: &mut State, pass: &Pass) {
    let n = pass.machine.journal.accepted().and_then(|order| number(order.id.as_str()));
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
    // Whose key opens the responses is not known of an enrolment that was taken over.
    let key = pass.machine.journal.made().and_then(|made| made.key_id.as_ref());
    let theirs =
        pass.machine.journal.kept.as_ref().and_then(|kept| kept.responses.credential_key_id.as_ref());
    rule(s, key.is_none() || theirs == key, Rule::Mixed);
    rule(s, gate && !found_again && user && right && !pass.base.deleting, Rule::Forbidden);
}

/// Okta's list was read for the first use. `before`: it was known already.
pub fn looked_for_use(b: &Bounds, s: &mut State, pass: &Pass, before: bool) {
    let signed_in = ours(pass).is_some_and(|n| s.enrolled[n].fate == EnrolledFate::SignedIn);
    let claimed = pass.machine.journal.times.used.is_some() && !before;
    let elsewhere = b.bound && b.clusters[pass.slot] != 0;
    let barred = matches!(pass.conn.blocked, Some(Blocked::Namespace | Blocked::Elsewhere));
    let asked = !pass.base.deleting && !pass.base.suspended && !elsewhere && !barred;
    rule(s, asked && (signed_in || !claimed), Rule::UseClaimed);
}

fn is_active(e: &ListedEnrollment, n: usize) -> bool {
    e.status == EnrollmentStatus::Active && number(e.id.as_str()) == Some(n)
}

/// A hold that only an answer or a changed spec ends.
const fn lasts(reason: Reason) -> bool {
    matches!(reason, Reason::ExistingKey | Reason::EnrollOutcomeUnknown | Reason::StatusBehindVendors)
}

fn keeps_hold(s: &State, pass: &Pass) -> bool {
    let Some(live) = &s.slots[pass.slot].live else { return true };
    let Some(hold) = live.journal.hold.as_ref().filter(|hold| lasts(hold.reason)) else { return true };
    // A receipt that came late says what the hold was about.
    let resolved = pass.answered.is_some();
    let changed = resolved || live.deleting || live.generation != hold.generation;
    // Named by a person, and found to fit.
    let answered = pass.took > 0 || live.journal.adoption.as_ref().is_some_and(|adoption| adoption.by_person);
    changed || answered || pass.machine.journal.hold.as_ref().is_some_and(|now| now.id == hold.id)
}

/// A status is being stored: what the vendor showed before is known from now on.
pub fn stored(s: &mut State, pass: &Pass) {
    let kept = keeps_hold(s, pass);
    rule(s, kept, Rule::HoldLost);
    let (Some((state, seen)), Some(accepted)) = (pass.saw_parcel, pass.machine.journal.accepted()) else {
        return;
    };
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
    let bound = b.bound && b.clusters[pass.slot] != 0;
    let elsewhere = bound || pass.conn.blocked == Some(Blocked::Elsewhere);
    let taken_over = pass.machine.journal.accepted().is_some_and(|order| order.adopted);
    // The key in the parcel can never sign in: that is what the person decided.
    let given_up = s.enrolled.iter().any(|e| e.unwanted && e.slot == Some(pass.slot));
    let told = (orphan || elsewhere || taken_over || given_up) && !pass.machine.journal.is_untouched();
    let standing = s.orders.iter().any(|order| {
        let active = s.enrolled[order.enrollment].fate.is_active();
        order.slot == pass.slot && !order.cancelled && !order.end_seen && !active
    });
    let slot = &mut s.slots[pass.slot];
    slot.told |= told;
    // Who empties the status of a resource and deletes it before any look has taken its memory by hand.
    let emptied = slot.rebuilt;
    rule(s, told || emptied || !standing, Rule::Forgotten);
}
