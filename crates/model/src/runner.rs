//! One pass over one shipment, deed by deed, as `src/controller/shipment/pass.rs` does it. What commutes with
//! everything another can do (reading the user, the address, the parcel) is done in one go.

use std::{sync::Arc, time::Duration};

use domain::{
    answer,
    failure::{Failure, Kind, Reason},
    fence,
    first_use::LastUseLook,
    hold::Choice,
    journal::{Attempt, Journal, Marked, Receipt, Unwanted},
    plan::{Fetch, Idle, Rival, Situation, Step, plan},
    summary::{self, End},
};

use crate::{
    action::{Fate, View},
    bounds::Bounds,
    effects, oracle, reads,
    state::{Deed, Pass, Rule, State, Version, at},
};

/// As in the runner.
const MOST_STEPS: usize = 40;

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
        journal: (*base.journal).clone(),
        base,
        current,
        seen: domain::plan::Observed::default(),
        blind: view == View::Blind,
        region: view == View::Region,
        early: view == View::Early,
        conn: s.conn,
        missed: false,
        answered: None,
        took: 0,
        saw_parcel: None,
        saw_user: None,
        unwritten: None,
        deed: Deed::Release,
    });
    let orphan = pass.base.policy == domain::desired::OnDelete::Orphan;
    if pass.base.deleting && (pass.journal.is_untouched() || orphan) {
        s.passes[p] = Some(pass);
        return;
    }
    if view != View::Blind {
        take_decisions(s, &mut pass);
    }
    s.passes[p] = if s.conn.gone { fail(s, pass, no_connection()) } else { think(b, s, pass) };
}

fn no_connection() -> Failure {
    Failure::new(Reason::ConnectionNotFound, "There is no such connection.")
}

