//! What to write and what to do next. Everything that is done stands in the ledger first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    facts::{Desired, Facts, Stage},
    fingerprint::fingerprint,
    leave::{self, CancelGuard},
    ledger::{Entry, Ledger, State},
    limits::Bound,
    people::{Key, Roster},
    rollout_state::{Hold, Question, RolloutState},
    tally::{Counts, Problem, tally},
    turn::{Turn, today},
};
use crate::ids::UserId;

/// Shipments begun, or people looked at, by one write: what a process that dies in between has to take up.
const BATCH: usize = 50;

/// What to write, then what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// To be written before anything is done.
    pub rollout_state: RolloutState,
    /// Shipments to be made.
    pub begin: Vec<UserId>,
    /// Shipments to be deleted.
    pub delete: Vec<UserId>,
    /// People to be looked at before the next plan.
    pub check: Vec<UserId>,
    /// Ask the API server which shipments are there: the cache lacks some.
    pub confirm: bool,
    /// Staged people whose key is activated.
    pub activate: Vec<UserId>,
    /// Who would get which key, where nothing is ordered.
    pub would: BTreeMap<UserId, Key>,
    /// For the status: people and shipments after this plan.
    pub counts: Counts,
    /// What a person should look at.
    pub problems: Vec<Problem>,
    /// What bounds those who wait, if somebody does.
    pub bound: Option<Bound>,
    /// When something changes by itself (UTC).
    pub next: Option<Timestamp>,
}

/// What to write and what to do, from these facts alone.
#[must_use]
pub fn plan(rollout_state: &RolloutState, desired: &Desired, facts: &Facts<'_>) -> Plan {
    let mut rollout_state = rollout_state.clone();
    let confirm = settle(&mut rollout_state.ledger, facts);
    take_in(&mut rollout_state.ledger, facts);
    let acts = desired.orders && facts.blocked.is_none();
    // Whoever deletes the shipments would otherwise have others ordered in their place.
    let begins = acts && rollout_state.ledger.deleted_from_outside().is_empty();
    // Nor is anybody begun before the API server has told whose shipments are gone.
    let begins_now = begins && !confirm;
    let mut braked = None;
    if let Some(roster) = facts.roster {
        if acts && desired.cancels_leavers {
            braked = leaving(&mut rollout_state, roster, facts);
        }
        if !desired.limits.waves.is_empty() {
            rollout_state.wave = rollout_state.wave.max(1);
        }
    }
    rollout_state.leave = None;
    let turn = facts
        .roster
        .map(|roster| Turn::of(&rollout_state.ledger, rollout_state.wave, roster, desired, facts));
    let check = turn.as_ref().map(|turn| to_check(turn, desired, facts)).unwrap_or_default();
    let would = turn.as_ref().map(|turn| would(turn, desired, facts)).unwrap_or_default();
    if begins_now && let Some(turn) = &turn {
        begin(&mut rollout_state.ledger, turn, desired, facts);
    }
    let after = facts
        .roster
        .map(|roster| Turn::of(&rollout_state.ledger, rollout_state.wave, roster, desired, facts));
    let bound = after.filter(|_| begins).and_then(|turn| turn.bound());
    let is_full = |roster: &Roster| facts.room == Some(0) && !roster.to_create.is_empty();
    let bound = bound.or_else(|| facts.roster.filter(|_| begins).filter(|r| is_full(r)).map(|_| Bound::Room));
    rollout_state.holds = holds(&rollout_state, facts, braked, bound == Some(Bound::Wave));
    let (counts, problems) = tally(&rollout_state.ledger, facts);
    Plan {
        begin: if begins_now { to_begin(&rollout_state.ledger, facts) } else { Vec::new() },
        delete: if acts { to_delete(&rollout_state.ledger, facts) } else { Vec::new() },
        check: if facts.blocked.is_none() && (begins || !desired.orders) { check } else { Vec::new() },
        confirm,
        activate: if acts { to_activate(&rollout_state.ledger, facts) } else { Vec::new() },
        would,
        counts,
        problems,
        bound,
        next: (bound == Some(Bound::Day)).then(|| midnight(facts.now)).flatten(),
        rollout_state,
    }
}

