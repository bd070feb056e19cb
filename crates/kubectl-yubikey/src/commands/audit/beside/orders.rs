//! The order of a shipment beside what `YubiEnterprise` shows of it.

use domain::{
    hold::Choice,
    ids::ShipmentId,
    journal::{Accepted, Journal, Order},
    order_list_poll::is_news,
    vendor_states::{ParcelClass, ParcelState},
};

use super::{super::findings::Finding, answers::resolved_by, case::Case};

/// The order to ask about: one that is on its way, or that counts as cancelled. What arrived is over, and the vendor may
/// have put it away.
pub fn open(journal: &Journal) -> Option<ShipmentId> {
    match &journal.order {
        Order::Accepted(order) if journal.times.delivered.is_none() => Some(order.id.clone()),
        Order::Cancelled(_, _, id) => id.clone(),
        _ => None,
    }
}

/// What contradicts its order.
pub fn of(case: &Case<'_>) -> Option<Finding> {
    let id = open(&case.journal)?;
    let state = match case.seen.yubico.as_ref().ok()?.orders.get(&id)? {
        Ok(state) => *state,
        Err(why) => {
            return Some(Finding {
                next: "audit again".to_owned(),
                ..case.finding("NotCompared", format!("YubiEnterprise did not show order {id}: {why}"))
            });
        }
    };
    match (&case.journal.order, state) {
        (Order::Accepted(order), None) => gone(case, order),
        (Order::Accepted(order), Some(state)) => ahead(case, order, state),
        (Order::Cancelled(..), Some(state)) => not_cancelled(case, &id, state),
        _ => None,
    }
}

/// Our own cancellation makes it go, too.
fn gone(case: &Case<'_>, order: &Accepted) -> Option<Finding> {
    if order.cancel_accepted.is_some() {
        return None;
    }
    let what = format!(
        "Its status has order {}, and YubiEnterprise does not show it (404): it was deleted there, or never belonged to this organization.",
        order.id
    );
    Some(resolved_by(
        case.finding("OrderNotFound", what),
        case.shipment,
        &[(Choice::ConfirmCancelled, None), (Choice::AdoptOrder, None)],
    ))
}

fn ahead(case: &Case<'_>, order: &Accepted, state: ParcelState) -> Option<Finding> {
    let known = order.state.map(|(state, _)| state);
    // A fresh order shows the state of an incomplete one.
    if !is_news(known, state) || (known.is_none() && state.class == ParcelClass::Incomplete) {
        return None;
    }
    let ours = known.map_or_else(|| "none yet".to_owned(), told);
    let what = format!(
        "YubiEnterprise shows order {} in state {}, its status in {ours}: the status is older, or nobody looked since.",
        order.id,
        told(state)
    );
    let answers: &[_] = match state.class {
        ParcelClass::Lost => &[(Choice::DiscardEnrollment, None)],
        _ => &[],
    };
    Some(resolved_by(case.finding("ParcelMoved", what), case.shipment, answers))
}

fn not_cancelled(case: &Case<'_>, id: &ShipmentId, state: ParcelState) -> Option<Finding> {
    if matches!(state.class, ParcelClass::Failed) {
        return None;
    }
    Some(Finding {
        next: "delete the order in the YubiEnterprise Console while its state is 9 or less; what is shipped has a key that never signs in, as long as its enrolment is gone at Okta".to_owned(),
        ..case.finding("OrderNotCancelled", format!("Its status says that order {id} is gone, and YubiEnterprise shows it in state {}.", told(state)))
    })
}

fn told(state: ParcelState) -> String {
    format!("{} ({})", state.id, state.name())
}
