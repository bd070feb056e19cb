//! What to write and what to do next. Everything that is done stands in the ledger first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    leave::{self, Brake},
    ledger::{Entry, Ledger, State, count},
    limits::{Bound, Limits, Share},
    people::{Key, Member, Roster, Skip},
    tally::{Counts, Problem, tally},
};
use crate::domain::{failure::Failure, ids::UserId};

/// Shipments begun, or people looked at, by one write: what a process that dies in between has to take up.
const BATCH: usize = 50;

/// How far a shipment of the rollout has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The key is not shipped.
    Before,
    /// It is.
    Shipped,
    /// It is able to sign in.
    Activated,
    /// Ended without a key.
    Over,
}

/// A shipment of the rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// How far it has come.
    pub stage: Stage,
    /// As people read it.
    pub phase: &'static str,
    /// Why it waits for a person, one word.
    pub held: Option<String>,
    /// Somebody deletes it.
    pub deleting: bool,
    /// Which key it asks for.
    pub key: Key,
    /// Day (UTC) on which it was made.
    pub day: Date,
}

/// What is wanted of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Orders, or only tells what it would do.
    pub orders: bool,
    /// Ceilings.
    pub limits: Limits,
    /// Shipments of people who left are cancelled.
    pub cancels_leavers: bool,
    /// People are looked at, one by one, before something is begun for them.
    pub checks: bool,
}

/// What stops every effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bar {
    /// `spec.paused`.
    Paused,
    /// The connection does not admit it now.
    Connection(Failure),
}

/// What is known.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The source as last read; `None` before it was read once.
    pub roster: Option<&'a Roster>,
    /// The rollout's shipments, by person.
    pub seen: &'a BTreeMap<UserId, Seen>,
    /// People whose shipment the API server itself says is not there.
    pub gone: &'a BTreeSet<UserId>,
    /// People who were looked at, with what speaks against a key for them.
    pub checked: &'a BTreeMap<UserId, Option<(Skip, String)>>,
    /// People with an open shipment that is not this rollout's, and its name.
    pub elsewhere: &'a BTreeMap<UserId, String>,
    /// People whose shipment's name belongs to something else.
    pub foreign: &'a BTreeSet<UserId>,
    /// What stops every effect.
    pub bar: Option<&'a Bar>,
    /// The end of a new hold's id, which nobody can know beforehand.
    pub suffix: &'a str,
    /// The clock (UTC).
    pub now: Timestamp,
}

/// What a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// May the next wave begin?
    Wave,
    /// May the shipments of so many be cancelled?
    Cancel(Brake),
    /// Shall shipments that somebody deleted be made again?
    Again,
}

/// A question that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: String,
    /// What is asked.
    pub question: Question,
    /// Since when (UTC).
    pub since: Timestamp,
    /// Hash of the people it is about.
    pub people: Option<String>,
    /// How many they are.
    pub total: usize,
}

/// What is written down of a rollout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// Who was served.
    pub ledger: Ledger,
    /// The open wave, the first is 1.
    pub wave: u32,
    /// Open questions.
    pub holds: Vec<Hold>,
    /// A person's leave to cancel the shipments of exactly these people: good for the plan that follows.
    pub leave: Option<String>,
}

/// What to write, then what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// To be written before anything is done.
    pub book: Book,
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
    /// How many.
    pub counts: Counts,
    /// What a person should look at.
    pub problems: Vec<Problem>,
    /// What bounds those who wait, if somebody does.
    pub bound: Option<Bound>,
    /// When something changes by itself (UTC).
    pub next: Option<Timestamp>,
}

