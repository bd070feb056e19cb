//! Drives the operator's own pass through the model's world, task by task, as `src/shipment/driver.rs` does through the
//! real one. What commutes with everything another can do (reading the user, the address, the parcel) is done in one go.

use std::time::Duration;

use domain::{
    answer,
    failure::{Failure, Reason},
    fence,
    first_use::LastUseLook,
    hold::Choice,
    journal::{Attempt, Marked, Receipt},
    pass::{Facts, Live, Pass as Machine, Task, Written},
    plan::{Fetch, Idempotent, Rival},
    summary::End,
};

use crate::{
    action::{Fate, View},
    bounds::Bounds,
    effects, oracle, reads,
    state::{Pass, Rule, State, Version, at, seconds},
};

/// A process begins a pass.
pub fn start(b: &Bounds, s: &mut State, p: usize, view: View) {
    let slot = b.processes[p];
    let shown = if view == View::Stale { &s.slots[slot].prev } else { &s.slots[slot].live };
    let Some(mut base) = shown.clone() else { return };
    let current = view != View::Stale;
    if base.deleting && !base.finalizer {
        return;
    }
    if !base.finalizer {
        // Adding the finalizer is a guarded write too.
        if !current {
            return;
        }
        base.finalizer = true;
        put(b, s, slot, base.clone());
    }
    let mut pass = Box::new(Pass {
        slot,
        machine: Machine::new(base.journal.clone(), (*base.journal).clone()),
        base,
        current,
        blind: view == View::Blind,
        region: view == View::Region,
        early: view == View::Early,
        conn: s.conn,
        missed: false,
        answered: None,
        took: 0,
        saw_parcel: None,
        saw_user: None,
    });
    let orphan = pass.base.policy == domain::desired::OnDelete::Orphan;
    if pass.base.deleting && (pass.machine.journal.is_untouched() || orphan) {
        pass.machine.release();
        s.passes[p] = Some(pass);
        return;
    }
    if view != View::Blind {
        take_decisions(s, &mut pass);
    }
    if s.conn.gone {
        pass.machine.fail(no_connection());
    }
    s.passes[p] = think(b, s, pass);
}

fn no_connection() -> Failure {
    Failure::new(Reason::ConnectionNotFound, "There is no such connection.")
}

fn take_decisions(s: &mut State, pass: &mut Pass) {
    let mine: Vec<_> = s.decisions.iter().filter(|d| d.slot == pass.slot).cloned().collect();
    for decision in &mine {
        let before = pass.machine.journal.clone();
        let done =
            answer::apply(&mut pass.machine.journal, &decision.answer, pass.base.generation, at(s.now));
        let changed = pass.machine.journal != before;
        if done.is_ok() {
            let approved = &mut s.slots[pass.slot].approved;
            approved.0 |= decision.answer.choice == Choice::ApproveActivation;
            approved.1 |= decision.answer.choice == Choice::ApprovePin;
        }
        // An order can be named again while the hold is open.
        let again = decision.answer.choice == Choice::AdoptOrder;
        if decision.copy && !again && changed && pass.current {
            s.broken.get_or_insert(Rule::OldAnswer);
        }
    }
    pass.took = mine.len();
}

