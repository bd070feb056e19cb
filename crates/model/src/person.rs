//! People who answer holds. They are truthful about what stands at the vendors when they answer (design, section 8);
//! when the answer is taken up, that may have changed.

use domain::{
    answer::Answer,
    hold::Choice,
    ids::{EnrollmentId, ShipmentId},
    journal::{Hold, Journal, Marked},
    pass::Task,
};

use crate::state::{
    Decision, EnrolledFate, Ordered, Pass, State, enrollment_id, number, seconds, shipment_id,
};

/// The answer, if a truthful person can give it to the open hold of this shipment.
pub fn answer(s: &State, slot: usize, choice: Choice) -> Option<Answer> {
    let journal = &s.slots[slot].live.as_ref()?.journal;
    if choice == Choice::ResendPin {
        return resend(s, slot, journal);
    }
    let hold: &Hold = journal.hold.as_ref().filter(|hold| hold.choices.contains(&choice))?;
    let mut answer = Answer { hold: hold.id.clone(), choice, shipment: None, enrollment: None };
    let standing = |order: &&Ordered| order.slot == slot && !order.cancelled;
    match choice {
        // No order stands.
        Choice::RetryOrder | Choice::CancelOrder => {
            let unseen = s.slots[slot].rebuilt && under_way(s, slot);
            if s.orders.iter().any(|order| standing(&order)) || unseen {
                return None;
            }
        }
        Choice::AdoptOrder => answer.shipment = Some(order_of(s, slot)?),
        Choice::ConfirmCancelled => {
            let order = journal.accepted().and_then(|order| number(order.id.as_str()))?;
            if !s.orders.get(order)?.cancelled {
                return None;
            }
        }
        Choice::DiscardEnrollment => {
            let lost = journal.accepted().is_some();
            answer.enrollment = Some(if lost { journal.made()?.id.clone() } else { unused(s, slot)? });
        }
        Choice::ActivateWithKeptKeys | Choice::ApproveActivation | Choice::ApprovePin => {}
        Choice::Proceed | Choice::ResendPin => return None,
    }
    let waits = s.decisions.iter().any(|known| known.slot == slot && known.answer == answer);
    (!waits).then_some(answer)
}

/// No hold is answered: the last mail is named.
fn resend(s: &State, slot: usize, journal: &Journal) -> Option<Answer> {
    journal.times.pin_sent?;
    let hold = format!("pin-{}", journal.pin.id);
    let answer = Answer { hold, choice: Choice::ResendPin, shipment: None, enrollment: None };
    let waits = s.decisions.iter().any(|known| known.slot == slot && known.answer == answer);
    (!waits && !journal.pin.resend).then_some(answer)
}

/// An order call may still be under way: who looks now sees nothing yet. No hold is open then, unless somebody took
/// the status away by hand.
fn under_way(s: &State, slot: usize) -> bool {
    let late = |marked: i64| s.now - marked >= 10;
    let calls = |pass: &Pass| matches!(pass.machine.task(), Task::Send(Marked::Order, _, marked) if !late(seconds(*marked)));
    s.passes.iter().flatten().any(|pass| pass.slot == slot && calls(pass))
}

fn order_of(s: &State, slot: usize) -> Option<ShipmentId> {
    shipment_id(s.orders.iter().position(|order| order.slot == slot && !order.cancelled)?)
}

/// A pending enrolment of this shipment that no standing order needs.
fn unused(s: &State, slot: usize) -> Option<EnrollmentId> {
    let needed = |n: usize| s.orders.iter().any(|order| order.enrollment == n && !order.cancelled);
    let mut all = s.enrolled.iter().enumerate();
    let free = all.find(|(n, e)| e.slot == Some(slot) && e.fate == EnrolledFate::Pending && !needed(*n))?;
    enrollment_id(free.0)
}

/// A person answers.
pub fn decide(s: &mut State, slot: usize, choice: Choice) {
    let Some(answer) = answer(s, slot, choice) else { return };
    if let Some(n) = answer.enrollment.as_ref().and_then(|id| number(id.as_str())) {
        s.enrolled[n].unwanted = true;
    }
    s.decisions.push(Decision { slot, answer, copy: false });
}

/// Somebody gives the last answer once more.
pub fn copy(s: &mut State, slot: usize) {
    let Some(answer) = s.slots[slot].answered.clone() else { return };
    s.decisions.push(Decision { slot, answer, copy: true });
}
