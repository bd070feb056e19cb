//! What the vendors show and no shipment has: a second key, or one that a restore forgot.

use std::collections::{BTreeMap, BTreeSet};

use api::moment::Moment;
use domain::{
    hold::Choice,
    ids::UserId,
    journal::{Enrollment, Order},
    text,
    vendor_states::{EnrollmentStatus, ListedEnrollment, ListedOrder, ParcelClass},
};

use super::{
    super::findings::Finding,
    answers::resolved_by,
    case::{Case, Claimed},
};
use crate::vendor::{Declared, Person, Seen};

/// The vendor has an order for a shipment that knows of none.
pub const ORDER_UNKNOWN: &str = "OrderUnknownToStatus";

/// Enrolments and orders that no shipment has.
pub fn of(connection: &Declared, seen: &Seen, cases: &[&Case<'_>], claimed: &Claimed) -> Vec<Finding> {
    let mut by_person: BTreeMap<&UserId, Vec<&Case<'_>>> = BTreeMap::new();
    for case in cases {
        if let Some(user) = &case.user {
            by_person.entry(user).or_default().push(case);
        }
    }
    let orders: Vec<&ListedOrder> = seen
        .yubico
        .iter()
        .filter_map(|yubico| yubico.listed.as_ref().ok())
        .flatten()
        .filter(|order| !claimed.orders.contains(&order.id))
        .collect();
    let mut found = Vec::new();
    let mut explained = BTreeSet::new();
    for theirs in by_person.values().filter(|theirs| !theirs.iter().any(|case| case.is_under_way())) {
        let Some(person) = theirs.first().and_then(|case| case.person()) else { continue };
        let order = orders.iter().find(|order| is_theirs(order, person, theirs));
        if let Some(order) = order {
            explained.insert(&order.id);
            found.push(of_order(order, theirs));
        }
        // One of them answers for both: an order that is taken over brings its enrolment along.
        if order.is_none() || !theirs.iter().any(|case| lacks_order(case)) {
            let listed = person.enrollments.iter().flatten();
            let unknown = listed.filter(|entry| !claimed.enrollments.contains(&entry.id));
            found.extend(unknown.filter_map(|entry| of_enrollment(entry, theirs)));
        }
    }
    let ours: BTreeSet<_> = connection.spec.keys.iter().map(|key| key.customization_id.clone()).collect();
    let others = orders.into_iter().filter(|order| {
        !explained.contains(&order.id)
            && is_open(order)
            && order.customization_id.as_ref().is_some_and(|id| ours.contains(id))
    });
    found.extend(others.filter(|order| !may_be_of(order, cases)).map(|order| Finding {
        object: format!("ykc/{}", connection.name),
        word: "OrderUnclaimed",
        what: format!(
            "YubiEnterprise shows order {} on its way, with a customization of this connection, and no shipment has it.",
            order.id
        ),
        next: "see in the Console whose it is; declare a shipment for the person with existingKeyPolicy: Adopt, or delete the order. What was let go with Orphan, or ordered by hand, shows here too".to_owned(),
        ..Finding::default()
    }));
    found
}

/// Without a shipment that it could belong to it belongs to the connection. An effect that is on its way explains it, too.
fn may_be_of(order: &ListedOrder, cases: &[&Case<'_>]) -> bool {
    cases
        .iter()
        .filter(|case| case.is_under_way())
        .any(|case| case.person().is_some_and(|person| goes_to(order, person)))
}

fn goes_to(order: &ListedOrder, person: &Person) -> bool {
    order.email.as_ref().is_some_and(|email| person.addresses.contains(&text::folded(email)))
}

fn is_open(order: &ListedOrder) -> bool {
    order.state.is_some_and(|state| {
        !matches!(state.class, ParcelClass::Delivered | ParcelClass::Lost | ParcelClass::Failed)
    })
}

/// An order that has not arrived; one that has only if a shipment without an order was there before it.
fn is_theirs(order: &ListedOrder, person: &Person, theirs: &[&Case<'_>]) -> bool {
    let since = theirs.iter().filter(|case| lacks_order(case)).filter_map(|case| begun(case)).min();
    let later = matches!((since, order.created), (Some(since), Some(made)) if made >= since);
    goes_to(order, person) && (is_open(order) || later)
}

fn lacks_order(case: &Case<'_>) -> bool {
    matches!(case.journal.order, Order::Never | Order::Open(..) | Order::Unknown(..) | Order::Refused(_))
}

/// Since when it may have ordered: its enrolment's mark, else since it is declared.
fn begun(case: &Case<'_>) -> Option<jiff::Timestamp> {
    match &case.journal.enrollment {
        Enrollment::Made(made) => Some(made.mark.at),
        Enrollment::Open(_, mark) => Some(mark.at),
        _ => case.shipment.metadata.creation_timestamp.as_ref().map(|time| time.0),
    }
}

fn of_order(order: &ListedOrder, theirs: &[&Case<'_>]) -> Finding {
    let state =
        order.state.map_or_else(String::new, |state| format!(" in state {} ({})", state.id, state.name()));
    if let Some(case) = theirs.iter().find(|case| lacks_order(case)) {
        let what = format!(
            "YubiEnterprise shows order {}{state} for this person, and no shipment has it: the status is older than the order, or its answer was lost.",
            order.id
        );
        let answers = [(Choice::AdoptOrder, Some(order.id.as_str()))];
        return resolved_by(case.finding(ORDER_UNKNOWN, what), case.shipment, &answers);
    }
    let what = format!(
        "YubiEnterprise shows order {}{state} for this person beside the shipment's own, and no shipment has it: a second key.",
        order.id
    );
    let next = "find out who ordered it (Okta's System Log, the Console); delete the one that is not wanted in the Console while its state is 9 or less".to_owned();
    let finding = theirs.first().map(|case| case.finding("SecondOrder", what)).unwrap_or_default();
    Finding { next, ..finding }
}

fn of_enrollment(entry: &ListedEnrollment, theirs: &[&Case<'_>]) -> Option<Finding> {
    let overlooked = |case: &&&Case<'_>| {
        let before = case.shipment.spec.existing_key_before.as_ref().and_then(Moment::read);
        matches!((before, entry.created), (Some(before), Some(made)) if made < before)
    };
    if theirs.iter().any(|case| overlooked(&case)) {
        return None;
    }
    // A key of before is no contradiction where the shipment has its own.
    let own = theirs.iter().filter_map(|case| case.journal.made()).map(|made| made.created_at).min();
    let newer = own.is_none_or(|own| entry.created.is_none_or(|made| made > own));
    let case = theirs.iter().find(|case| case.journal.made().is_none()).or(theirs.first())?;
    match entry.status {
        EnrollmentStatus::Pending => {
            let what = format!(
                "Okta lists the pending enrolment {} of this person, and no shipment has it.",
                entry.id
            );
            let answers = [(Choice::DiscardEnrollment, Some(entry.id.as_str())), (Choice::AdoptOrder, None)];
            let finding = case.finding("EnrollmentUnclaimed", what);
            if own.is_some() {
                let next = "find out which tool enrolled it (Okta's System Log); delete the pending one at Okta if no parcel with it is wanted".to_owned();
                return Some(Finding { next, ..finding });
            }
            Some(resolved_by(finding, case.shipment, &answers))
        }
        EnrollmentStatus::Active if newer && !is_finished(case) => {
            let what =
                format!("Okta lists the active key {} of this person, and no shipment has it.", entry.id);
            let finding = case.finding("KeyUnclaimed", what);
            if own.is_some() {
                let next =
                    "find out which tool ordered it (Okta's System Log); one of the two keys is too much"
                        .to_owned();
                return Some(Finding { next, ..finding });
            }
            Some(resolved_by(
                finding,
                case.shipment,
                &[(Choice::AdoptOrder, None), (Choice::CancelOrder, None)],
            ))
        }
        _ => None,
    }
}

/// What was given up wants no key.
fn is_finished(case: &Case<'_>) -> bool {
    matches!(case.journal.order, Order::Cancelled(..))
}