/// The plan.
#[must_use]
pub fn plan(book: &Book, wanted: &Wanted, facts: &Facts<'_>) -> Plan {
    let mut book = book.clone();
    let confirm = settle(&mut book.ledger, facts);
    take_in(&mut book.ledger, facts);
    let acts = wanted.orders && facts.bar.is_none();
    let mut braked = None;
    let (mut candidates, mut share) = (Vec::new(), None);
    if let Some(roster) = facts.roster {
        if acts && wanted.cancels_leavers {
            braked = leaving(&mut book, roster, facts);
        }
        candidates = self::candidates(&book.ledger, roster, facts);
        let eligible = eligible(&book.ledger, roster, facts);
        if !wanted.limits.waves.is_empty() {
            book.wave = book.wave.max(1);
        }
        let flight = in_flight(&book.ledger, facts);
        share = Some(wanted.limits.share(&book.ledger, flight, today(facts.now), book.wave, eligible));
    }
    book.leave = None;
    let places = share.map_or(0, |share: Share| usize::try_from(share.places).unwrap_or(usize::MAX));
    let check = to_check(&candidates, wanted, facts, if wanted.orders { places } else { usize::MAX });
    if acts {
        begin(&mut book.ledger, &candidates, wanted, facts, places);
    }
    let waits = facts.roster.is_some_and(|roster| !self::candidates(&book.ledger, roster, facts).is_empty());
    let bound = share.filter(|_| acts && waits).and_then(|_| bound_now(&book, wanted, facts));
    book.holds = holds(&book, facts, braked, bound == Some(Bound::Wave));
    let (counts, problems) = tally(&book.ledger, facts);
    Plan {
        begin: if acts { to_begin(&book.ledger, facts) } else { Vec::new() },
        delete: if acts { to_delete(&book.ledger, facts) } else { Vec::new() },
        check: if facts.bar.is_none() { check } else { Vec::new() },
        confirm,
        activate: if acts { to_activate(&book.ledger, facts) } else { Vec::new() },
        would: would(&candidates, wanted, facts),
        counts,
        problems,
        bound,
        next: (bound == Some(Bound::Day)).then(|| midnight(facts.now)).flatten(),
        book,
    }
}

/// Day of the clock (UTC).
fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
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
            (State::Begun, Some(_)) => State::Made,
            // Somebody made it again by hand.
            (State::Deleted | State::Left, Some(_)) if !facts.gone.contains(id) => State::Made,
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
    }
    unsure
}

/// Shipments of a ledger that is lost, as after a rebuild, are taken in: they count, and nothing is made twice.
fn take_in(ledger: &mut Ledger, facts: &Facts<'_>) {
    for (id, seen) in facts.seen {
        let known = ledger.0.get(id).is_some_and(|entry| entry.times > 0);
        if !known {
            let state = if seen.stage == Stage::Activated { State::Activated } else { State::Made };
            let entry = Entry { state, day: seen.day, key: seen.key.clone(), times: 1 };
            ledger.0.insert(id.clone(), entry);
        }
    }
}

/// Marks who left; what the brake stops, with the people it is about.
fn leaving(book: &mut Book, roster: &Roster, facts: &Facts<'_>) -> Option<(Brake, BTreeSet<UserId>)> {
    let leavers = leave::leavers(&book.ledger, roster, facts);
    let open = book.ledger.0.values().filter(|entry| entry.state.is_open()).count();
    let allowed = book.leave.as_deref() == Some(&hash(&leavers));
    if let Some(brake) = leave::brake(leavers.len(), open, roster).filter(|_| !allowed) {
        return Some((brake, leavers));
    }
    for id in &leavers {
        if let Some(entry) = book.ledger.0.get_mut(id) {
            entry.state = State::Leaving;
        }
    }
    None
}

/// The same for the same people.
pub(super) fn hash(people: &BTreeSet<UserId>) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    people.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What speaks against a key for a person who was not served.
pub(super) fn against(member: &Member, facts: &Facts<'_>) -> Option<(Skip, String)> {
    if let Some(skip) = &member.skip {
        return Some(skip.clone());
    }
    if let Some(other) = facts.elsewhere.get(&member.id) {
        return Some((Skip::OrderedElsewhere, format!("{}: {other}", member.id)));
    }
    facts.checked.get(&member.id).cloned().flatten()
}

/// Whose turn may come, in the order of the source.
fn candidates<'a>(ledger: &Ledger, roster: &'a Roster, facts: &Facts<'_>) -> Vec<&'a Member> {
    let unserved = |member: &&Member| ledger.0.get(&member.id).is_none_or(|e| e.state == State::Waiting);
    roster.members.iter().filter(unserved).filter(|member| against(member, facts).is_none()).collect()
}

