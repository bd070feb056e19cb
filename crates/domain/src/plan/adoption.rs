//! Taking over an order that a person named or a search found, and what is said where it is refused.

use super::situation::{Fetch, Situation, Step, after, rest};
use crate::{failure::Reason, ids::ShipmentId, journal::Adoption};

const NOT_TAKEN: &str = " was not taken over: ";

/// What is said of an order that was not taken over, before the advice of the hold that stays.
#[must_use]
pub fn refusal(shipment: &ShipmentId, why: &str) -> String {
    format!("Order {shipment}{NOT_TAKEN}{why}.")
}

/// A hold stays if the order that a person named does not fit; why comes first, in later passes too.
pub(super) fn named(s: &Situation<'_>, reason: Reason, advice: &str) -> String {
    match (&s.seen.adoption_refused, &s.journal.hold) {
        (Some(refused), _) => format!("{refused} {}", without_refusal(advice)),
        (None, Some(hold)) if hold.reason == reason && hold.message.ends_with(advice) => hold.message.clone(),
        _ => advice.to_owned(),
    }
}

fn without_refusal(message: &str) -> &str {
    match message.split_once(". ") {
        Some((first, advice)) if first.contains(NOT_TAKEN) => advice,
        _ => message,
    }
}

/// An order found by search is taken over when it is the only match twice, `settle` apart; one named by a person when
/// nothing that the vendor shows contradicts it.
pub(super) fn adopt(s: &Situation<'_>, adoption: &Adoption) -> Step {
    let again = after(adoption.since, s.desired.calls.settle);
    if !adoption.by_person && s.now < again {
        return rest(
            Reason::Settling,
            "An order that fits was found at YubiEnterprise; it is looked for once more before it is taken over.",
            Some(again),
        );
    }
    // Where our enrolment is not known, the search needs the listed one: it tells when the order can have been made.
    if s.journal.made().is_none() && s.seen.list.is_none() {
        return if s.journal.user.is_some() {
            Step::Fetch(Fetch::Enrollments)
        } else {
            Step::Fetch(Fetch::User)
        };
    }
    if !adoption.by_person && s.seen.search.is_none() {
        return Step::Fetch(Fetch::Search);
    }
    Step::Fetch(Fetch::Adoption)
}