/// Hands the machine what the world shows to this pass.
fn with_facts<T>(
    b: &Bounds,
    s: &State,
    pass: &mut Pass,
    plan: impl FnOnce(&mut Machine, &Facts<'_>) -> T,
) -> T {
    let desired = b.desired(pass.slot, &pass.base, pass.conn, &s.slots[pass.slot], s.now);
    let rival = reads::rival(b, s, pass);
    let facts = Facts {
        desired: &desired,
        last_look: if pass.early { at(s.now) } else { at(-10_000_000) },
        look_now: false,
        use_look: LastUseLook { asked: true, ..LastUseLook::at(at(s.now)) },
        rival: rival.as_ref().map(|(name, begun)| Rival { name, begun: *begun }),
        claimed: reads::claimed(b, s, pass),
        same_connection: s.conn == pass.conn,
        now: at(s.now),
    };
    plan(&mut pass.machine, &facts)
}

/// Goes on until a task that others can come before. None: the pass is over.
fn think(b: &Bounds, s: &mut State, mut pass: Box<Pass>) -> Option<Box<Pass>> {
    loop {
        match pass.machine.task() {
            Task::Plan => with_facts(b, s, &mut pass, Machine::plan),
            Task::Fetch(Fetch::Enrollments | Fetch::Rivals) => return Some(pass),
            &Task::Fetch(what) => {
                reads::look(b, s, &mut pass, what);
                pass.machine.fetched(Ok(()));
            }
            Task::End(ending) => {
                let end = ending.end();
                if matches!(&end, End::Idle(idle) if idle.reason == Reason::StatusUnreadable) {
                    s.broken.get_or_insert(Rule::NoEnd);
                }
                // Nothing is written at rest.
                if pass.took > 0 || journal_at_end(s, &pass, &end) != *pass.base.journal {
                    return Some(pass);
                }
                pass.machine.written(Written::Stored);
            }
            Task::Over => {
                oracle::ended(s, &pass);
                return None;
            }
            _ => return Some(pass),
        }
    }
}

fn suffix(s: &State, pass: &Pass) -> String {
    format!("{}{}", pass.slot, s.slots[pass.slot].holds)
}

fn journal_at_end(s: &State, pass: &Pass, end: &End) -> domain::journal::Journal {
    pass.machine.journal_at_end(end, pass.base.generation, &suffix(s, pass), at(s.now))
}

/// A process does its next task.
pub fn perform(b: &Bounds, s: &mut State, p: usize, fate: Fate) {
    let Some(mut pass) = s.passes[p].take() else { return };
    match pass.machine.task().clone() {
        Task::Pause(until) => {
            s.now = s.now.max(seconds(until));
            pass.machine.paused();
        }
        Task::Fetch(what) => {
            if what == Fetch::Enrollments {
                reads::list(b, s, &mut pass);
            } else {
                pass.machine.observed.rival_live = Some(reads::rivals(s, pass.slot));
            }
            pass.machine.fetched(Ok(()));
        }
        Task::Save(_) => {
            pass.machine.note_progress(pass.base.generation);
            save(b, s, &mut pass);
        }
        Task::Prepare(what) => mark(b, s, &mut pass, what, fate),
        Task::Send(what, attempt, marked) => send(b, s, &mut pass, (what, attempt, seconds(marked)), fate),
        Task::Run(what) => run(b, s, &mut pass, what, fate),
        Task::Record(_) => record(b, s, &mut pass, fate),
        Task::Reread(_) => {
            reread(s, &mut pass);
        }
        Task::Keep(_) => keep(b, s, &mut pass),
        Task::End(ending) => {
            let suffix = suffix(s, &pass);
            pass.machine.note_end(&ending.end(), pass.base.generation, &suffix, at(s.now));
            save(b, s, &mut pass);
        }
        Task::Release => release(b, s, &mut pass),
        Task::Plan | Task::Mark(..) | Task::Over => {}
    }
    s.passes[p] = think(b, s, pass);
}

fn save(b: &Bounds, s: &mut State, pass: &mut Pass) {
    let written = write(b, s, pass);
    pass.machine.written(written);
}

/// What had to be got before the mark may have taken long: the plan is asked once more. The mark is one write, compared
/// with what was stored.
fn mark(b: &Bounds, s: &mut State, pass: &mut Pass, what: Marked, fate: Fate) {
    pass.machine.prepared(Ok(()));
    with_facts(b, s, pass, Machine::plan);
    if !matches!(pass.machine.task(), Task::Mark(..)) {
        return;
    }
    pass.machine.note_progress(pass.base.generation);
    let written = match fate {
        Fate::Pruned => write_pruned(b, s, pass),
        _ => write(b, s, pass),
    };
    if written == Written::Stored {
        oracle::marked(b, s, pass, what);
    }
    pass.machine.written(written);
}

/// The API server drops the mark, stores the rest and says 200.
fn write_pruned(b: &Bounds, s: &mut State, pass: &Pass) -> Written {
    if s.slots[pass.slot].live.is_none() || !pass.current {
        return Written::Refused;
    }
    put(b, s, pass.slot, pass.base.clone());
    let shown = fence::counts(&pass.machine.journal, Some(&*pass.base.journal));
    if shown { Written::Stored } else { Written::Refused }
}

fn send(
    b: &Bounds,
    s: &mut State,
    pass: &mut Pass,
    (what, attempt, marked): (Marked, Attempt, i64),
    fate: Fate,
) {
    let (wall, elapsed) = clocks(s.now, marked, fate);
    let in_time = fence::may_send(at(marked), at(wall), Duration::from_secs(elapsed.unsigned_abs()));
    let receipt = if in_time {
        oracle::send(b, s, pass, what, marked);
        effects::send(s, pass, what, fate)
    } else {
        Receipt::Refused { retryable: true }
    };
    oracle::answered(pass, what, attempt, &receipt);
    let failure = Failure::new(if in_time { refusal(what) } else { Reason::StatusWriteFailed }, "refused");
    // A mark that is no longer open takes nothing.
    let _ = pass.machine.sent(receipt, Some(failure), pass.base.generation, at(s.now));
}

const fn refusal(what: Marked) -> Reason {
    match what {
        Marked::Order => Reason::YubicoUnavailable,
        Marked::Enroll => Reason::EnrollRefused,
        Marked::SendPin => Reason::PinRefused,
        Marked::Discard => Reason::OktaUnavailable,
    }
}

/// What the sender's clocks show: the wall clock, and how long ago the mark was by the monotonic one.
const fn clocks(now: i64, marked: i64, fate: Fate) -> (i64, i64) {
    match fate {
        Fate::WallStands => (marked + 1, now - marked),
        Fate::MonotonicStands => (now, 1),
        Fate::SetBack => (marked - 1, 1),
        _ => (now, now - marked),
    }
}

/// An order's receipt, with the conditions of the rest that follows.
fn record(b: &Bounds, s: &mut State, pass: &mut Pass, fate: Fate) {
    match with_facts(b, s, pass, |machine, facts| machine.idle_after_receipt(facts)) {
        Some(idle) => {
            let suffix = suffix(s, pass);
            pass.machine.note_end(&End::Idle(idle), pass.base.generation, &suffix, at(s.now));
        }
        None => pass.machine.note_progress(pass.base.generation),
    }
    let mut written = write(b, s, pass);
    if fate == Fate::AnswerLost {
        pass.current = false;
        written = Written::Refused;
    }
    pass.machine.written(written);
}

/// Reads the object live. True: it takes the receipt.
fn reread(s: &State, pass: &mut Pass) -> bool {
    let Some(live) = s.slots[pass.slot].live.clone().filter(|live| live.uid == pass.base.uid) else {
        return pass.machine.onto_live(Live::Another, at(s.now));
    };
    let shown = Live::Shown(Box::new((*live.journal).clone()), live.generation);
    let carried = pass.machine.onto_live(shown, at(s.now));
    if carried {
        (pass.base, pass.current) = (live, true);
    }
    carried
}

/// A receipt that no list proves is written into its own open mark, whatever else stands there by now.
fn keep(b: &Bounds, s: &mut State, pass: &mut Pass) {
    if reread(s, pass) {
        pass.machine.note_progress(pass.base.generation);
        save(b, s, pass);
    }
}

fn run(b: &Bounds, s: &mut State, pass: &mut Pass, what: Idempotent, fate: Fate) {
    let (result, key_gone) = effects::run(b, s, pass, what, fate);
    pass.machine.ran(result, key_gone);
}

fn release(b: &Bounds, s: &mut State, pass: &mut Pass) {
    if !pass.current {
        return pass.machine.written(Written::Refused);
    }
    oracle::release(b, s, pass);
    s.slots[pass.slot].live = None;
    s.slots[pass.slot].prev = None;
    outdate(s, pass.slot);
    pass.machine.written(Written::Stored);
}

/// A write guarded by the version of the pass.
fn write(b: &Bounds, s: &mut State, pass: &mut Pass) -> Written {
    if s.slots[pass.slot].live.is_none() {
        return Written::Gone;
    }
    if !pass.current {
        return Written::Refused;
    }
    oracle::stored(s, pass);
    pass.machine.note_stored();
    pass.answered = None;
    pass.base.journal = pass.machine.stored().clone();
    let slot = &mut s.slots[pass.slot];
    let suffix = format!("-{}{}", pass.slot, slot.holds);
    if pass.machine.journal.hold.as_ref().is_some_and(|hold| hold.id.ends_with(&suffix)) {
        slot.holds += 1;
    }
    let (slot, took) = (pass.slot, std::mem::take(&mut pass.took));
    for _ in 0..took {
        if let Some(first) = s.decisions.iter().position(|d| d.slot == slot) {
            s.slots[slot].answered = Some(s.decisions.remove(first).answer);
        }
    }
    put(b, s, slot, pass.base.clone());
    Written::Stored
}

/// Stores a version; everybody else's copy is old now.
pub fn put(b: &Bounds, s: &mut State, slot: usize, version: Version) {
    outdate(s, slot);
    let before = s.slots[slot].live.replace(version);
    if b.faults_of.stale && s.left.faults > 0 {
        s.slots[slot].prev = before;
    }
}

/// All copies of this object are old.
pub fn outdate(s: &mut State, slot: usize) {
    for pass in s.passes.iter_mut().flatten().filter(|pass| pass.slot == slot) {
        pass.current = false;
    }
}
