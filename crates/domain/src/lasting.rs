//! Holds that only an answer or a changed spec ends. What passes by itself (a fault of the connection, a failed read, a
//! bar that comes and goes, a restart) neither ends them nor takes their place: their id, time and words stay.
//!
//! A few end by the vendors' word as well: a lost or late parcel that is delivered, an order that is shown again, an
//! effect whose outcome has become known after all.

use super::{
    failure::Reason,
    hold,
    journal::{Enrollment, Hold, Journal, Order},
    vendor_states::ParcelClass,
};

/// The hold that waits for an answer or a changed spec, and that neither has ended.
#[must_use]
pub fn in_force(journal: &Journal, generation: i64) -> Option<&Hold> {
    journal.hold.as_ref().filter(|hold| hold.generation == generation && stands(journal, hold))
}

/// As [`in_force`], whatever the spec says by now.
#[must_use]
pub fn standing(journal: &Journal) -> Option<&Hold> {
    journal.hold.as_ref().filter(|hold| stands(journal, hold))
}

fn stands(journal: &Journal, hold: &Hold) -> bool {
    hold.is_lasting() && !is_over(journal, hold)
}

/// Does the hold stay although the pass ends with another reason?
#[must_use]
pub fn outlasts(journal: &Journal, reason: Reason, generation: i64) -> bool {
    in_force(journal, generation).is_some_and(|hold| hold.reason != reason && !gives_way(hold, reason))
}

/// Does this shipment need nothing of the vendors until a person or its spec changes something? Then a fault of the
/// connection is no news for it. What is held for want of the connection itself, or was denied by it, waits for it.
#[must_use]
pub fn is_at_rest(journal: &Journal, generation: i64, deleting: bool) -> bool {
    let asked =
        journal.unwanted.is_some() || journal.adoption.is_some() || journal.retry || journal.pin.resend;
    if deleting || asked {
        return false;
    }
    let waits = |hold: &Hold| {
        hold.generation != generation
            || matches!(hold.reason, Reason::ConnectionNotFound | Reason::UserForbidden)
    };
    journal.times.pin_sent.is_some() || journal.hold.as_ref().is_some_and(|hold| !waits(hold))
}

/// What stops the road after the order until somebody answers, whatever the parcel does.
#[must_use]
pub fn stops_the_parcel(journal: &Journal, generation: i64) -> Option<&Hold> {
    in_force(journal, generation).filter(|hold| {
        matches!(
            hold.reason,
            Reason::ParcelLost | Reason::ParcelFound | Reason::WrongResponses | Reason::SigningKeyGone
        )
    })
}

/// The approval or the late parcel that stops what the present policies would let through.
#[must_use]
pub fn stops_the_gate(journal: &Journal, pin: bool, generation: i64) -> Option<&Hold> {
    in_force(journal, generation).filter(|hold| match hold.reason {
        Reason::DeliveryTimedOut => !pin,
        Reason::AwaitingApproval => pin == asks_for_the_pin(hold),
        _ => false,
    })
}

/// Is the person asked for the PIN, not for the activation?
#[must_use]
pub fn asks_for_the_pin(hold: &Hold) -> bool {
    hold.choices.contains(&hold::Choice::ApprovePin)
}

/// What the hold was about is settled by what the vendors said themselves.
fn is_over(journal: &Journal, hold: &Hold) -> bool {
    let activated = journal.times.activated.is_some();
    match hold.reason {
        Reason::OrderOutcomeUnknown => !matches!(journal.order, Order::Open(..) | Order::Unknown(..)),
        Reason::EnrollOutcomeUnknown => !matches!(journal.enrollment, Enrollment::Open(..)),
        Reason::ExistingKey
        | Reason::AnotherOrderForUser
        | Reason::StatusBehindVendors
        | Reason::OrderRefused => matches!(journal.order, Order::Accepted(_) | Order::Cancelled(..)),
        Reason::AwaitingApproval if asks_for_the_pin(hold) => {
            journal.accepted().is_none() || journal.times.pin_sent.is_some()
        }
        Reason::ParcelLost | Reason::DeliveryTimedOut => {
            activated || journal.accepted().is_none() || class(journal) == Some(ParcelClass::Delivered)
        }
        Reason::OrderNotFound => journal.accepted().is_none_or(|order| order.missing.is_none()),
        Reason::CancelInConsole => {
            journal.accepted().is_none_or(|order| order.cancel_refused || order.cancel_accepted.is_some())
        }
        _ => activated || journal.made().is_none() || journal.accepted().is_none(),
    }
}

fn class(journal: &Journal) -> Option<ParcelClass> {
    journal.accepted()?.state.map(|(state, _)| state.class)
}

/// Of two things that people must do, what the vendors said last counts, where the first was about the parcel's way
/// only. Nothing goes out by that: the second waits for a person as well, or the order has ended.
fn gives_way(hold: &Hold, reason: Reason) -> bool {
    let about_the_way = matches!(
        hold.reason,
        Reason::DeliveryTimedOut | Reason::OrderNotFound | Reason::AwaitingApproval | Reason::CancelInConsole
    );
    let needs_a_person = !hold::choices(reason, false).is_empty()
        || matches!(reason, Reason::OrderFailed | Reason::OrderCancelled | Reason::CancelImpossible);
    reason == Reason::CancelInConsole || (about_the_way && needs_a_person)
}

#[cfg(test)]
mod tests;
