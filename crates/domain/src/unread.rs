//! Holds that end when what they are about is read again and found in order. A read that fails tells nothing about it: what
//! a person must do stays said, in the same words and under the same id, and no Event says it again.

use super::{
    failure::{Kind, Reason},
    journal::{Hold, Journal},
    plan::{Idle, Observed, Person},
};

/// Does only a read, or a try, before the order tell whether this hold is over?
///
/// After the order every hold is left as it is by a failed look, and the lasting ones end by an answer or the spec.
fn is_ended_by_a_read(hold: &Hold) -> bool {
    match hold.reason {
        Reason::InvalidRecipient
        | Reason::UserNotFound
        | Reason::UserNotEligible
        | Reason::UserForbidden
        | Reason::AddressUndeliverable
        | Reason::OutOfStock
        | Reason::AnotherOrderForUser
        | Reason::ClaimedTwice
        | Reason::EnrollRefused
        | Reason::OrderCancelled => true,
        // The other policies are judged without a read: where one was begun, they are satisfied.
        Reason::ForbiddenByConnection => hold.found_by_read,
        _ => false,
    }
}

/// Ends the hold that this pass has found to be over before it came to its end, or that an older spec was held by.
pub fn end_by_reads(journal: &mut Journal, seen: &Observed, generation: i64) {
    let Some(hold) = journal.hold.as_ref().filter(|hold| is_ended_by_a_read(hold)) else { return };
    let found = match &seen.user {
        Some(Person::Found(user)) => Some(&user.status),
        Some(Person::Unknown) | None => None,
    };
    let over = match hold.reason {
        Reason::AddressUndeliverable | Reason::OutOfStock => matches!(seen.checked, Some(Ok(()))),
        // Not a read but what is done next shows that these are over.
        Reason::ClaimedTwice
        | Reason::EnrollRefused
        | Reason::OrderCancelled
        | Reason::AnotherOrderForUser => false,
        Reason::UserNotEligible => found.is_some_and(|user| !user.is_shut_out()),
        _ => found.is_some() && seen.recipient_fault.is_none(),
    };
    if over || hold.generation != generation {
        journal.hold = None;
    }
}

/// Notes whether the hold that this pass came to rest with was told by a read of the person.
pub fn note_origin(journal: &mut Journal, rest: &Idle, seen: &Observed) {
    let Some(hold) = journal.hold.as_mut().filter(|hold| hold.reason == rest.reason) else { return };
    hold.found_by_read = rest.reason == Reason::ForbiddenByConnection
        && seen.recipient_fault.as_ref().is_some_and(|fault| fault.reason == rest.reason);
}

/// The hold that the end of a pass, failed or at rest for this reason, says nothing about.
#[must_use]
pub fn left_open(journal: &Journal, reason: Reason, failed: bool) -> Option<&Hold> {
    let hold = journal.hold.as_ref().filter(|hold| is_ended_by_a_read(hold))?;
    let connection = reason.kind() == Kind::Auth;
    let silent = if failed {
        // Of one person whom the connection denies, the connection's own fault is news.
        !connection || hold.reason != Reason::UserForbidden
    } else {
        // Told before anything is read.
        reason == Reason::TooManyOpenOrders || connection
    };
    (silent && journal.accepted().is_none()).then_some(hold)
}

#[cfg(test)]
mod tests;
