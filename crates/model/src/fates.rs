//! Which accidents a deed can meet. What leads to the same states as another accident is left out: a status write
//! whose answer is lost equals one that is followed by a crash, and one that fails equals a crash before it.

use domain::{
    journal::{Journal, Marked, Order},
    pass::Task,
    plan::Idempotent,
};

use crate::{
    action::{Action, Fate, View},
    bounds::Bounds,
    state::{Pass, State, seconds},
};

/// A call starts this many seconds after its mark, or not at all.
const LATE: i64 = 10;

/// What process `p` can do or suffer.
pub fn of(b: &Bounds, s: &State, p: usize, actions: &mut Vec<Action>) {
    let (accidents, may) = (b.faults_of, s.left.faults > 0);
    let Some(pass) = &s.passes[p] else {
        return begins(b, s, p, actions);
    };
    actions.push(Action::Step(p, Fate::Fine));
    if !may {
        return;
    }
    // Before anything was noted or done, dying is the same as not having begun.
    let something = pass.machine.journal != *pass.base.journal
        || matches!(
            pass.machine.task(),
            Task::Send(..) | Task::Record(..) | Task::Reread(..) | Task::Keep(..)
        );
    if accidents.crashes && something {
        actions.push(Action::Crash(p));
    }
    let mut fate = |fate| actions.push(Action::Step(p, fate));
    match pass.machine.task() {
        Task::Prepare(_) if accidents.store && pass.current => fate(Fate::Pruned),
        Task::Record(..) if accidents.store && pass.current => fate(Fate::AnswerLost),
        Task::Send(what, _, marked) => {
            sends(b, *what, &mut fate);
            if accidents.crashes && s.now - seconds(*marked) >= LATE {
                for clocks in [Fate::WallStands, Fate::MonotonicStands, Fate::SetBack] {
                    fate(clocks);
                }
            }
        }
        Task::Run(Idempotent::Activate) if accidents.losses => {
            fate(Fate::AnswerLost);
            fate(Fate::CallLost);
            fate(Fate::KeyGone);
        }
        Task::Run(Idempotent::Cancel) if accidents.losses => {
            fate(Fate::AnswerLost);
            fate(Fate::CallLost);
        }
        Task::Run(Idempotent::MarkError) if accidents.losses => fate(Fate::CallLost),
        _ => {}
    }
}

fn sends(b: &Bounds, what: Marked, fate: &mut impl FnMut(Fate)) {
    if b.faults_of.losses {
        fate(Fate::AnswerLost);
        fate(Fate::CallLost);
    }
    if b.faults_of.refusals {
        fate(Fate::Refused);
        if what == Marked::Order {
            fate(Fate::RefusedForGood);
        }
    }
}

fn begins(b: &Bounds, s: &State, p: usize, actions: &mut Vec<Action>) {
    let slot = &s.slots[b.processes[p]];
    let Some(live) = &slot.live else { return };
    actions.push(Action::Start(p, View::Fresh));
    if live.journal.accepted().is_some_and(|order| order.state.is_some()) && b.early {
        actions.push(Action::Start(p, View::Early));
    }
    if s.left.faults == 0 {
        return;
    }
    if b.faults_of.stale && slot.prev.is_some() {
        actions.push(Action::Start(p, View::Stale));
    }
    let others = b.clusters.iter().filter(|c| **c == b.clusters[b.processes[p]]).count() > 1;
    if b.faults_of.stale && (others || !s.decisions.is_empty()) {
        actions.push(Action::Start(p, View::Blind));
    }
    if b.faults_of.region && live.journal.accepted().is_some() {
        actions.push(Action::Start(p, View::Region));
    }
}

/// Does a shipment wait for Okta's list? Whoever does not look again in time has its requests expire.
pub fn waits_for_the_list(s: &State) -> bool {
    let waits = |journal: &Journal| journal.made().is_some() && journal.order == Order::Never;
    let stored = s.slots.iter().filter_map(|slot| slot.live.as_ref()).any(|version| waits(&version.journal));
    // One that is about to write that it waits has begun to.
    stored || s.passes.iter().flatten().any(|pass| waits(&pass.machine.journal))
}

/// Is somebody in the middle of something that a pause can spoil?
pub fn busy(passes: &[Option<Box<Pass>>]) -> bool {
    passes.iter().flatten().any(|pass| !matches!(pass.machine.task(), Task::End(_)))
}
