//! The planner in a small world: a source that changes, shipments that move or vanish, a process that dies between the
//! write and the deed, people who answer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::domain::ids::UserId;

fn id(number: u8) -> UserId {
    UserId::new(format!("00u{number:03}")).unwrap()
}

fn key() -> Key {
    Key::Model("nfc".to_owned())
}

fn member(number: u8) -> Member {
    Member { id: id(number), login: None, key: key(), skip: None, staged: false }
}

fn roster(people: impl IntoIterator<Item = u8>) -> Roster {
    Roster { members: people.into_iter().map(member).collect(), tells_leavers: true, ..Roster::default() }
}

/// What the planner cannot see.
#[derive(Debug, Clone)]
struct World {
    now: Timestamp,
    source: BTreeSet<u8>,
    shipments: BTreeMap<UserId, Seen>,
    book: Book,
    /// Shipments ever made, by person.
    made: BTreeMap<UserId, u32>,
    /// Leaves given by people to make one again.
    leaves: BTreeMap<UserId, u32>,
    serial: u32,
}

#[derive(Debug, Clone)]
enum Happening {
    Join(u8),
    Leave(u8),
    Empty,
    Advance(u8),
    Vanish(u8),
    Day,
    /// The process plans; it dies before it writes, before it acts, or not at all.
    Pass(u8),
    /// As above, and a person answers the first question.
    Answer,
    /// The status is lost: a rebuild.
    Forget,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0..40_u8).prop_map(Happening::Join),
        2 => (0..40_u8).prop_map(Happening::Leave),
        1 => Just(Happening::Empty),
        4 => (0..40_u8).prop_map(Happening::Advance),
        1 => (0..40_u8).prop_map(Happening::Vanish),
        1 => Just(Happening::Day),
        8 => (0..3_u8).prop_map(Happening::Pass),
        2 => Just(Happening::Answer),
        1 => Just(Happening::Forget),
    ]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let wave = prop_oneof![(1..100_u32).prop_map(Wave::Percent), (1..8_u32).prop_map(Wave::Count)];
    let limits = (
        1..30_u32,
        proptest::option::of(1..8_u32),
        proptest::option::of(1..8_u32),
        proptest::collection::vec(wave, 0..3),
    );
    (limits, any::<bool>()).prop_map(|((budget, in_flight, per_day, waves), cancels_leavers)| Wanted {
        orders: true,
        limits: Limits { budget, in_flight, per_day, waves },
        cancels_leavers,
        checks: false,
    })
}

impl World {
    fn new() -> Self {
        Self {
            now: "2027-03-01T00:00:00Z".parse().unwrap(),
            source: BTreeSet::new(),
            shipments: BTreeMap::new(),
            book: Book::default(),
            made: BTreeMap::new(),
            leaves: BTreeMap::new(),
            serial: 0,
        }
    }

    fn plan(&mut self, wanted: &Wanted) -> Plan {
        self.serial += 1;
        let (roster, suffix) = (roster(self.source.iter().copied()), self.serial.to_string());
        let gone: BTreeSet<_> =
            self.book.ledger.0.keys().filter(|id| !self.shipments.contains_key(*id)).cloned().collect();
        let facts = Facts {
            roster: Some(&roster),
            seen: &self.shipments,
            gone: &gone,
            checked: &BTreeMap::new(),
            elsewhere: &BTreeMap::new(),
            foreign: &BTreeSet::new(),
            bar: None,
            suffix: &suffix,
            now: self.now,
        };
        let planned = plan(&self.book, wanted, &facts);
        self.holds_true(&planned, wanted, &roster);
        planned
    }

    /// When nothing happens any more, soon nothing is written any more, nothing is done, and no question is asked anew.
    fn comes_to_rest(&mut self, wanted: &Wanted) {
        for _ in 0..8 {
            self.happen(&Happening::Pass(2), wanted);
        }
        let planned = self.plan(wanted);
        assert!(planned.book == self.book, "at rest nothing is written");
        assert!(planned.begin.is_empty() && planned.delete.is_empty(), "at rest nothing is done");
    }

