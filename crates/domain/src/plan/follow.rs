//! The road after the order: follow the parcel, activate, mail the PIN, go on to the end.

use jiff::{SignedDuration, Timestamp};

use super::{
    adoption::named,
    blocked::eligible,
    no_responses,
    situation::{Fetch, Idempotent, Idle, Observation, Situation, Step, after, rest, rest_for},
    time_limits::{delivery_deadline, earlier},
};
use crate::{
    cadence::Schedule,
    desired::{ActivationGate, OnTimeout, PinGate},
    failure::Reason,
    journal::{Accepted, Enrollment, MAILS_A_DAY, Marked},
    lasting,
    vendor_states::ParcelClass,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const FINAL_INTERVAL: SignedDuration = SignedDuration::from_hours(24 * 7);
const FINAL_FOLLOWED: SignedDuration = SignedDuration::from_hours(24 * 90);
const MISSING_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn follow(s: &Situation<'_>, order: &Accepted) -> Step {
    let discarded = matches!(s.journal.enrollment, Enrollment::Discarded(_));
    if s.journal.made().is_none() && !discarded {
        return rest(
            Reason::StatusUnreadable,
            "The status has an order but no enrolment; restore the status from a backup or delete this shipment with deletionPolicy Orphan.",
            None,
        );
    }
    if s.seen.parcel.is_none() && look_due(s, order) {
        return Step::Fetch(Fetch::Parcel);
    }
    if discarded {
        return given_up(s, order);
    }
    if let Some(hold) = lasting::stops_the_parcel(s.journal, s.desired.generation) {
        return rest(hold.reason, hold.message.clone(), next_look(s, order));
    }
    if let Some(step) = missing(s, order) {
        return step;
    }
    if s.journal.times.activated.is_some() { active(s, order) } else { inactive(s, order) }
}

pub(super) fn schedule(s: &Situation<'_>, order: &Accepted) -> Schedule {
    let base = Schedule::new(order.ordered_at, s.desired.cadence);
    if order.missing.is_some() {
        return base.every(MISSING_INTERVAL);
    }
    match order.state {
        Some((state, since)) if state.class == ParcelClass::Failed => {
            let first_day = s.now.duration_since(since) < DAY;
            base.every(if first_day { DAY } else { FINAL_INTERVAL })
        }
        _ => base,
    }
}

/// A finished parcel is not read any more; a failed one for 90 days.
fn followed(s: &Situation<'_>, order: &Accepted) -> bool {
    match order.state {
        Some((state, _)) if state.class == ParcelClass::Delivered => {
            s.journal.times.pin_sent.is_none() && s.journal.made().is_some()
        }
        Some((state, since)) if state.class == ParcelClass::Failed => {
            s.now.duration_since(since) < FINAL_FOLLOWED
        }
        _ => true,
    }
}

pub(super) fn look_due(s: &Situation<'_>, order: &Accepted) -> bool {
    s.look_now
        || (followed(s, order) && schedule(s, order).last(s.now).is_some_and(|moment| moment > s.last_look))
}

pub(super) fn next_look(s: &Situation<'_>, order: &Accepted) -> Option<Timestamp> {
    followed(s, order).then(|| schedule(s, order).next(s.now))
}

/// 404 is first news about the connection: a token of another region turns all orders into 404.
pub(super) fn missing(s: &Situation<'_>, order: &Accepted) -> Option<Step> {
    let lost = order.missing?;
    let next = next_look(s, order);
    if lost.confirmed {
        let advice = "YubiEnterprise no longer shows the order. If it was deleted in the Console, answer this hold with ConfirmCancelled; it is looked for again meanwhile.";
        return Some(rest(Reason::OrderNotFound, named(s, Reason::OrderNotFound, advice), next));
    }
    let again = after(lost.since, MISSING_INTERVAL);
    if s.now >= again && s.seen.parcel.is_none() {
        return Some(Step::Fetch(Fetch::Parcel));
    }
    Some(rest(
        awaiting(s),
        "YubiEnterprise did not show the order at the last look; it is looked for again before anything is concluded.",
        Some(again),
    ))
}

/// A parcel that was seen on its way does not await its shipment, whatever its state went back to.
fn awaiting(s: &Situation<'_>) -> Reason {
    if s.journal.times.shipped.is_some() { Reason::AwaitingDelivery } else { Reason::AwaitingShipment }
}

/// A person had the enrolment removed: the key in the parcel can never sign in, wherever it turns up.
fn given_up(s: &Situation<'_>, order: &Accepted) -> Step {
    rest(
        Reason::OrderFailed,
        "The enrolment was removed by a person's answer, so the key of this order can never sign in; declare another shipment if the person still needs one, and delete this one.",
        next_look(s, order),
    )
}

/// Before the activation: the present state decides, the times keep the first.
fn inactive(s: &Situation<'_>, order: &Accepted) -> Step {
    let next = next_look(s, order);
    let Some((state, since)) = order.state else {
        return rest(
            Reason::AwaitingShipment,
            "The order is placed; YubiEnterprise has not shipped the key yet.",
            next,
        );
    };
    match state.class {
        ParcelClass::InProgress if s.journal.times.shipped.is_some() => rest(
            Reason::AwaitingDelivery,
            "YubiEnterprise showed the key as shipped, and now shows the order as in progress again; it is followed on.",
            next,
        ),
        ParcelClass::InProgress => rest(
            Reason::AwaitingShipment,
            "The order is placed; YubiEnterprise has not shipped the key yet.",
            next,
        ),
        ParcelClass::Shipped | ParcelClass::Delivered => arrived(s, order, state.class, next),
        ParcelClass::Lost => rest(
            Reason::ParcelLost,
            "The carrier lost the parcel, so the credential stays inactive. If it turns up the shipment goes on; otherwise answer this hold with DiscardEnrollment and declare another shipment.",
            next,
        ),
        ParcelClass::Failed => failed(s, since, next),
        ParcelClass::Incomplete | ParcelClass::NeedsRepair => rest(
            Reason::OrderNeedsRepair,
            format!(
                "YubiEnterprise shows the order as {} (state {}); open it in the YubiEnterprise Console and repair it there, the shipment then goes on by itself.",
                state.name(),
                state.id
            ),
            next,
        ),
        ParcelClass::Unknown => unknown_state(state.id, next),
    }
}

fn unknown_state(id: u32, next: Option<Timestamp>) -> Step {
    rest(
        Reason::UnknownState,
        format!(
            "YubiEnterprise shows state {id}, which this version does not know; the order is followed on. Look at it in the YubiEnterprise Console."
        ),
        next,
    )
}

fn arrived(s: &Situation<'_>, order: &Accepted, class: ParcelClass, next: Option<Timestamp>) -> Step {
    let Some(kept) = &s.journal.kept else { return no_responses::waits(s, class, next) };
    let ours = s.journal.made().and_then(|made| made.key_id.as_ref());
    let theirs = kept.responses.credential_key_id.as_ref();
    if theirs.is_some() && ours.is_some() && theirs != ours {
        return rest(
            Reason::WrongResponses,
            "The credential response names another enrolment's key, so it is not sent to Okta; ask Yubico Support whether parcels were mixed up.",
            next,
        );
    }
    if order.given_up && !s.journal.approved.activation {
        return rest(
            Reason::ParcelFound,
            "The order had failed, and now the parcel is on its way or delivered after all; answer this hold with ApproveActivation if the person has it, or with DiscardEnrollment.",
            next,
        );
    }
    if let Some(hold) = lasting::stops_the_gate(s.journal, false, s.desired.generation) {
        return rest(hold.reason, hold.message.clone(), next);
    }
    match gate(s, class) {
        Gate::Open => activate(s, order),
        Gate::Wait(reason, message, until) => rest(reason, message, earlier(until, next)),
    }
}

enum Gate {
    Open,
    Wait(Reason, &'static str, Option<Timestamp>),
}

fn gate(s: &Situation<'_>, class: ParcelClass) -> Gate {
    match s.desired.activation {
        _ if s.journal.approved.activation => Gate::Open,
        ActivationGate::Shipment => Gate::Open,
        ActivationGate::Approval => Gate::Wait(
            Reason::AwaitingApproval,
            "The key is shipped; activation waits for a person: answer this hold with ApproveActivation.",
            None,
        ),
        ActivationGate::Delivery if class == ParcelClass::Delivered => Gate::Open,
        ActivationGate::Delivery => match (delivery_deadline(s), s.desired.on_timeout) {
            (Some(end), OnTimeout::Activate) if s.now >= end => Gate::Open,
            (Some(end), OnTimeout::Hold) if s.now >= end => Gate::Wait(
                Reason::DeliveryTimedOut,
                "The carrier has not reported delivery within activation.deliveryTimeout; ask the person, then answer this hold with ApproveActivation.",
                None,
            ),
            (end, _) => Gate::Wait(
                Reason::AwaitingDelivery,
                "The key is in transit; it is activated on delivery.",
                end,
            ),
        },
    }
}

/// The gate is open: with the parcel and the user just read, and the responses safely stored.
fn activate(s: &Situation<'_>, order: &Accepted) -> Step {
    if let Some(blocked) = &s.desired.effects_bar {
        return rest_for(blocked, next_look(s, order));
    }
    if s.seen.parcel.is_none() {
        return Step::Fetch(Fetch::Parcel);
    }
    let Some(user) = &s.seen.user else { return Step::Fetch(Fetch::User) };
    if let Some(step) = eligible(user) {
        return step;
    }
    if let Some(failure) = &s.seen.activation_failed {
        // A lost answer, or a repeat of an activation that had worked: the list tells. The journal notes ACTIVE.
        return match &s.seen.list {
            None => Step::Fetch(Fetch::Enrollments),
            Some(_) if s.seen.signing_key_gone && !s.journal.approved.kept_keys => rest(
                Reason::SigningKeyGone,
                "Okta refused the responses, and a key that Yubico published when they were first seen is gone from its signing keys. Ask Yubico whether that key was withdrawn; if it was only rotated, answer this hold with ActivateWithKeptKeys.",
                next_look(s, order),
            ),
            Some(_) => Step::Fail(failure.clone()),
        };
    }
    if s.saved { Step::Run(Idempotent::Activate) } else { Step::Save }
}

/// Ended without a key. Okta is told only when the same state was read twice a day apart: some ends are not.
fn failed(s: &Situation<'_>, since: Timestamp, next: Option<Timestamp>) -> Step {
    let told = s.journal.made().is_none_or(|made| made.marked_error);
    let sure = s.now.duration_since(since) >= DAY && matches!(s.seen.parcel, Some(Observation::Shown(_)));
    if !told && sure && s.desired.effects_bar.is_none() {
        return Step::Run(Idempotent::MarkError);
    }
    rest(
        Reason::OrderFailed,
        "YubiEnterprise ended the order without delivering a key; ask Yubico Support about it, or delete this shipment and declare another.",
        next,
    )
}

/// After the activation: mail the PIN, then follow the parcel to its end.
fn active(s: &Situation<'_>, order: &Accepted) -> Step {
    let next = next_look(s, order);
    let class = order.state.map(|(state, _)| state.class);
    match class {
        Some(ParcelClass::Lost) => {
            return rest(
                Reason::ParcelLost,
                "The carrier lost the parcel after the credential was activated: somebody may hold a live key. Remove the enrolment at Okta unless the person has it.",
                next,
            );
        }
        Some(ParcelClass::Failed) => {
            return rest(
                Reason::OrderFailed,
                "YubiEnterprise ended the order after the credential was activated: find out where the key is, and remove the enrolment at Okta unless the person has it.",
                next,
            );
        }
        _ => {}
    }
    if s.journal.times.pin_sent.is_none() || s.journal.pin.resend {
        return send_pin(s, class, next);
    }
    match class {
        Some(ParcelClass::Unknown) => unknown_state(order.state.map_or(0, |(state, _)| state.id), next),
        Some(ParcelClass::Delivered) => {
            rest(Reason::Activated, "The key is delivered and able to sign in; Okta mailed the PIN.", next)
        }
        _ => rest(
            Reason::Activated,
            "The key is able to sign in and Okta mailed the PIN; the parcel is followed until it is delivered.",
            next,
        ),
    }
}

fn send_pin(s: &Situation<'_>, class: Option<ParcelClass>, next: Option<Timestamp>) -> Step {
    if let Some(blocked) = &s.desired.effects_bar {
        return rest_for(blocked, next);
    }
    if let Some(hold) = lasting::stops_the_gate(s.journal, true, s.desired.generation) {
        return Step::Idle(Idle {
            reason: hold.reason,
            message: hold.message.clone(),
            until: next,
            pin: true,
        });
    }
    match s.desired.pin {
        PinGate::Delivery if class != Some(ParcelClass::Delivered) => {
            return rest(
                Reason::AwaitingDelivery,
                "The key is able to sign in; Okta mails the PIN when it is delivered.",
                next,
            );
        }
        // The present state counts: it may have gone back since another pass saw it.
        PinGate::Delivery if s.seen.parcel.is_none() => return Step::Fetch(Fetch::Parcel),
        PinGate::Approval if !s.journal.approved.pin => {
            return Step::Idle(Idle {
                reason: Reason::AwaitingApproval,
                message: "The key is able to sign in; the PIN waits for a person: answer this hold with ApprovePin.".to_owned(),
                until: next,
                pin: true,
            });
        }
        PinGate::Activation | PinGate::Delivery | PinGate::Approval => {}
    }
    if let Some(mark) = s.journal.pin.mark {
        let judged = after(mark, s.desired.calls.settle);
        if s.now < judged {
            return rest(Reason::SendingPin, "A call for the PIN mail may still be under way.", Some(judged));
        }
        // Whether the key has signed in since: then its PIN is known and no mail can be sent.
        if s.seen.list.is_none() {
            return Step::Fetch(Fetch::Enrollments);
        }
    }
    let pin = &s.journal.pin;
    let recent: Vec<_> =
        pin.mails.iter().chain(&pin.mark).filter(|at| s.now.duration_since(**at) < DAY).collect();
    if recent.len() >= MAILS_A_DAY {
        let until = recent.first().map(|at| after(**at, DAY));
        return rest(
            Reason::PinLimitReached,
            "Okta was asked for three PIN mails within a day; the next try waits.",
            until,
        );
    }
    let Some(user) = &s.seen.user else { return Step::Fetch(Fetch::User) };
    if let Some(step) = eligible(user) {
        return step;
    }
    Step::Mark(Marked::SendPin)
}
