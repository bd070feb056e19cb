//! A small world round the planner: a source that changes, shipments that move or vanish, a process that dies between the
//! write and the deed, people who answer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use proptest::prelude::*;

use crate::{
    ids::UserId,
    rollout::{
        pass::{AfterWrite, Pass, Task},
        *,
    },
};

pub(super) fn id(number: u8) -> UserId {
    UserId::new(format!("00u{number:03}")).unwrap()
}

pub(super) fn key() -> Key {
    Key::Model("nfc".to_owned())
}

pub(super) fn member(number: u8) -> Member {
    Member { id: id(number), login: None, key: key(), skip: None, staged: false }
}

pub(super) fn roster(people: impl IntoIterator<Item = u8>) -> Roster {
    Roster { members: people.into_iter().map(member).collect(), tells_leavers: true, ..Roster::default() }
}

/// What the planner cannot see.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) source: BTreeSet<u8>,
    pub(super) shipments: BTreeMap<UserId, ObservedShipment>,
    pub(super) rollout_state: RolloutState,
    /// Shipments ever made, by person.
    pub(super) made: BTreeMap<UserId, u32>,
    /// Leaves given by people to make one again.
    pub(super) leaves: BTreeMap<UserId, u32>,
    /// The day of each key that was begun.
    pub(super) begun: Vec<Date>,
    /// Whose shipment somebody else deleted, and nobody said yet that it shall go on.
    pub(super) outside: BTreeSet<UserId>,
    pub(super) serial: u32,
}

#[derive(Debug, Clone)]
pub(super) enum Happening {
    Join(u8),
    Leave(u8),
    Empty,
    Advance(u8),
    /// Somebody else deletes the shipment, and it is gone at once.
    Vanish(u8),
    /// Likewise, and its order is still to be cancelled.
    Delete(u8),
    /// Somebody else deletes all.
    DeleteAll,
    /// What is being deleted is gone.
    Gone,
    Day,
    /// One pass; the process dies before it writes, before it acts, in the middle of its first list, or not at all.
    Pass(Dies),
    /// As above, and a person answers the first question; of deleted shipments one shall be made again, or none.
    Answer(bool),
    /// The status is lost: a rebuild.
    Forget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dies {
    BeforeWrite,
    AfterWrite,
    InTheMiddle,
    Never,
}

pub(super) fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0..40_u8).prop_map(Happening::Join),
        2 => (0..40_u8).prop_map(Happening::Leave),
        1 => Just(Happening::Empty),
        4 => (0..40_u8).prop_map(Happening::Advance),
        1 => (0..40_u8).prop_map(Happening::Vanish),
        1 => (0..40_u8).prop_map(Happening::Delete),
        1 => Just(Happening::DeleteAll),
        1 => Just(Happening::Gone),
        1 => Just(Happening::Day),
        8 => prop_oneof![
            Just(Dies::BeforeWrite), Just(Dies::AfterWrite), Just(Dies::InTheMiddle), Just(Dies::Never),
        ].prop_map(Happening::Pass),
        3 => any::<bool>().prop_map(Happening::Answer),
        1 => Just(Happening::Forget),
    ]
}

