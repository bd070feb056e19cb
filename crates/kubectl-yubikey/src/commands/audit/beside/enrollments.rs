//! The enrolment of a shipment beside what Okta lists for the person.

use domain::{
    hold::Choice,
    journal::{Enrollment, Made, Order},
    vendor_states::{EnrollmentStatus, ParcelClass},
};
use jiff::SignedDuration;

use super::{
    super::findings::Finding,
    answers::{Answer, resolved_by},
    case::Case,
};

/// The sealed requests live a quarter of an hour; what is pending without an order for so long stays so.
const WITHOUT_ORDER: SignedDuration = SignedDuration::from_hours(1);
/// A parcel that arrived, was lost or failed so long ago brings no more news.
const AFTER_PARCEL: SignedDuration = SignedDuration::from_hours(24 * 14);

/// It stays pending for ever.
pub const PENDING: &str = "EnrollmentPending";

/// What contradicts its enrolment.
pub fn of(case: &Case<'_>) -> Option<Finding> {
    let active = case.journal.times.activated.is_some();
    if case.has_nobody() && !active {
        return nobody(case);
    }
    let person = case.person()?;
    let Enrollment::Made(made) = &case.journal.enrollment else { return None };
    let list = match &person.enrollments {
        Ok(list) => list,
        Err(why) => {
            return Some(Finding {
                next: "audit again".to_owned(),
                ..case.finding("NotCompared", format!("Okta did not list the person's enrolments: {why}"))
            });
        }
    };
    let entry = list.iter().find(|entry| entry.id == made.id);
    match (entry.map(|entry| &entry.status), active) {
        (None, false) => gone(case, made),
        (None, true) => Some(dead(case, made, "lists it no more")),
        (Some(EnrollmentStatus::Active), true) => None,
        (Some(_), true) => Some(dead(case, made, "does not show it as ACTIVE")),
        (Some(EnrollmentStatus::Active), false) => Some(resolved_by(
            case.finding(
                "ActiveAtOkta",
                format!(
                    "Enrolment {} is ACTIVE at Okta, and the status knows of no activation: the status is older.",
                    made.id
                ),
            ),
            case.shipment,
            &[],
        )),
        (Some(EnrollmentStatus::Pending), false) => pending(case, made),
        (Some(EnrollmentStatus::Errored | EnrollmentStatus::Other(_)), false) => errored(case, made),
    }
}

/// Somebody who is not there any more gets no key; what is cancelled is over.
fn nobody(case: &Case<'_>) -> Option<Finding> {
    if matches!(case.journal.order, Order::Cancelled(..)) {
        return None;
    }
    Some(Finding {
        next: "delete the shipment if the person left; else correct spec.userRef in a new one".to_owned(),
        ..case.finding("UserNotFound", "Okta has no user with the id of its status.")
    })
}

/// How the shipment can go on depends on whether an order is on its way.
fn answers(case: &Case<'_>) -> &'static [Answer<'static>] {
    if case.journal.accepted().is_some() {
        return &[];
    }
    &[(Choice::RetryOrder, None), (Choice::AdoptOrder, None), (Choice::CancelOrder, None)]
}

fn gone(case: &Case<'_>, made: &Made) -> Option<Finding> {
    let wanted = made.discard_mark.is_some() || matches!(case.journal.order, Order::Cancelled(..));
    if wanted || made.may_be_unlisted(case.now) {
        return None;
    }
    let parcel = match case.journal.accepted() {
        Some(order) => format!(
            " The key of order {} can never sign in: cancel it while that is possible, then declare another shipment.",
            order.id
        ),
        None => String::new(),
    };
    let what = format!("Its status has enrolment {}, and Okta does not list it.{parcel}", made.id);
    Some(resolved_by(case.finding("EnrollmentGone", what), case.shipment, answers(case)))
}

fn dead(case: &Case<'_>, made: &Made, how: &str) -> Finding {
    Finding {
        next: "if it was removed on purpose (a lost key, a leaver), delete the shipment; else declare another one"
            .to_owned(),
        ..case.finding(
            "KeyNotActive",
            format!("Its status says that the key is activated, and Okta {how} (enrolment {}): it cannot sign in.", made.id),
        )
    }
}

fn errored(case: &Case<'_>, made: &Made) -> Option<Finding> {
    if made.marked_error {
        return None;
    }
    let what = format!(
        "Okta shows enrolment {} as failed, and the status does not: whether it can still be activated is not known.",
        made.id
    );
    Some(resolved_by(case.finding("EnrollmentFailed", what), case.shipment, answers(case)))
}

/// Pending is right while an order is on its way, and while a person is asked about it.
fn pending(case: &Case<'_>, made: &Made) -> Option<Finding> {
    if case.journal.hold.is_some() {
        return None;
    }
    let Some(order) = case.journal.accepted() else {
        if case.is_under_way() || case.now.duration_since(made.created_at) < WITHOUT_ORDER {
            return None;
        }
        let what =
            format!("Enrolment {} is pending at Okta, and no order of its status can use it.", made.id);
        return Some(resolved_by(case.finding(PENDING, what), case.shipment, answers(case)));
    };
    let (state, since) = order.state?;
    let ended = matches!(state.class, ParcelClass::Delivered | ParcelClass::Lost | ParcelClass::Failed);
    if !ended || case.now.duration_since(since) < AFTER_PARCEL {
        return None;
    }
    let what = format!(
        "Enrolment {} is pending at Okta although the parcel is in state {} ({}) since {since}.",
        made.id,
        state.id,
        state.name()
    );
    Some(resolved_by(case.finding(PENDING, what), case.shipment, &[]))
}
