//! Ours at the second look: not on Okta's list although Okta confirmed it, or not as it should be.
//!
//! The list may lag, for longer than `calls.lookDelay`. Nothing is ordered before it shows ours: a list that shows ours
//! shows whatever was made before it, and only that tells who comes first. So the shipment waits and looks again, as
//! long as its sealed requests live; only then a person is asked.

use jiff::{SignedDuration, Timestamp};

use super::{
    situation::{Situation, Step, after, rest},
    time_limits::{REQUESTS_LIVE, latest_creation},
};
use crate::{
    failure::Reason,
    journal::Made,
    vendor_states::{EnrollmentList, EnrollmentStatus, ListedEnrollment},
};

/// Shortest wait between two looks.
const SHORTEST: SignedDuration = SignedDuration::from_secs(2);

/// Longest wait between two looks.
const LONGEST: SignedDuration = SignedDuration::from_mins(2);

/// Within the 15 minutes: the list lags, unless it shows what was made after ours.
pub(super) fn looks_again(s: &Situation<'_>, made: &Made, list: &EnrollmentList) -> Step {
    if let Some(later) = list.entries.iter().find(|e| is_surely_later(s, made, e)) {
        return behind(format!(
            "Okta lists an enrolment of this person ({}) that is newer than this shipment's own, and not this shipment's own: somebody removed it. Nothing was ordered. Answer this hold with RetryOrder to enrol anew, or CancelOrder to give up.",
            later.id
        ));
    }
    rest(
        Reason::EnrollmentNotListed,
        "Okta confirmed the enrolment and does not list it yet, so nothing is ordered. It is looked for again, at growing intervals, until 15 minutes after it was asked for.",
        Some(next_look(made, s.now)),
    )
}

/// Each look comes when the enrolment has become twice as old: some fifteen within the 15 minutes, and most of them
/// in the first, in which most lags end.
fn next_look(made: &Made, now: Timestamp) -> Timestamp {
    let age = now.duration_since(made.created_at);
    after(now, age.clamp(SHORTEST, LONGEST)).min(after(made.mark.at, REQUESTS_LIVE))
}

/// By Okta's clock, from the latest moment on at which ours can have been made.
fn is_surely_later(s: &Situation<'_>, made: &Made, entry: &ListedEnrollment) -> bool {
    entry.created.is_some_and(|created| created > latest_creation(s, &made.mark))
}

/// After the 15 minutes, without an order that was ever marked.
pub(super) fn out_of_time(made: &Made, list: &EnrollmentList) -> Step {
    match list.entries.iter().find(|e| e.id == made.id) {
        None => behind(
            "Okta's list does not show this shipment's enrolment, 15 minutes after it was asked for: somebody removed it, the list lags, or a backup was restored. This status knows of no order. Look in the YubiEnterprise Console, then answer this hold: AdoptOrder if there is one, else RetryOrder to enrol anew or CancelOrder to give up.",
        ),
        Some(ours) if ours.status != EnrollmentStatus::Pending => not_pending(),
        Some(_) => behind(
            "The enrolment is older than 15 minutes and no order was marked: either ordering was delayed, or a backup was restored and the order exists. Compare with YubiEnterprise, then answer this hold.",
        ),
    }
}

/// It signs in, has failed, or is in a state that nobody here knows.
pub(super) fn not_pending() -> Step {
    behind(
        "This shipment's enrolment is not pending at Okta, so nothing was ordered. Compare with Okta and YubiEnterprise, then answer this hold.",
    )
}

fn behind(message: impl Into<String>) -> Step {
    rest(Reason::StatusBehindVendors, message, None)
}