    /// Whatever happened.
    fn holds_true(&self, planned: &Plan, wanted: &Wanted, roster: &Roster) {
        let counts = &planned.counts;
        assert_eq!(counts.members, u32::try_from(roster.total()).unwrap());
        assert_eq!(counts.members, counts.eligible + counts.skipped.values().sum::<u32>());
        let (ledger, before) = (&planned.book.ledger, &self.book.ledger);
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
            let today = self.now.to_zoned(TimeZone::UTC).date();
            assert!(ledger.served() <= wanted.limits.budget, "the budget holds");
            assert!(wanted.limits.in_flight.is_none_or(|most| counts.in_flight <= most));
            assert!(wanted.limits.per_day.is_none_or(|most| ledger.begun_on(today) <= most));
            let end = wanted.limits.wave_end(planned.book.wave, counts.eligible);
            assert!(wanted.limits.waves.is_empty() || end.is_none_or(|end| ledger.people() <= end));
        }
        let leaving =
            |ledger: &Ledger| ledger.0.values().filter(|entry| entry.state == State::Leaving).count();
        let cancelled = leaving(ledger).saturating_sub(leaving(before));
        let open = before.0.values().filter(|entry| entry.state.is_open()).count();
        if self.book.leave.is_none() {
            assert!(cancelled <= 5 || cancelled * 10 <= open.max(self.shipments.len()), "the brake holds");
            assert!(roster.total() > 0 || cancelled == 0, "an empty source cancels nothing");
        }
        assert!(wanted.cancels_leavers || planned.delete.is_empty());
    }

    fn act(&mut self, planned: &Plan) {
        for person in &planned.begin {
            if self.shipments.contains_key(person) {
                continue;
            }
            let entry = &planned.book.ledger.0[person];
            *self.made.entry(person.clone()).or_default() += 1;
            self.shipments.insert(
                person.clone(),
                Seen {
                    name: person.to_string(),
                    stage: Stage::Before,
                    phase: "Pending",
                    held: None,
                    deleting: false,
                    key: entry.key.clone(),
                    day: entry.day,
                },
            );
        }
        for person in &planned.delete {
            self.shipments.remove(person);
        }
        for (person, times) in &self.made {
            let leaves = self.leaves.get(person).copied().unwrap_or(0);
            assert!(*times <= 1 + leaves, "{person} got {times} shipments and {leaves} leaves");
        }
    }

    fn happen(&mut self, what: &Happening, wanted: &Wanted) {
        match what {
            Happening::Join(person) => drop(self.source.insert(*person)),
            Happening::Leave(person) => drop(self.source.remove(person)),
            Happening::Empty => self.source.clear(),
            Happening::Advance(person) => self.advance(&id(*person)),
            Happening::Vanish(person) => {
                // By hand, and seen before: what nobody has seen cannot be told from what was never made.
                let seen = self.book.ledger.0.get(&id(*person)).is_some_and(|e| e.state != State::Begun);
                if seen {
                    self.shipments.remove(&id(*person));
                }
            }
            Happening::Day => self.now += SignedDuration::from_hours(24),
            Happening::Pass(dies) => {
                let planned = self.plan(wanted);
                if *dies > 0 {
                    self.book = planned.book.clone();
                }
                if *dies > 1 {
                    self.act(&planned);
                }
            }
            Happening::Answer => self.answer(wanted),
            Happening::Forget => {
                // Git knows nothing of a ledger; what is in the cluster stands.
                let all_there = self.book.ledger.0.keys().all(|id| self.shipments.contains_key(id));
                if all_there {
                    self.book = Book { wave: self.book.wave, ..Book::default() };
                }
            }
        }
    }

    fn advance(&mut self, person: &UserId) {
        if let Some(seen) = self.shipments.get_mut(person) {
            seen.stage = match seen.stage {
                Stage::Before => Stage::Shipped,
                _ => Stage::Activated,
            };
        }
    }

    fn answer(&mut self, wanted: &Wanted) {
        let Some(hold) = self.book.holds.first().cloned() else { return };
        let deleted = |entry: &Entry| matches!(entry.state, State::Deleted | State::Left);
        let all = self.book.ledger.0.iter().filter(|(_, entry)| deleted(entry));
        let one: Vec<UserId> = all.map(|(id, _)| id.clone()).take(1).collect();
        let people = if hold.question == Question::Again { one } else { Vec::new() };
        let answer = Proceed { hold: hold.id, people: people.clone() };
        if proceed(&mut self.book, &answer, wanted.limits.budget).is_ok() {
            for person in people {
                *self.leaves.entry(person).or_default() += 1;
            }
        }
        let planned = self.plan(wanted);
        self.book = planned.book.clone();
        self.act(&planned);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Nobody twice, no limit passed, no more cancelled than the brake lets through, whatever happens.
    #[test]
    fn whatever_happens_nobody_is_served_twice(
        wanted in wanted(),
        happenings in proptest::collection::vec(happening(), 1..80),
    ) {
        let mut world = World::new();
        for what in &happenings {
            world.happen(what, &wanted);
        }
        world.comes_to_rest(&wanted);
    }

    /// Without limits in the way, everybody is served once and it comes to rest.
    #[test]
    fn everybody_is_served_in_the_end(people in proptest::collection::btree_set(0..200_u8, 0..120)) {
        let wanted = Wanted {
            orders: true,
            limits: Limits { budget: 500, in_flight: None, per_day: None, waves: Vec::new() },
            cancels_leavers: true,
            checks: false,
        };
        let mut world = World { source: people.clone(), ..World::new() };
        for _ in 0..6 {
            world.happen(&Happening::Pass(2), &wanted);
        }
        world.comes_to_rest(&wanted);
        let served: BTreeSet<_> = people.into_iter().map(id).collect();
        prop_assert_eq!(world.shipments.keys().cloned().collect::<BTreeSet<_>>(), served);
        prop_assert!(world.book.ledger.0.values().all(|entry| entry.state == State::Made && entry.times == 1));
    }

    /// Everybody of the source is eligible, or skipped for one reason.
    #[test]
    fn eligible_and_skipped_are_the_members(
        people in proptest::collection::btree_map(0..60_u8, 0..4_u8, 0..40),
        nameless in 0..5_usize,
    ) {
        let mut roster = roster(people.keys().copied());
        roster.unresolved = vec![(Skip::UserNotFound, "nobody".to_owned()); nameless];
        let (mut checked, mut elsewhere) = (BTreeMap::new(), BTreeMap::new());
        let mut skipped = nameless;
        for (number, case) in &people {
            let person = id(*number);
            match case {
                1 => drop(checked.insert(person, Some((Skip::PreRegisteredKey, String::new())))),
                2 => drop(elsewhere.insert(person, "a/b".to_owned())),
                3 => {
                    let found = roster.members.iter_mut().find(|m| m.id == person).unwrap();
                    found.skip = Some((Skip::UserStatus, String::new()));
                }
                _ => continue,
            }
            skipped += 1;
        }
        let facts = Facts {
            roster: Some(&roster), seen: &BTreeMap::new(), gone: &BTreeSet::new(), checked: &checked,
            elsewhere: &elsewhere, foreign: &BTreeSet::new(), bar: None, suffix: "x", now: Timestamp::UNIX_EPOCH,
        };
        let limits = Limits { budget: 1000, in_flight: None, per_day: None, waves: Vec::new() };
        for orders in [false, true] {
            let wanted = Wanted { orders, limits: limits.clone(), cancels_leavers: true, checks: false };
            let planned = plan(&Book::default(), &wanted, &facts);
            let counts = &planned.counts;
            prop_assert_eq!(usize::try_from(counts.members).unwrap(), people.len() + nameless);
            prop_assert_eq!(usize::try_from(counts.skipped.values().sum::<u32>()).unwrap(), skipped);
            prop_assert_eq!(counts.eligible, counts.members - counts.skipped.values().sum::<u32>());
            prop_assert_eq!(planned.begin.is_empty(), !orders || counts.eligible == 0);
            prop_assert_eq!(planned.would.is_empty(), orders || counts.eligible == 0);
            prop_assert!(orders || planned.book == Book::default(), "a dry run writes nobody down");
        }
    }
}

