//! What calls do at the vendors, and what the sender learns.

use domain::{
    failure::{Failure, Reason},
    journal::{Marked, Receipt},
    plan::Idempotent,
    vendor_states::{ParcelClass, ParcelState},
};

use crate::{
    action::Fate,
    bounds::Bounds,
    oracle,
    state::{Enrolled, EnrolledFate, Ordered, Pass, State, Used, at, number, ours, shipment_id},
    vendors,
};

/// Sends a marked effect.
pub fn send(s: &mut State, pass: &Pass, what: Marked, fate: Fate) -> Receipt {
    let refused = match fate {
        Fate::Refused => Some(Used::Again),
        Fate::RefusedForGood | Fate::CallLost => Some(Used::Spent),
        _ => None,
    };
    if what == Marked::Order
        && let Some(e) = ours(pass).and_then(|n| s.enrolled.get_mut(n))
    {
        e.used = Some(refused.unwrap_or(Used::Spent));
    }
    match fate {
        Fate::CallLost => return Receipt::Unknown,
        Fate::Refused => return Receipt::Refused { retryable: true },
        Fate::RefusedForGood => return Receipt::Refused { retryable: false },
        _ => {}
    }
    let receipt = serve(s, pass, what);
    if fate == Fate::AnswerLost { Receipt::Unknown } else { receipt }
}

fn serve(s: &mut State, pass: &Pass, what: Marked) -> Receipt {
    match what {
        Marked::Enroll => {
            s.enrolled.push(Enrolled {
                slot: Some(pass.slot),
                created: s.now,
                fate: EnrolledFate::Pending,
                used: None,
                unwanted: false,
            });
            let new = vendors::new_enrollment(s.enrolled.len() - 1);
            new.map_or(Receipt::Unknown, |new| Receipt::Enrolled(new, vendors::rp_id()))
        }
        Marked::Order => {
            // Without an enrolment there is nothing to send.
            let Some(enrollment) = ours(pass) else { return Receipt::Refused { retryable: true } };
            s.orders.push(Ordered {
                slot: pass.slot,
                enrollment,
                created: s.now,
                other: pass.conn.other,
                mixed: false,
                state: 3,
                cancelled: false,
                given_up: false,
                end_seen: false,
                shipped_seen: None,
            });
            oracle::ordered(s);
            shipment_id(s.orders.len() - 1).map_or(Receipt::Unknown, Receipt::Ordered)
        }
        Marked::Discard => {
            let named =
                pass.machine.journal.unwanted.as_ref().and_then(|unwanted| number(unwanted.id.as_str()));
            if let Some(n) = named.or_else(|| ours(pass)) {
                oracle::discard(s, pass, n);
                if let Some(e) = s.enrolled.get_mut(n) {
                    e.fate = e.fate.removed();
                }
            }
            Receipt::Done
        }
        Marked::SendPin => {
            oracle::mailed(s);
            Receipt::Done
        }
    }
}

/// Sends an effect that needs no mark: what came of it, and whether a signing key is gone.
pub fn run(
    b: &Bounds,
    s: &mut State,
    pass: &mut Pass,
    free: Idempotent,
    fate: Fate,
) -> (Result<(), Failure>, bool) {
    oracle::free(s, pass, free);
    match free {
        Idempotent::Activate => (activate(b, s, pass, fate), fate == Fate::KeyGone),
        Idempotent::Cancel => (cancel(s, pass, fate), false),
        Idempotent::MarkError => (mark_error(s, pass, fate), false),
    }
}

fn lost() -> Failure {
    Failure::new(Reason::YubicoUnavailable, "lost")
}

fn mark_error(s: &mut State, pass: &mut Pass, fate: Fate) -> Result<(), Failure> {
    if fate == Fate::CallLost {
        return Err(Failure::new(Reason::OktaUnavailable, "lost"));
    }
    if let Some(e) = ours(pass).and_then(|n| s.enrolled.get_mut(n))
        && e.fate == EnrolledFate::Pending
    {
        e.fate = EnrolledFate::Errored;
    }
    pass.machine.journal.observe_marked_error();
    Ok(())
}

fn activate(b: &Bounds, s: &mut State, pass: &mut Pass, fate: Fate) -> Result<(), Failure> {
    oracle::activate(b, s, pass);
    let pending = ours(pass).is_some_and(|n| s.enrolled[n].fate == EnrolledFate::Pending);
    let arrives = matches!(fate, Fate::Fine | Fate::AnswerLost) && pending;
    if arrives && let Some(n) = ours(pass) {
        s.enrolled[n].fate = EnrolledFate::Active;
    }
    if arrives && fate == Fate::Fine {
        pass.machine.journal.observe_activation(at(s.now));
        return Ok(());
    }
    Err(Failure::new(Reason::ActivationRefused, "no"))
}

fn cancel(s: &mut State, pass: &mut Pass, fate: Fate) -> Result<(), Failure> {
    let n = pass.machine.journal.accepted().and_then(|order| number(order.id.as_str()));
    let hidden = |order: &Ordered| pass.region || order.other != pass.conn.other;
    let shown = !n.and_then(|n| s.orders.get(n)).is_some_and(hidden);
    if fate == Fate::CallLost {
        return Err(lost());
    }
    if !shown {
        // Not shown by this path is no proof that it is gone.
        pass.machine.journal.observe_cancel(false, at(s.now));
        return Ok(());
    }
    oracle::cancel(s, pass);
    let Some(order) = n.and_then(|n| s.orders.get_mut(n)) else { return Ok(()) };
    let class = ParcelState::from_id(order.state).class;
    let in_time = !order.cancelled
        && !matches!(
            class,
            ParcelClass::Shipped | ParcelClass::Delivered | ParcelClass::Lost | ParcelClass::Failed
        );
    order.cancelled |= in_time;
    if fate == Fate::AnswerLost {
        return Err(lost());
    }
    pass.machine.journal.observe_cancel(in_time, at(s.now));
    Ok(())
}
