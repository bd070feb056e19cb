//! A resource that is being deleted: the order first, then the enrolment, then the resource.

use jiff::SignedDuration;

use super::{
    adoption::named,
    blocked::other_organizations,
    follow::{look_due, missing, next_look, schedule},
    order::{answered, enrollment_settles, enrollment_unknown, unknown_order},
    situation::{Fetch, Idempotent, Situation, Step, after, rest, rest_for},
};
use crate::{
    desired::OnDelete,
    failure::{Failure, Reason},
    journal::{Accepted, Enrollment, Marked, Order},
    vendor_states::{EnrollmentStatus, ParcelClass},
};

/// The order goes first, and only when it is certainly gone the pending enrolment: the other way round a parcel
/// would arrive that can never sign in.
pub(super) fn delete(s: &Situation<'_>) -> Step {
    if s.journal.is_untouched() || s.desired.on_delete == OnDelete::Orphan {
        return Step::Release;
    }
    if let Some(blocked) = &s.desired.effects_bar {
        return barred_deletion(s, blocked);
    }
    if s.journal.accepted().is_some_and(|order| order.adopted) {
        return Step::Release;
    }
    if let Some(step) = other_organizations(s).or_else(|| answered(s)) {
        return step;
    }
    match &s.journal.order {
        Order::Never | Order::Refused(_) | Order::Cancelled(..) => delete_enrollment(s),
        Order::Open(_, mark) => unknown_order(s, *mark, None),
        Order::Unknown(_, mark, page) => unknown_order(s, *mark, *page),
        Order::Accepted(order) => cancel(s, order),
    }
}

/// Another cluster owns the order: here the resource may go without touching the vendors.
fn barred_deletion(s: &Situation<'_>, blocked: &Failure) -> Step {
    if blocked.reason == Reason::NotOrderingCluster {
        return Step::Release;
    }
    if let Some(step) = other_organizations(s) {
        return step;
    }
    let Some(order) = s.journal.accepted() else { return rest_for(blocked, None) };
    if s.seen.parcel.is_none() && look_due(s, order) {
        return Step::Fetch(Fetch::Parcel);
    }
    rest_for(blocked, next_look(s, order))
}

fn delete_enrollment(s: &Situation<'_>) -> Step {
    match &s.journal.enrollment {
        Enrollment::Never | Enrollment::Refused(_) | Enrollment::Discarded(_) => Step::Release,
        Enrollment::Open(_, mark) => {
            if let Some(step) = enrollment_settles(s, mark) {
                return step;
            }
            let Some(list) = &s.seen.list else { return Step::Fetch(Fetch::Enrollments) };
            let new: Vec<_> = list.entries.iter().filter(|e| !mark.shown.contains(&e.id)).collect();
            if new.is_empty() { Step::Release } else { enrollment_unknown(&new) }
        }
        Enrollment::Made(made) => {
            let Some(list) = &s.seen.list else { return Step::Fetch(Fetch::Enrollments) };
            let active = list.entries.iter().any(|e| e.id == made.id && e.status == EnrollmentStatus::Active);
            if active && s.desired.on_delete != OnDelete::Revoke {
                Step::Release
            } else {
                Step::Mark(Marked::Discard)
            }
        }
    }
}

fn cancel(s: &Situation<'_>, order: &Accepted) -> Step {
    if s.seen.parcel.is_none() {
        return if look_due(s, order)
            || order.state.is_none()
            || order.cancel_accepted.is_some()
            || !order.cancel_refused
        {
            Step::Fetch(Fetch::Parcel)
        } else {
            ended_or_followed(s, order)
        };
    }
    if let Some(failure) = &s.seen.cancel_failed {
        return Step::Fail(failure.clone());
    }
    let class = order.state.map(|(state, _)| state.class);
    let cancellable = !matches!(
        class,
        Some(ParcelClass::Shipped | ParcelClass::Delivered | ParcelClass::Lost | ParcelClass::Failed)
    );
    // A person deletes it in the Console first and answers then: the hold outlasts the 404 that follows.
    let by_hand = s.desired.cancel_in_console && cancellable && !order.cancel_refused;
    if by_hand && order.cancel_accepted.is_none() {
        let advice = "The order must be cancelled by a person (yubico.cancelBy is Console): delete it in the YubiEnterprise Console, then answer this hold with ConfirmCancelled.";
        return rest(Reason::CancelInConsole, named(s, Reason::CancelInConsole, advice), next_look(s, order));
    }
    if let Some(step) = missing(s, order) {
        return step;
    }
    if !cancellable || order.cancel_refused {
        return ended_or_followed(s, order);
    }
    if order.cancel_accepted.is_some() {
        return rest(
            Reason::Deleting,
            "YubiEnterprise took the cancellation but still shows the order; it is looked at again.",
            Some(after(s.now, SignedDuration::from_mins(1))),
        );
    }
    Step::Run(Idempotent::Cancel)
}

/// What cannot be cancelled is followed until it is delivered or final; then a pending enrolment is removed, so that
/// the key in the parcel can never sign in.
fn ended_or_followed(s: &Situation<'_>, order: &Accepted) -> Step {
    let ended = matches!(
        order.state.map(|(state, _)| state.class),
        Some(ParcelClass::Delivered | ParcelClass::Failed)
    );
    // Where a person had the enrolment removed, there is nothing left to wait for.
    let harmless = matches!(s.journal.enrollment, Enrollment::Discarded(_));
    if ended || harmless {
        return delete_enrollment(s);
    }
    rest(
        Reason::CancelImpossible,
        "It is too late to cancel the order; it is followed until it is delivered or ended, then the pending enrolment is removed and this resource goes. To let go now, set deletionPolicy Orphan, where the connection's policy.orphan allows it.",
        next_look(s, order).or_else(|| Some(schedule(s, order).next(s.now))),
    )
}
