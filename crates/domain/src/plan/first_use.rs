//! At its end a shipment needs nothing more; for a while Okta is asked whether the person uses the key, whatever becomes of
//! the parcel: of one that was lost that is news too.

use super::situation::{Fetch, Idle, Situation, Step};
use crate::{failure::Kind, first_use::Lookout};

/// A look, if one is due; else the rest, until the next one at the latest.
///
/// Not while anything bars effects: a suspended shipment, or one that another cluster serves, asks nobody about a person.
pub(super) fn look_or(s: &Situation<'_>, rest: Step) -> Step {
    let wanted = s.desired.first_use && s.desired.effects_bar.is_none() && s.journal.times.used.is_none();
    let (Some(lookout), Step::Idle(rest)) = (Lookout::of(s.journal).filter(|_| wanted), &rest) else {
        return rest;
    };
    let due = s.use_look.asked || lookout.is_due(s.now, s.use_look);
    if due && s.seen.first_use.is_none() {
        return Step::Fetch(Fetch::FirstUse);
    }
    // What waits for a person is looked at again within the hour by itself; a time would take that from it.
    let by_itself = rest.until.is_none() && rest.reason.kind() == Kind::Stalled;
    let next = lookout.next(s.now, s.use_look).filter(|_| !by_itself);
    Step::Idle(Idle { until: rest.until.into_iter().chain(next).min(), ..rest.clone() })
}