fn take_decisions(s: &mut State, pass: &mut Pass) {
    let mine: Vec<_> = s.decisions.iter().filter(|d| d.slot == pass.slot).cloned().collect();
    for decision in &mine {
        let before = pass.journal.clone();
        let done = answer::apply(&mut pass.journal, &decision.answer, pass.base.generation, at(s.now));
        let changed = pass.journal != before;
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

/// The next step of this pass.
fn next(b: &Bounds, s: &State, pass: &Pass) -> Step {
    let desired = b.desired(pass.slot, &pass.base, pass.conn, &s.slots[pass.slot], s.now);
    let rival = reads::rival(b, s, pass);
    plan(&Situation {
        desired: &desired,
        journal: &pass.journal,
        seen: &pass.seen,
        saved: pass.journal == *pass.base.journal,
        last_look: if pass.early { at(s.now) } else { at(-10_000_000) },
        look_now: false,
        use_look: LastUseLook { asked: true, ..LastUseLook::at(at(s.now)) },
        rival: rival.as_ref().map(|(name, begun)| Rival { name, begun: *begun }),
        claimed: reads::claimed(b, s, pass),
        now: at(s.now),
    })
}

/// Plans on until a deed that others can come before. None: the pass is over.
fn think(b: &Bounds, s: &mut State, mut pass: Box<Pass>) -> Option<Box<Pass>> {
    for _ in 0..MOST_STEPS {
        let step = next(b, s, &pass);
        pass.deed = match step {
            Step::Fetch(Fetch::Enrollments) => Deed::List,
            Step::Fetch(Fetch::Rivals) => Deed::Rivals,
            Step::Fetch(look) => {
                reads::look(b, s, &mut pass, look);
                continue;
            }
            Step::MarkOrphaned(id) => {
                pass.journal.unwanted = Some(Unwanted { id, mark: None });
                continue;
            }
            Step::Save => Deed::Save,
            Step::Pause(until) => Deed::Pause(until.as_second() - at(0).as_second()),
            Step::Mark(what) => Deed::Mark(what),
            Step::Run(free) => Deed::Run(free),
            Step::Idle(rest) => return finish(s, pass, End::Idle(rest)),
            Step::Fail(failure) => return fail(s, pass, failure),
            Step::Release => Deed::Release,
        };
        return Some(pass);
    }
    s.broken.get_or_insert(Rule::NoEnd);
    None
}

fn fail(s: &mut State, pass: Box<Pass>, failure: Failure) -> Option<Box<Pass>> {
    if failure.reason.kind() == Kind::Stalled && !pass.journal.tries_again(failure.reason) {
        let Failure { reason, message, .. } = failure;
        return finish(s, pass, End::Idle(Idle { reason, message, until: None, pin: false }));
    }
    finish(s, pass, End::Failed(failure))
}

/// Nothing is written at rest.
fn finish(s: &mut State, mut pass: Box<Pass>, end: End) -> Option<Box<Pass>> {
    let ended = ended(s, &pass, &end);
    if ended == *pass.base.journal && pass.took == 0 {
        oracle::ended(s, &pass);
        return None;
    }
    pass.deed = Deed::Finish(end);
    Some(pass)
}

fn ended(s: &State, pass: &Pass, end: &End) -> Journal {
    let mut journal = pass.journal.clone();
    let suffix = format!("{}{}", pass.slot, s.slots[pass.slot].holds);
    summary::note_end(&mut journal, end, pass.base.generation, &suffix, at(s.now));
    journal
}

/// A process does its next deed.
pub fn perform(b: &Bounds, s: &mut State, p: usize, fate: Fate) {
    let Some(mut pass) = s.passes[p].take() else { return };
    let deed = pass.deed.clone();
    s.passes[p] = match deed {
        Deed::Pause(until) => {
            s.now = s.now.max(until);
            think(b, s, pass)
        }
        Deed::List => {
            reads::list(s, &mut pass);
            think(b, s, pass)
        }
        Deed::Rivals => {
            pass.seen.rival_live = Some(reads::rivals(s, pass.slot));
            think(b, s, pass)
        }
        Deed::Save => {
            summary::note_progress(&mut pass.journal, pass.base.generation);
            if write(b, s, &mut pass) { think(b, s, pass) } else { refused(s, pass) }
        }
        Deed::Mark(what) => mark(b, s, pass, what, fate),
        Deed::Send(what, attempt, marked) => send(b, s, pass, (what, attempt, marked), fate),
        Deed::Record(attempt, receipt) => record(b, s, pass, attempt, &receipt, fate),
        Deed::Run(free) => {
            effects::run(b, s, &mut pass, free, fate);
            think(b, s, pass)
        }
        Deed::Finish(end) => {
            pass.journal = ended(s, &pass, &end);
            if write(b, s, &mut pass) { None } else { refused(s, pass) }
        }
        Deed::Keep(what, attempt, receipt) => {
            keep(b, s, pass, what, attempt, &receipt);
            None
        }
        Deed::Release => {
            if !pass.current {
                return s.passes[p] = refused(s, pass);
            }
            oracle::release(b, s, &pass);
            s.slots[pass.slot].live = None;
            s.slots[pass.slot].prev = None;
            outdate(s, pass.slot);
            None
        }
    };
}

/// The mark: one write, guarded by the version the decision was made on, compared with what was stored.
fn mark(b: &Bounds, s: &mut State, mut pass: Box<Pass>, what: Marked, fate: Fate) -> Option<Box<Pass>> {
    // What had to be got before the mark may have taken long: the plan is asked once more.
    if next(b, s, &pass) != Step::Mark(what) {
        return think(b, s, pass);
    }
    // The credentials were replaced, or the namespace is admitted no longer: the pass starts anew with that.
    if s.conn != pass.conn {
        return refused(s, pass);
    }
    pass.journal.mark(what, at(s.now), pass.seen.list.as_ref());
    summary::note_progress(&mut pass.journal, pass.base.generation);
    let sent = pass.journal.clone();
    if fate == Fate::Pruned {
        // Who was not stored was not answered either.
        (pass.journal, pass.took) = ((*pass.base.journal).clone(), 0);
    }
    if !pass.current && fence::Write::Mark(what).goes_on() {
        pass.current = s.slots[pass.slot].live.is_some();
    }
    if !write(b, s, &mut pass) || !fence::counts(&sent, Some(&*pass.base.journal)) {
        return refused(s, pass);
    }
    oracle::marked(b, s, &pass, what);
    pass.journal = sent;
    pass.deed = Deed::Send(what, pass.journal.attempt_of(what), s.now);
    Some(pass)
}

fn send(
    b: &Bounds,
    s: &mut State,
    mut pass: Box<Pass>,
    (what, attempt, marked): (Marked, Attempt, i64),
    fate: Fate,
) -> Option<Box<Pass>> {
    let (wall, elapsed) = clocks(s.now, marked, fate);
    let in_time = fence::may_send(at(marked), at(wall), Duration::from_secs(elapsed.unsigned_abs()));
    let receipt = if in_time {
        oracle::send(b, s, &pass, what, marked);
        effects::send(s, &pass, what, fate)
    } else {
        Receipt::Refused { retryable: true }
    };
    oracle::answered(&mut pass, what, attempt, &receipt);
    pass.seen.list = None;
    // A mark that is no longer open takes nothing; the runner only says so.
    let taken = pass.journal.record(what, attempt, &receipt, pass.base.generation, at(s.now));
    if what == Marked::Order {
        pass.deed = Deed::Record(attempt, receipt);
        return Some(pass);
    }
    if taken && fence::must_stand(what, &receipt) {
        pass.unwritten = Some((what, attempt, receipt.clone()));
    }
    let late = (!in_time).then_some(Reason::StatusWriteFailed);
    received(b, s, pass, what, &receipt, late)
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

/// An order's receipt is written until it stands, alone if need be.
fn record(
    b: &Bounds,
    s: &mut State,
    mut pass: Box<Pass>,
    attempt: Attempt,
    receipt: &Receipt,
    fate: Fate,
) -> Option<Box<Pass>> {
    if !pass.current {
        let live = s.slots[pass.slot].live.clone().filter(|live| live.uid == pass.base.uid)?;
        let mut journal = (*live.journal).clone();
        let follows = fence::Write::Receipt(Marked::Order, attempt).goes_on();
        let now = at(s.now);
        if !follows || !fence::carry_over(&mut journal, Marked::Order, attempt, receipt, live.generation, now)
        {
            return None;
        }
        (pass.journal, pass.base, pass.current) = (journal, live, true);
        return Some(pass);
    }
    match next(b, s, &pass) {
        Step::Idle(rest) => pass.journal = ended(s, &pass, &End::Idle(rest)),
        _ => summary::note_progress(&mut pass.journal, pass.base.generation),
    }
    write(b, s, &mut pass);
    if fate == Fate::AnswerLost {
        pass.current = false;
        return Some(pass);
    }
    received(b, s, pass, Marked::Order, receipt, None)
}

/// The pass is over, except for a receipt that no list could prove.
fn refused(s: &mut State, mut pass: Box<Pass>) -> Option<Box<Pass>> {
    let Some((what, attempt, receipt)) = pass.unwritten.take() else {
        oracle::ended(s, &pass);
        return None;
    };
    pass.deed = Deed::Keep(what, attempt, receipt);
    Some(pass)
}

/// Written into its own open mark, whatever else stands there by now.
fn keep(b: &Bounds, s: &mut State, mut pass: Box<Pass>, what: Marked, attempt: Attempt, receipt: &Receipt) {
    let Some(live) = s.slots[pass.slot].live.clone().filter(|live| live.uid == pass.base.uid) else { return };
    let mut journal = (*live.journal).clone();
    if fence::carry_over(&mut journal, what, attempt, receipt, live.generation, at(s.now)) {
        summary::note_progress(&mut journal, live.generation);
        (pass.journal, pass.base, pass.current) = (journal, live, true);
        write(b, s, &mut pass);
    }
}

/// What the runner does after a receipt.
fn received(
    b: &Bounds,
    s: &mut State,
    pass: Box<Pass>,
    what: Marked,
    receipt: &Receipt,
    late: Option<Reason>,
) -> Option<Box<Pass>> {
    let reason = match (receipt, what) {
        (Receipt::Enrolled(..) | Receipt::Ordered(_) | Receipt::Done, _)
        | (Receipt::Unknown, Marked::Enroll | Marked::Order | Marked::SendPin)
        | (Receipt::Refused { retryable: false }, Marked::Order) => return think(b, s, pass),
        (_, Marked::Order) => Reason::YubicoUnavailable,
        (_, Marked::Enroll) => Reason::EnrollRefused,
        (_, Marked::SendPin) => Reason::PinRefused,
        (_, Marked::Discard) => Reason::OktaUnavailable,
    };
    fail(s, pass, Failure::new(late.unwrap_or(reason), "refused"))
}

/// A write guarded by the version of the pass. False: conflict, or the object is gone.
fn write(b: &Bounds, s: &mut State, pass: &mut Pass) -> bool {
    if s.slots[pass.slot].live.is_none() || !pass.current {
        return false;
    }
    oracle::stored(s, pass);
    (pass.unwritten, pass.answered) = (None, None);
    pass.base.journal = Arc::new(pass.journal.clone());
    let slot = &mut s.slots[pass.slot];
    let suffix = format!("-{}{}", pass.slot, slot.holds);
    if pass.journal.hold.as_ref().is_some_and(|hold| hold.id.ends_with(&suffix)) {
        slot.holds += 1;
    }
    let (slot, took) = (pass.slot, std::mem::take(&mut pass.took));
    for _ in 0..took {
        if let Some(first) = s.decisions.iter().position(|d| d.slot == slot) {
            s.slots[slot].answered = Some(s.decisions.remove(first).answer);
        }
    }
    put(b, s, slot, pass.base.clone());
    true
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