pub(super) fn desired() -> impl Strategy<Value = Desired> {
    let wave = prop_oneof![(1..100_u32).prop_map(Wave::Percent), (1..8_u32).prop_map(Wave::Count)];
    let limits = (
        1..30_u32,
        proptest::option::of(1..8_u32),
        proptest::option::of(1..8_u32),
        proptest::collection::vec(wave, 0..3),
    );
    (limits, any::<bool>()).prop_map(|((budget, in_flight, per_day, waves), cancels_leavers)| Desired {
        orders: true,
        limits: Limits { budget, in_flight, per_day, waves },
        cancels_leavers,
        checks: false,
    })
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            now: "2027-03-01T00:00:00Z".parse().unwrap(),
            source: BTreeSet::new(),
            shipments: BTreeMap::new(),
            rollout_state: RolloutState::default(),
            made: BTreeMap::new(),
            leaves: BTreeMap::new(),
            begun: Vec::new(),
            outside: BTreeSet::new(),
            serial: 0,
        }
    }

    /// What the API server says is not there.
    pub(super) fn gone(&self) -> BTreeSet<UserId> {
        let people = self.rollout_state.ledger.0.keys();
        people.filter(|id| !self.shipments.contains_key(*id)).cloned().collect()
    }

    pub(super) fn plan(&mut self, desired: &Desired) -> Plan {
        let gone = self.gone();
        self.with_facts(&gone, |world, facts| plan(&world.rollout_state, desired, facts))
    }

    pub(super) fn with_facts<T>(
        &mut self,
        gone: &BTreeSet<UserId>,
        then: impl FnOnce(&Self, &Facts<'_>) -> T,
    ) -> T {
        self.serial += 1;
        let (roster, suffix) = (roster(self.source.iter().copied()), self.serial.to_string());
        let facts = Facts {
            roster: Some(&roster),
            seen: &self.shipments,
            gone,
            checked: &BTreeMap::new(),
            elsewhere: &BTreeMap::new(),
            foreign: &BTreeSet::new(),
            blocked: None,
            room: None,
            suffix: &suffix,
            now: self.now,
        };
        then(self, &facts)
    }

    /// One pass, driven as the operator drives it.
    pub(super) fn pass(&mut self, dies: Dies, mut answer: Option<bool>, desired: &Desired) {
        let mut pass = Pass::new(self.rollout_state.clone(), None);
        let mut gone = BTreeSet::new();
        loop {
            match pass.task().clone() {
                Task::Look => pass.looked(),
                Task::Plan => {
                    self.with_facts(&gone, |_, facts| pass.plan(desired, facts));
                    if *pass.task() == Task::Write {
                        let planned = pass.planned().unwrap();
                        self.holds_true(planned, desired, &roster(self.source.iter().copied()));
                    }
                }
                Task::Confirm => {
                    gone = self.gone();
                    pass.confirmed(Ok(()));
                }
                Task::Answer => {
                    if let Some(again) = answer.take() {
                        self.answer(again, desired);
                    }
                    pass.answered(self.rollout_state.clone());
                }
                Task::Write if dies == Dies::BeforeWrite => return,
                Task::Write => {
                    self.keep(pass.planned().unwrap());
                    let after = AfterWrite {
                        leads: true,
                        blocked: false,
                        early: false,
                        newcomers: 0,
                        room: u32::MAX,
                    };
                    pass.written(desired, &after);
                    assert!(
                        *pass.rollout_state() == self.rollout_state,
                        "what is acted on is what is written"
                    );
                }
                Task::Finish => pass.finished(),
                Task::Over { .. } => return,
                _ if dies == Dies::AfterWrite => return,
                task => {
                    self.act(&task, dies);
                    if dies == Dies::InTheMiddle {
                        return;
                    }
                    pass.carried_out(true, None);
                }
            }
        }
    }

    /// When nothing happens any more, soon nothing is written any more, nothing is done, and no question is asked anew.
    pub(super) fn comes_to_rest(&mut self, desired: &Desired) {
        for _ in 0..8 {
            self.happen(&Happening::Pass(Dies::Never), desired);
        }
        let planned = self.plan(desired);
        assert!(planned.rollout_state == self.rollout_state, "at rest nothing is written");
        assert!(planned.begin.is_empty() && planned.delete.is_empty(), "at rest nothing is done");
        if desired.limits.in_flight.is_none() && desired.limits.per_day.is_none() && self.outside.is_empty() {
            let waits = |id: &UserId| self.is_named(id) && !self.shipments.contains_key(id);
            let promised =
                self.rollout_state.ledger.0.iter().find(|(id, entry)| entry.is_promised() && waits(id));
            assert_eq!(promised, None, "what a person was granted is made");
        }
    }

    /// Whatever happened.
    pub(super) fn holds_true(&self, planned: &Plan, desired: &Desired, roster: &Roster) {
        let counts = &planned.counts;
        assert_eq!(counts.members, u32::try_from(roster.total()).unwrap());
        assert_eq!(counts.members, counts.eligible + counts.skipped.values().sum::<u32>());
        let (ledger, before) = (&planned.rollout_state.ledger, &self.rollout_state.ledger);
        assert!(before.0.keys().all(|id| ledger.0.contains_key(id)), "the ledger only grows");
        let fresh: Vec<_> = ledger
            .0
            .iter()
            .filter(|(id, entry)| {
                let times = before.0.get(*id).map_or(0, |old| old.times);
                entry.times > times && entry.state == State::Begun
            })
            .collect();
        if !fresh.is_empty() {
            let within = |most: u32, used: usize| used <= usize::try_from(most).unwrap();
            let begun_today = self.begun.iter().filter(|day| **day == self.today()).count();
            assert!(within(desired.limits.budget, self.begun.len() + fresh.len()), "the budget holds");
            assert!(ledger.served() <= desired.limits.budget, "the ledger says so");
            assert!(desired.limits.in_flight.is_none_or(|most| counts.in_flight <= most));
            assert!(
                desired
                    .limits
                    .in_flight
                    .is_none_or(|most| within(most, self.under_way(&planned.rollout_state)))
            );
            assert!(desired.limits.per_day.is_none_or(|most| within(most, begun_today + fresh.len())));
            assert!(self.outside.is_empty(), "nobody is begun while somebody else deletes");
        }
        if fresh.iter().any(|(id, _)| before.0.get(*id).is_none_or(|old| old.times == 0)) {
            let end = desired.limits.wave_end(planned.rollout_state.wave, counts.eligible);
            assert!(desired.limits.waves.is_empty() || end.is_none_or(|end| ledger.people() <= end));
        }
        let asked = planned.rollout_state.holds.iter().any(|hold| hold.question == Question::Deleted);
        assert!(asked || self.outside.is_empty(), "who deletes is asked");
        let leaving =
            |ledger: &Ledger| ledger.0.values().filter(|entry| entry.state == State::Leaving).count();
        let cancelled = leaving(ledger).saturating_sub(leaving(before));
        let open = before.0.values().filter(|entry| entry.state.is_open()).count();
        if self.rollout_state.leave.is_none() {
            assert!(cancelled <= 5 || cancelled * 10 <= open.max(self.shipments.len()), "the brake holds");
            assert!(roster.total() > 0 || cancelled == 0, "an empty source cancels nothing");
        }
        assert!(desired.cancels_leavers || planned.delete.is_empty());
    }

    pub(super) fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }

    /// Shipments that are there or begun, and have not come to an end.
    pub(super) fn under_way(&self, rollout_state: &RolloutState) -> usize {
        let ended = |seen: &&ObservedShipment| matches!(seen.stage, Stage::Activated | Stage::Over);
        let there = self.shipments.len() - self.shipments.values().filter(ended).count();
        let begun = |(id, entry): &(&UserId, &Entry)| {
            entry.state == State::Begun && !self.shipments.contains_key(*id)
        };
        there + rollout_state.ledger.0.iter().filter(begun).count()
    }

    pub(super) fn is_named(&self, person: &UserId) -> bool {
        self.source.iter().any(|number| id(*number) == *person)
    }

    /// The plan is written.
    pub(super) fn keep(&mut self, planned: &Plan) {
        for (id, entry) in &planned.rollout_state.ledger.0 {
            let times = self.rollout_state.ledger.0.get(id).map_or(0, |old| old.times);
            if entry.times > times && entry.state == State::Begun {
                self.begun.push(self.today());
            }
        }
        self.rollout_state = planned.rollout_state.clone();
    }

    /// Somebody else does. A key that is activated is nobody's order any more.
    pub(super) fn delete(&mut self, person: &UserId, at_once: bool) {
        let Some(seen) = self.shipments.get_mut(person) else { return };
        let known = self.rollout_state.ledger.0.get(person).map(|entry| entry.state);
        // What nobody has seen cannot be told from what was never made.
        if at_once && matches!(known, None | Some(State::Begun)) {
            return;
        }
        if seen.deleting {
            return;
        }
        let ends = seen.stage == Stage::Activated && !at_once;
        if !ends && matches!(known, None | Some(State::Begun | State::Made)) {
            self.outside.insert(person.clone());
        }
        seen.deleting = true;
        if at_once {
            self.shipments.remove(person);
        }
    }

    /// Does what follows from the ledger; who dies in the middle has done half of it.
    pub(super) fn act(&mut self, task: &Task, dies: Dies) {
        let (Task::Begin(people) | Task::Delete(people)) = task else { return };
        let done = if dies == Dies::InTheMiddle { people.len() / 2 } else { people.len() };
        for person in people.iter().take(done) {
            match task {
                Task::Begin(_) => self.make(person),
                _ => drop(self.shipments.remove(person)),
            }
        }
        for (person, times) in &self.made {
            let leaves = self.leaves.get(person).copied().unwrap_or(0);
            assert!(*times <= 1 + leaves, "{person} got {times} shipments and {leaves} leaves");
        }
    }

    /// A shipment has one name for one person: one that is there is not made again.
    pub(super) fn make(&mut self, person: &UserId) {
        if self.shipments.contains_key(person) {
            return;
        }
        let entry = &self.rollout_state.ledger.0[person];
        let made = ObservedShipment {
            name: person.to_string(),
            stage: Stage::Before,
            phase: "Pending",
            held: None,
            deleting: false,
            key: entry.key.clone(),
            day: entry.day,
        };
        *self.made.entry(person.clone()).or_default() += 1;
        self.shipments.insert(person.clone(), made);
    }

    pub(super) fn happen(&mut self, what: &Happening, desired: &Desired) {
        match what {
            Happening::Join(person) => drop(self.source.insert(*person)),
            Happening::Leave(person) => drop(self.source.remove(person)),
            Happening::Empty => self.source.clear(),
            Happening::Advance(person) => self.advance(&id(*person)),
            Happening::Vanish(person) => self.delete(&id(*person), true),
            Happening::Delete(person) => self.delete(&id(*person), false),
            Happening::DeleteAll => {
                let all: Vec<_> = self.shipments.keys().cloned().collect();
                for person in &all {
                    self.delete(person, false);
                }
            }
            Happening::Gone => {
                let ledger = &self.rollout_state.ledger.0;
                let unseen =
                    |person: &UserId| ledger.get(person).is_none_or(|entry| entry.state == State::Begun);
                self.shipments.retain(|person, seen| !seen.deleting || unseen(person));
            }
            Happening::Day => self.now += SignedDuration::from_hours(24),
            Happening::Pass(dies) => self.pass(*dies, None, desired),
            Happening::Answer(again) => {
                let asked = !self.rollout_state.holds.is_empty();
                if asked {
                    self.pass(Dies::Never, Some(*again), desired);
                }
            }
            Happening::Forget => {
                // Git knows nothing of a ledger; what is in the cluster stands.
                let all_there = self.rollout_state.ledger.0.keys().all(|id| self.shipments.contains_key(id));
                if all_there {
                    self.rollout_state =
                        RolloutState { wave: self.rollout_state.wave, ..RolloutState::default() };
                    self.begun = self.shipments.values().map(|seen| seen.day).collect();
                }
            }
        }
    }

    /// What is being deleted gets no key any more.
    pub(super) fn advance(&mut self, person: &UserId) {
        if let Some(seen) = self.shipments.get_mut(person) {
            seen.stage = match seen.stage {
                _ if seen.deleting => Stage::Over,
                Stage::Before => Stage::Shipped,
                _ => Stage::Activated,
            };
        }
    }

    pub(super) fn answer(&mut self, again: bool, desired: &Desired) {
        let Some(hold) = self.rollout_state.holds.first().cloned() else { return };
        let deleted = |entry: &Entry| matches!(entry.state, State::Deleted | State::Left);
        let all = self.rollout_state.ledger.0.iter().filter(|(_, entry)| deleted(entry));
        let one: Vec<UserId> = all.map(|(id, _)| id.clone()).take(1).collect();
        let names = match hold.question {
            Question::Again => true,
            Question::Deleted => again,
            Question::Wave | Question::Cancel(_) => false,
        };
        let people = if names { one } else { Vec::new() };
        let answer = Proceed { hold: hold.id, people: people.clone() };
        let known = self.rollout_state.ledger.deleted_from_outside();
        if proceed(&mut self.rollout_state, &answer, desired.limits.budget).is_ok() {
            if hold.question == Question::Deleted {
                self.outside.retain(|id| !known.contains(id));
            }
            for person in people {
                *self.leaves.entry(person).or_default() += 1;
            }
        }
    }
}