fn eligible(ledger: &Ledger, roster: &Roster, facts: &Facts<'_>) -> u32 {
    let served = |member: &Member| ledger.0.get(&member.id).is_some_and(|entry| entry.times > 0);
    let there = roster.members.iter().filter(|member| served(member) || against(member, facts).is_none());
    count(there).saturating_add(count(roster.to_create.iter()))
}

/// Shipments that are made or about to be, and have not come to an end.
pub(super) fn in_flight(ledger: &Ledger, facts: &Facts<'_>) -> u32 {
    let ended = |id: &UserId| {
        facts.seen.get(id).is_some_and(|seen| matches!(seen.stage, Stage::Activated | Stage::Over))
    };
    count(ledger.0.iter().filter(|(id, entry)| entry.state.is_open() && !ended(id)))
}

fn to_check(candidates: &[&Member], wanted: &Wanted, facts: &Facts<'_>, places: usize) -> Vec<UserId> {
    if !wanted.checks {
        return Vec::new();
    }
    let next = candidates.iter().take(places).filter(|member| !facts.checked.contains_key(&member.id));
    next.take(BATCH).map(|member| member.id.clone()).collect()
}

fn begin(ledger: &mut Ledger, candidates: &[&Member], wanted: &Wanted, facts: &Facts<'_>, places: usize) {
    let ready = |member: &&&Member| !wanted.checks || facts.checked.contains_key(&member.id);
    for member in candidates.iter().take(places).filter(ready).take(BATCH) {
        let before = ledger.0.get(&member.id);
        let entry = Entry {
            state: State::Begun,
            day: today(facts.now),
            key: before.map_or_else(|| member.key.clone(), |entry| entry.key.clone()),
            times: before.map_or(0, |entry| entry.times) + 1,
        };
        ledger.0.insert(member.id.clone(), entry);
    }
}

/// What stops the next one, if something does.
fn bound_now(book: &Book, wanted: &Wanted, facts: &Facts<'_>) -> Option<Bound> {
    let roster = facts.roster?;
    let flight = in_flight(&book.ledger, facts);
    let eligible = eligible(&book.ledger, roster, facts);
    let share = wanted.limits.share(&book.ledger, flight, today(facts.now), book.wave, eligible);
    (share.places == 0).then_some(share.bound)
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

fn would(candidates: &[&Member], wanted: &Wanted, facts: &Facts<'_>) -> BTreeMap<UserId, Key> {
    if wanted.orders {
        return BTreeMap::new();
    }
    let looked_at = |member: &&&Member| !wanted.checks || facts.checked.contains_key(&member.id);
    let all = candidates.iter().filter(looked_at);
    all.map(|member| (member.id.clone(), member.key.clone())).collect()
}

/// Shipments that somebody deleted, and those of people who left and came back.
fn again(ledger: &Ledger, facts: &Facts<'_>) -> BTreeSet<UserId> {
    let named = facts.roster.map(Roster::by_id).unwrap_or_default();
    let asks = |id: &UserId, entry: &Entry| match entry.state {
        State::Deleted => true,
        State::Left => named.contains_key(id),
        _ => false,
    };
    ledger.0.iter().filter(|(id, entry)| asks(id, entry)).map(|(id, _)| id.clone()).collect()
}

/// Open questions; one that is open stays the same.
fn holds(
    book: &Book,
    facts: &Facts<'_>,
    braked: Option<(Brake, BTreeSet<UserId>)>,
    wave_is_full: bool,
) -> Vec<Hold> {
    let mut open = Vec::new();
    if let Some((brake, people)) = braked {
        open.push((Question::Cancel(brake), Some(hash(&people)), people.len()));
    }
    if wave_is_full {
        open.push((Question::Wave, None, usize::try_from(book.wave).unwrap_or_default()));
    }
    let deleted = again(&book.ledger, facts);
    if !deleted.is_empty() {
        open.push((Question::Again, None, deleted.len()));
    }
    let same = |question: Question, people: &Option<String>| {
        book.holds.iter().find(|hold| hold.question == question && hold.people == *people)
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
    }
}