/// When the next day (UTC) begins.
#[must_use]
pub fn midnight(now: Timestamp) -> Option<Timestamp> {
    let tomorrow = today(now).tomorrow().ok()?;
    tomorrow.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// What became of those who were served. True if the cache lacks a shipment that should be there.
fn settle(ledger: &mut Ledger, facts: &Facts<'_>) -> bool {
    let mut unsure = false;
    for (id, entry) in &mut ledger.0 {
        entry.state = match (entry.state, facts.seen.get(id)) {
            (State::Begun | State::Made | State::Leaving, Some(seen)) if seen.stage == Stage::Activated => {
                State::Activated
            }
            // By somebody else; its order may still be there.
            (State::Begun | State::Made, Some(seen)) if seen.deleting => State::Deleted,
            (State::Begun, Some(_)) => State::Made,
            // Somebody made it again by hand.
            (State::Deleted | State::Left, Some(seen)) if !seen.deleting && !facts.gone.contains(id) => {
                State::Made
            }
            (State::Waiting, Some(seen)) if entry.is_promised() && !seen.deleting => State::Made,
            // Too late to cancel: the key is on its way.
            (State::Leaving, Some(seen)) if seen.stage != Stage::Before && !seen.deleting => State::Made,
            (State::Made, None) if facts.gone.contains(id) => State::Deleted,
            (State::Leaving, None) if facts.gone.contains(id) => State::Left,
            (State::Made | State::Leaving, None) => {
                unsure = true;
                continue;
            }
            (as_it_is, _) => as_it_is,
        };
        entry.answered &= entry.state == State::Deleted;
    }
    unsure
}

/// Shipments of a ledger that is lost, as after a rebuild, are taken in: they count, and nothing is made twice.
fn take_in(ledger: &mut Ledger, facts: &Facts<'_>) {
    for (id, seen) in facts.seen {
        let known = ledger.0.get(id).is_some_and(|entry| entry.times > 0);
        if !known {
            let state = match seen.stage {
                Stage::Activated => State::Activated,
                _ if seen.deleting => State::Deleted,
                _ => State::Made,
            };
            let entry = Entry { state, day: seen.day, key: seen.key.clone(), times: 1, answered: false };
            ledger.0.insert(id.clone(), entry);
        }
    }
}

/// Marks who left; what the brake stops, with the people it is about.
fn leaving(
    rollout_state: &mut RolloutState,
    roster: &Roster,
    facts: &Facts<'_>,
) -> Option<(CancelGuard, BTreeSet<UserId>)> {
    let leavers = leave::leavers(&rollout_state.ledger, roster, facts);
    let open = rollout_state.ledger.0.values().filter(|entry| entry.state.is_open()).count();
    let allowed = rollout_state.leave.as_deref() == Some(&fingerprint(&leavers));
    if let Some(guard) = leave::guard(leavers.len(), open, roster).filter(|_| !allowed) {
        return Some((guard, leavers));
    }
    for id in &leavers {
        if let Some(entry) = rollout_state.ledger.0.get_mut(id) {
            entry.state = State::Leaving;
        }
    }
    None
}

fn to_check(turn: &Turn<'_>, desired: &Desired, facts: &Facts<'_>) -> Vec<UserId> {
    if !desired.checks {
        return Vec::new();
    }
    let unknown = |id: &&UserId| !facts.checked.contains_key(*id);
    if desired.orders {
        return turn.next().map(|member| &member.id).filter(unknown).take(BATCH).cloned().collect();
    }
    turn.all().map(|member| &member.id).filter(unknown).take(BATCH).cloned().collect()
}

fn begin(ledger: &mut Ledger, turn: &Turn<'_>, desired: &Desired, facts: &Facts<'_>) {
    let ready = |id: &UserId| !desired.checks || facts.checked.contains_key(id);
    for member in turn.next().filter(|member| ready(&member.id)).take(BATCH) {
        let before = ledger.0.get(&member.id);
        let entry = Entry {
            state: State::Begun,
            day: today(facts.now),
            key: before.map_or_else(|| member.key.clone(), |entry| entry.key.clone()),
            times: before.map_or(0, |entry| entry.times) + 1,
            answered: false,
        };
        ledger.0.insert(member.id.clone(), entry);
    }
}

fn to_begin(ledger: &Ledger, facts: &Facts<'_>) -> Vec<UserId> {
    let open = ledger.0.iter().filter(|(id, entry)| {
        entry.state == State::Begun && !facts.seen.contains_key(id) && !facts.foreign.contains(id)
    });
    open.map(|(id, _)| id.clone()).collect()
}

fn to_delete(ledger: &Ledger, facts: &Facts<'_>) -> Vec<UserId> {
    let leaving = ledger.0.iter().filter(|(id, entry)| {
        entry.state == State::Leaving && facts.seen.get(*id).is_some_and(|seen| !seen.deleting)
    });
    leaving.map(|(id, _)| id.clone()).collect()
}

fn to_activate(ledger: &Ledger, facts: &Facts<'_>) -> Vec<UserId> {
    let members = facts.roster.map(|roster| &roster.members[..]).unwrap_or_default();
    let has_key = |id: &UserId| ledger.0.get(id).is_some_and(|entry| entry.state == State::Activated);
    let staged = members.iter().filter(|member| member.staged && has_key(&member.id));
    staged.map(|member| member.id.clone()).collect()
}

fn would(turn: &Turn<'_>, desired: &Desired, facts: &Facts<'_>) -> BTreeMap<UserId, Key> {
    if desired.orders {
        return BTreeMap::new();
    }
    let looked_at = |id: &UserId| !desired.checks || facts.checked.contains_key(id);
    let all = turn.all().filter(|member| looked_at(&member.id));
    all.map(|member| (member.id.clone(), member.key.clone())).collect()
}

/// Deleted shipments that a person was asked about, and those of people who left and came back.
fn again(ledger: &Ledger, facts: &Facts<'_>) -> BTreeSet<UserId> {
    let named = facts.roster.map(Roster::by_id).unwrap_or_default();
    let asks = |id: &UserId, entry: &Entry| match entry.state {
        State::Deleted => entry.answered,
        State::Left => named.contains_key(id),
        _ => false,
    };
    ledger.0.iter().filter(|(id, entry)| asks(id, entry)).map(|(id, _)| id.clone()).collect()
}

/// Open questions; one that is open stays the same.
fn holds(
    rollout_state: &RolloutState,
    facts: &Facts<'_>,
    braked: Option<(CancelGuard, BTreeSet<UserId>)>,
    wave_is_full: bool,
) -> Vec<Hold> {
    let mut open = Vec::new();
    if let Some((guard, people)) = braked {
        open.push((Question::Cancel(guard), Some(fingerprint(&people)), people.len()));
    }
    if wave_is_full {
        open.push((Question::Wave, None, usize::try_from(rollout_state.wave).unwrap_or_default()));
    }
    let outside = rollout_state.ledger.deleted_from_outside();
    let deleted = again(&rollout_state.ledger, facts);
    if !outside.is_empty() {
        open.push((Question::Deleted, Some(fingerprint(&outside)), outside.len()));
    } else if !deleted.is_empty() {
        open.push((Question::Again, None, deleted.len()));
    }
    if facts.roster.is_none() {
        // Only a source that was read can tell whether they still stand; until then they stay as they were asked.
        let stays = |hold: &&Hold| match hold.question {
            Question::Wave | Question::Cancel(_) => true,
            Question::Again => outside.is_empty() && deleted.is_empty(),
            Question::Deleted => false,
        };
        let asked = rollout_state.holds.iter().filter(stays);
        open.extend(asked.map(|hold| (hold.question, hold.people.clone(), hold.total)));
    }
    let same = |question: Question, people: &Option<String>| {
        rollout_state.holds.iter().find(|hold| hold.question == question && hold.people == *people)
    };
    open.into_iter()
        .map(|(question, people, total)| match same(question, &people) {
            Some(hold) => Hold { total, ..hold.clone() },
            None => Hold {
                id: format!("{}-{}", subject(question), facts.suffix),
                question,
                since: facts.now,
                people,
                total,
            },
        })
        .collect()
}

/// First part of a hold's id.
const fn subject(question: Question) -> &'static str {
    match question {
        Question::Wave => "wave",
        Question::Cancel(_) => "cancel",
        Question::Again => "again",
        Question::Deleted => "deleted",
    }
}
