//! What people and tools read: phase, conditions and the hold, derived from the journal and the end of the pass.
//! Never read back, apart from the hold's id and the failure's count.

use jiff::Timestamp;

use super::{
    backoff,
    failure::{Failure, Kind, Reason},
    hold,
    journal::{Enrollment, Hold, Journal, LastFailure, Order},
    lasting,
    plan::Idle,
    unread,
    vendor_states::ParcelClass,
};

/// How a pass ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum End {
    /// Nothing to do now.
    Idle(Idle),
    /// Something failed that may pass or is tried a few times more, or the connection is at fault.
    Failed(Failure),
}

/// Where a shipment is, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Declared; no enrolment is known at Okta yet.
    Pending,
    /// Enrolled at Okta.
    Enrolled,
    /// `YubiEnterprise` accepted the order.
    Ordered,
    /// In transit: state 103 was seen.
    Shipped,
    /// State 104 is seen; the key is not activated yet.
    Delivered,
    /// Able to sign in.
    Activated,
    /// Waits for a person.
    Held,
    /// Ended without a key.
    Failed,
    /// The order is certainly gone, or a person gave up before there was one.
    Cancelled,
}

/// The Ready condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// True or False with reason and message.
    Is(bool, Reason, String),
    /// As it was; after the order a passing fault, a suspension or a deletion changes nothing about it.
    Unchanged,
}

/// What people and tools read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// For the eye.
    pub phase: Phase,
    /// The condition Ready, or that it stays as it was.
    pub ready: Ready,
    /// Reconciling is True, with the Ready reason.
    pub reconciling: bool,
    /// Stalled is True, with the Ready reason.
    pub stalled: bool,
}

/// Notes a failed pass in the journal: written first, then each time the delay doubles. A wait for a time that is known
/// is none: it counts nothing, and what failed before stays noted.
pub fn note_end(journal: &mut Journal, end: &End, generation: i64, suffix: &str, now: Timestamp) {
    match end {
        End::Failed(failure) if failure.is_wait() => end_by_spec(journal, generation),
        End::Failed(failure) => {
            end_by_spec(journal, generation);
            let before = journal
                .last_failure
                .take()
                .filter(|t| t.reason == failure.reason && t.message == failure.message);
            journal.last_failure = Some(match before {
                // Said once: the connection itself tells how it goes on.
                Some(same) if failure.reason.kind() == Kind::Auth => same,
                Some(mut same) => {
                    same.count = same.count.saturating_add(1).min(backoff::LAST_COUNT);
                    same
                }
                None => LastFailure {
                    reason: failure.reason,
                    message: failure.message.clone(),
                    since: now,
                    count: 1,
                },
            });
        }
        End::Idle(rest) => {
            journal.last_failure = None;
            note_hold(journal, rest, generation, suffix, now);
        }
    }
}

/// Notes that something is being done: what was held for a passing reason is not held any more.
pub fn note_progress(journal: &mut Journal, generation: i64) {
    if lasting::in_force(journal, generation).is_none() {
        journal.hold = None;
    }
}

/// A failure says nothing about a hold, but a hold of an older spec is over.
fn end_by_spec(journal: &mut Journal, generation: i64) {
    let ended = journal.hold.as_ref().is_some_and(|hold| hold.is_lasting() && hold.generation != generation);
    if ended {
        journal.hold = None;
    }
}

fn note_hold(journal: &mut Journal, rest: &Idle, generation: i64, suffix: &str, now: Timestamp) {
    let told_early = unread::left_open(journal, rest.reason, false);
    if told_early.is_some_and(|hold| hold.generation == generation) {
        return;
    }
    if lasting::outlasts(journal, rest.reason, generation) {
        return;
    }
    let waits = rest.reason.kind() == Kind::Stalled || rest.reason == Reason::AwaitingApproval;
    if !waits {
        journal.hold = None;
        return;
    }
    // A key that signs in is removed at Okta, where somebody sees whose it is.
    let live = rest.reason == Reason::ParcelLost && journal.times.activated.is_some();
    // One that is only older is waited for: it ends by itself.
    let waits_for_another = rest.reason == Reason::AnotherOrderForUser && rest.until.is_some();
    let choices = if live || waits_for_another { &[] } else { hold::choices(rest.reason, rest.pin) };
    match &mut journal.hold {
        Some(same)
            if same.reason == rest.reason && same.generation == generation && same.choices == choices =>
        {
            same.message.clone_from(&rest.message);
        }
        _ => {
            let attempt = journal.order.attempt().max(journal.enrollment.attempt()).max(1);
            journal.hold = Some(Hold {
                id: format!("{}-{attempt}-{suffix}", hold::subject(rest.reason)),
                reason: rest.reason,
                message: rest.message.clone(),
                since: now,
                generation,
                choices: choices.to_vec(),
                found_by_read: false,
            });
        }
    }
}

/// The message for people: what happened, and which answers a hold admits.
#[must_use]
pub fn message(journal: &Journal, rest: &Idle) -> String {
    match &journal.hold {
        Some(hold) if !hold.choices.is_empty() => {
            let choices: Vec<_> = hold.choices.iter().map(|c| c.as_str()).collect();
            let why = if hold.reason == rest.reason { String::new() } else { format!(" ({})", hold.reason) };
            format!("{} Hold {}{why}: {}.", rest.message, hold.id, choices.join(", "))
        }
        _ => rest.message.clone(),
    }
}

