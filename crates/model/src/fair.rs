//! What follows when nothing goes wrong any more: every process ends what it does, the warehouse delivers, time
//! passes. From every state in which no pass runs this one continuation is played to its end; the checker explores
//! the unfair ones.

use domain::{
    desired::{ActivationGate, PinGate},
    failure::Reason,
    journal::Order,
    vendor_states::{ParcelClass, ParcelState},
};

use crate::{
    action::{Fate, View},
    bounds::Bounds,
    events, runner,
    state::{Event, Rule, State},
};

/// Pauses between rounds, in seconds: close together first, then so that every limit passes.
const PAUSES: [i64; 7] = [310, 310, 310, 3_700, 90_000, 90_000, 1_300_000];
/// The round in which every bar is gone.
const LIFTED: usize = 2;
/// Deeds of one honest pass.
const MOST_DEEDS: usize = 60;

/// Plays on to the end.
pub fn play(b: &Bounds, from: &State) -> State {
    let mut s = from.clone();
    s.left.faults = 0;
    for p in 0..s.passes.len() {
        end_pass(b, &mut s, p);
    }
    for (round, pause) in PAUSES.into_iter().enumerate() {
        if round == LIFTED {
            lift(b, &mut s);
        }
        for order in &mut s.orders {
            let class = ParcelState::from_id(order.state).class;
            if !matches!(class, ParcelClass::Lost | ParcelClass::Failed) {
                order.state = 104;
            }
        }
        for p in 0..s.passes.len() {
            // Twice: the second finds what the first one's end left to do.
            for _ in 0..2 {
                runner::start(b, &mut s, p, View::Fresh);
                end_pass(b, &mut s, p);
            }
        }
        if s.broken.is_some() {
            break;
        }
        s.now += pause;
    }
    s.broken = broken_at_end(b, &s);
    s
}

/// Whoever barred something for a while lets it go on.
fn lift(b: &Bounds, s: &mut State) {
    s.conn = crate::state::Conn { other: s.conn.other, ..Default::default() };
    for slot in 0..s.slots.len() {
        if let Some(mut version) = s.slots[slot].live.clone().filter(|version| version.suspended) {
            version.suspended = false;
            version.generation += 1;
            runner::put(b, s, slot, version);
        }
    }
}

fn end_pass(b: &Bounds, s: &mut State, p: usize) {
    for _ in 0..MOST_DEEDS {
        if s.passes[p].is_none() {
            return;
        }
        runner::perform(b, s, p, Fate::Fine);
    }
    s.broken.get_or_insert(Rule::NoEnd);
}

/// The rule that was broken on the way, or by the end.
fn broken_at_end(b: &Bounds, s: &State) -> Option<Rule> {
    if s.broken.is_some() {
        return s.broken;
    }
    if (0..s.slots.len()).any(|slot| !is_over(s, slot)) {
        return Some(Rule::NoEnd);
    }
    let activated =
        |slot: &crate::state::Slot| slot.live.as_ref().is_some_and(|v| v.journal.times.pin_sent.is_some());
    let approvals = b.activation == ActivationGate::Approval || b.pin == PinGate::Approval;
    let may_wait = approvals || b.order_before.is_some();
    if s.calm && !may_wait && !s.slots.iter().any(activated) {
        return Some(Rule::NoEnd);
    }
    (0..s.orders.len()).any(|n| !is_known(s, n)).then_some(Rule::Forgotten)
}

/// Activated with its PIN sent, failed, cancelled, held with a reason, or let go.
fn is_over(s: &State, slot: usize) -> bool {
    let Some(live) = &s.slots[slot].live else { return true };
    let journal = &live.journal;
    let activated = journal.times.activated.is_some() && journal.times.pin_sent.is_some();
    let cancelled = matches!(journal.order, Order::Cancelled(..));
    let held = journal.hold.as_ref().is_some_and(|hold| !hold.message.is_empty());
    let elsewhere = journal.is_untouched();
    if live.deleting { held } else { activated || cancelled || held || elsewhere }
}

/// An accepted order stands in a status, is over, was told, or the person's shipment says that something is wrong.
fn is_known(s: &State, n: usize) -> bool {
    let order = &s.orders[n];
    let active = s.enrolled[order.enrollment].fate.is_active();
    let slot = &s.slots[order.slot];
    if order.cancelled || slot.told || order.end_seen || active {
        return true;
    }
    let named = |journal: &domain::journal::Journal| {
        journal.accepted().is_some_and(|accepted| accepted.id.as_str() == format!("s{n}"))
    };
    let live = s.slots.iter().filter_map(|slot| slot.live.as_ref());
    let mut own = slot.live.iter();
    // The memory was taken by hand, and nothing was declared again.
    let by_hand = slot.rebuilt && slot.live.is_none();
    by_hand
        || live.clone().any(|version| named(&version.journal))
        || own.any(|v| v.journal.hold.as_ref().is_some_and(|hold| hold.reason != Reason::OrderCancelled))
}

/// Between deeds, too: a status names the order or holds an open mark, except where its memory was taken.
pub fn is_remembered(s: &State) -> bool {
    s.orders.iter().enumerate().all(|(n, order)| {
        let slot = &s.slots[order.slot];
        let Some(live) = &slot.live else { return true };
        let stands = match &live.journal.order {
            Order::Open(..) | Order::Unknown(..) => true,
            Order::Accepted(accepted) => accepted.id.as_str() == format!("s{n}"),
            Order::Never | Order::Refused(_) | Order::Cancelled(..) => false,
        };
        order.cancelled || slot.rebuilt || slot.told || stands
    })
}

/// The shipment is ordered, and nothing else has happened.
pub fn until_ordered(b: &Bounds, s: &mut State) {
    for p in 0..1 {
        runner::start(b, s, p, View::Fresh);
        end_pass(b, s, p);
    }
    s.now += 60;
    if b.emptied {
        events::happen(b, s, 0, Event::Wipe);
    }
    if b.delivered {
        s.orders.iter_mut().for_each(|order| order.state = 104);
    }
}