fn served(people: std::ops::Range<u8>, wanted: &Wanted) -> World {
    let mut world = World { source: people.collect(), ..World::new() };
    for _ in 0..4 {
        world.happen(&Happening::Pass(2), wanted);
    }
    world
}

fn unlimited() -> Wanted {
    Wanted {
        orders: true,
        limits: Limits { budget: 200, in_flight: None, per_day: None, waves: Vec::new() },
        cancels_leavers: true,
        checks: false,
    }
}

#[test]
fn a_few_who_leave_are_cancelled_and_many_ask_first() {
    let wanted = unlimited();
    let mut world = served(0..100, &wanted);
    world.source = (10..100).collect();
    world.happen(&Happening::Pass(2), &wanted);
    assert_eq!(world.shipments.len(), 90, "ten of a hundred are not more than a tenth");

    world.source = (20..100).collect();
    world.happen(&Happening::Pass(2), &wanted);
    assert_eq!(world.shipments.len(), 90, "ten of ninety are");
    assert_eq!(world.book.holds[0].question, Question::Cancel(Brake::TooManyLeaving));
    world.happen(&Happening::Answer, &wanted);
    assert_eq!(world.shipments.len(), 80);
    assert!(world.book.holds.is_empty());
}

#[test]
fn a_leave_to_cancel_counts_for_the_people_it_was_given_for() {
    let wanted = unlimited();
    let mut world = served(0..40, &wanted);
    world.source = (20..40).collect();
    world.happen(&Happening::Pass(2), &wanted);
    let asked = world.book.holds[0].clone();
    world.source = (21..40).collect();
    world.happen(&Happening::Answer, &wanted);
    assert_eq!(world.shipments.len(), 40, "one more has left since");
    assert_ne!(world.book.holds[0].id, asked.id, "so it is asked anew");
}

#[test]
fn a_wave_is_followed_by_the_next_after_an_answer_only() {
    let mut wanted = unlimited();
    wanted.limits.waves = vec![Wave::Percent(5), Wave::Count(10)];
    let mut world = served(0..100, &wanted);
    for (wave, people) in [(1, 5), (2, 15), (3, 100)] {
        world.happen(&Happening::Pass(2), &wanted);
        world.happen(&Happening::Pass(2), &wanted);
        assert_eq!((world.book.wave, world.shipments.len()), (wave, people));
        world.happen(&Happening::Answer, &wanted);
    }
}

#[test]
fn a_person_in_the_ledger_who_was_rebuilt_without_it_is_taken_in() {
    let wanted = unlimited();
    let mut world = served(0..8, &wanted);
    world.book = Book::default();
    let planned = world.plan(&wanted);
    assert_eq!(planned.book.ledger.0.len(), 8);
    assert!(planned.begin.is_empty(), "nobody is served again");
}
