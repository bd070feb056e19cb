//! One order or enrolment in the status of two resources: a copied status, a restore under another name. Whose it is
//! only a person knows, so no effect of either goes out until one of them lets go.

use jiff::SignedDuration;

use super::situation::{Claimed, Fetch, Idle, Shared, Situation, Step, after};
use crate::{
    failure::Reason,
    journal::{Journal, Order},
};

/// The other may have gone without anybody noticing.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// What is left of a step while another resource claims the same: reading on, saving what was read, and letting go.
pub(super) fn stop(s: &Situation<'_>, claimed: Claimed<'_>, step: Step) -> Step {
    match step {
        Step::Fetch(Fetch::Parcel | Fetch::Enrollments | Fetch::FirstUse)
        | Step::Save
        | Step::Fail(_)
        | Step::Release => step,
        Step::Idle(ref rest) if is_over(s.journal) || is_lasting(s, rest) => step,
        Step::Idle(rest) => twice(s, claimed, Some(rest)),
        Step::Fetch(_) | Step::MarkOrphaned(_) | Step::Pause(_) | Step::Mark(_) | Step::Run(_) => {
            twice(s, claimed, None)
        }
    }
}

/// At its end a shipment has no effect left that could be stopped.
fn is_over(journal: &Journal) -> bool {
    let mailed = journal.times.pin_sent.is_some() && !journal.pin.resend;
    mailed || matches!(journal.order, Order::Cancelled(..))
}

/// What only an answer ends is not replaced; the answer's own effects are stopped in their turn.
fn is_lasting(s: &Situation<'_>, rest: &Idle) -> bool {
    let hold = s.journal.hold.as_ref();
    hold.is_some_and(|hold| hold.is_lasting() && hold.reason == rest.reason)
}

fn twice(s: &Situation<'_>, claimed: Claimed<'_>, rest: Option<Idle>) -> Step {
    let what = match claimed.what {
        Shared::Order => "order",
        Shared::Enrollment => "enrolment",
    };
    let again = after(s.now, AGAIN);
    let next = if s.desired.deleting {
        "Set deletionPolicy Orphan on the one whose it is not: it then goes without touching the vendors, and the other goes on."
    } else {
        "Find out whose it is, and delete the other one with deletionPolicy Orphan; this one then goes on."
    };
    Step::Idle(Idle {
        reason: Reason::ClaimedTwice,
        message: format!(
            "Shipment {} has the same {what} in its status, so nothing is done at the vendors for either. {next}",
            claimed.name
        ),
        until: Some(rest.and_then(|rest| rest.until).map_or(again, |until| until.min(again))),
        pin: false,
    })
}