/// What is said of the end of a pass: a hold that outlasts it is said on, because a person must still do the same. A
/// deletion says what it waits for.
#[must_use]
pub fn said(journal: &Journal, end: &End, deleting: bool) -> End {
    let (reason, failed) = match end {
        End::Idle(rest) => (rest.reason, false),
        End::Failed(failure) => (failure.reason, true),
    };
    let open = lasting::standing(journal).or_else(|| unread::left_open(journal, reason, failed));
    match open.filter(|hold| !deleting && hold.reason != reason) {
        Some(hold) => End::Idle(Idle {
            reason: hold.reason,
            message: hold.message.clone(),
            until: None,
            pin: lasting::asks_for_the_pin(hold),
        }),
        None => end.clone(),
    }
}

/// Derives phase and conditions (the table of `docs/design.md`).
#[must_use]
pub fn summarise(journal: &Journal, end: &End, deleting: bool) -> Summary {
    let ordered = journal.accepted().is_some();
    let (reason, text, kind) = match end {
        End::Idle(rest) => (rest.reason, message(journal, rest), rest.reason.kind()),
        End::Failed(failure) => (failure.reason, failure.message.clone(), failure.reason.kind()),
    };
    // While a deletion waits for the parcel, only the message says so.
    let leaving = deleting && ordered;
    let stalled = kind == Kind::Stalled && matches!(end, End::Idle(_)) && !leaving;
    let over = matches!(journal.order, Order::Cancelled(..));
    let ready = if stalled || over {
        Ready::Is(false, reason, text)
    } else if ordered {
        match (end, reason) {
            (_, Reason::Suspended) | (End::Failed(_), _) => Ready::Unchanged,
            _ if leaving => Ready::Unchanged,
            _ => Ready::Is(true, reason, text),
        }
    } else {
        Ready::Is(false, reason, text)
    };
    let reconciling = !ordered && !over && !stalled && reason != Reason::Suspended;
    Summary { phase: phase(journal, reason, stalled), ready, reconciling, stalled }
}

fn phase(journal: &Journal, reason: Reason, stalled: bool) -> Phase {
    match (&journal.order, reason) {
        (Order::Cancelled(..), _) | (_, Reason::OrderCancelled) => Phase::Cancelled,
        (_, Reason::OrderFailed) => Phase::Failed,
        _ if stalled => Phase::Held,
        _ => phase_of(journal),
    }
}

/// The phase by the journal alone.
#[must_use]
pub fn phase_of(journal: &Journal) -> Phase {
    if journal.times.activated.is_some() {
        return Phase::Activated;
    }
    match (&journal.order, &journal.enrollment) {
        (Order::Accepted(order), _) => match order.state.map(|(state, _)| state.class) {
            Some(ParcelClass::Delivered) => Phase::Delivered,
            Some(ParcelClass::Shipped) => Phase::Shipped,
            _ if journal.times.shipped.is_some() => Phase::Shipped,
            _ => Phase::Ordered,
        },
        (_, Enrollment::Made(_)) => Phase::Enrolled,
        _ => Phase::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(reason: Reason) -> End {
        End::Failed(Failure::new(reason, "As it was."))
    }

    fn note(journal: &mut Journal, end: &End, second: i64) {
        let now = Timestamp::from_second(second).expect("in range");
        note_end(journal, end, 1, "abc234", now);
    }

    #[test]
    fn a_wait_counts_as_no_failure_grows_nothing_and_ends_neither_a_failure_nor_a_hold() {
        let mut journal = Journal::default();
        for second in 0..20 {
            note(&mut journal, &failed(Reason::RateLimited), second);
        }
        assert_eq!(journal, Journal::default(), "nothing is written because time passed");
        note(&mut journal, &failed(Reason::OktaUnavailable), 20);
        note(&mut journal, &failed(Reason::OktaUnavailable), 21);
        let before = journal.clone();
        note(&mut journal, &failed(Reason::RateLimited), 22);
        assert_eq!(journal, before, "what failed before has not passed because of a wait");
        assert_eq!(journal.last_failure.map(|last_failure| last_failure.count), Some(2));
        let held = Idle { reason: Reason::ExistingKey, message: String::new(), until: None, pin: false };
        let mut journal = Journal::default();
        note(&mut journal, &End::Idle(held), 23);
        let before = journal.clone();
        note(&mut journal, &failed(Reason::RateLimited), 24);
        assert_eq!(journal, before);
    }

    #[test]
    fn who_waits_before_the_order_says_why_and_afterwards_nothing_changes() {
        let summary = summarise(&Journal::default(), &failed(Reason::RateLimited), false);
        assert_eq!((summary.phase, summary.reconciling, summary.stalled), (Phase::Pending, true, false));
        assert!(matches!(summary.ready, Ready::Is(false, Reason::RateLimited, _)));
    }
}

#[cfg(test)]
mod table;
