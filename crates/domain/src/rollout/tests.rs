//! The planner in a small world: what holds whatever happens, and what was once found not to.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use self::world::*;
use super::*;
use crate::testing;

proptest! {
    #![proptest_config(testing::cases(400))]

    /// Nobody twice, no limit passed, no more cancelled than the brake lets through, whatever happens.
    #[test]
    fn whatever_happens_nobody_is_served_twice(
        desired in desired(),
        happenings in proptest::collection::vec(happening(), 1..80),
    ) {
        let mut world = World::new();
        for what in &happenings {
            world.happen(what, &desired);
        }
        world.comes_to_rest(&desired);
    }

    /// Without limits in the way, everybody is served once and it comes to rest.
    #[test]
    fn everybody_is_served_in_the_end(people in proptest::collection::btree_set(0..200_u8, 0..120)) {
        let desired = Desired {
            orders: true,
            limits: Limits { budget: 500, in_flight: None, per_day: None, waves: Vec::new() },
            cancels_leavers: true,
            checks: false,
        };
        let mut world = World { source: people.clone(), ..World::new() };
        for _ in 0..6 {
            world.happen(&Happening::Pass(Dies::Never), &desired);
        }
        world.comes_to_rest(&desired);
        let served: BTreeSet<_> = people.into_iter().map(id).collect();
        prop_assert_eq!(world.shipments.keys().cloned().collect::<BTreeSet<_>>(), served);
        prop_assert!(world.rollout_state.ledger.0.values().all(|entry| entry.state == State::Made && entry.times == 1));
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
            elsewhere: &elsewhere, foreign: &BTreeSet::new(), blocked: None, room: None, suffix: "x", now: Timestamp::UNIX_EPOCH,
        };
        let limits = Limits { budget: 1000, in_flight: None, per_day: None, waves: Vec::new() };
        for orders in [false, true] {
            let desired = Desired { orders, limits: limits.clone(), cancels_leavers: true, checks: false };
            let planned = plan(&RolloutState::default(), &desired, &facts);
            let counts = &planned.counts;
            prop_assert_eq!(usize::try_from(counts.members).unwrap(), people.len() + nameless);
            prop_assert_eq!(usize::try_from(counts.skipped.values().sum::<u32>()).unwrap(), skipped);
            prop_assert_eq!(counts.eligible, counts.members - counts.skipped.values().sum::<u32>());
            prop_assert_eq!(planned.begin.is_empty(), !orders || counts.eligible == 0);
            prop_assert_eq!(planned.would.is_empty(), orders || counts.eligible == 0);
            prop_assert!(orders || planned.rollout_state == RolloutState::default(), "a dry run writes nobody down");
        }
    }
}

fn served(people: std::ops::Range<u8>, desired: &Desired) -> World {
    let mut world = World { source: people.collect(), ..World::new() };
    for _ in 0..4 {
        world.happen(&Happening::Pass(Dies::Never), desired);
    }
    world
}

fn unlimited() -> Desired {
    Desired {
        orders: true,
        limits: Limits { budget: 200, in_flight: None, per_day: None, waves: Vec::new() },
        cancels_leavers: true,
        checks: false,
    }
}

#[test]
fn a_few_who_leave_are_cancelled_and_many_ask_first() {
    let desired = unlimited();
    let mut world = served(0..100, &desired);
    world.source = (10..100).collect();
    world.happen(&Happening::Pass(Dies::Never), &desired);
    assert_eq!(world.shipments.len(), 90, "ten of a hundred are not more than a tenth");

    world.source = (20..100).collect();
    world.happen(&Happening::Pass(Dies::Never), &desired);
    assert_eq!(world.shipments.len(), 90, "ten of ninety are");
    assert_eq!(world.rollout_state.holds[0].question, Question::Cancel(CancelGuard::TooManyLeaving));
    world.happen(&Happening::Answer(false), &desired);
    assert_eq!(world.shipments.len(), 80);
    assert!(world.rollout_state.holds.is_empty());
}

/// As after a restart, or while the vendor does not answer.
fn unread(world: &World, desired: &Desired) -> Plan {
    let nobody = BTreeMap::new();
    let facts = Facts {
        roster: None,
        seen: &world.shipments,
        gone: &BTreeSet::new(),
        checked: &nobody,
        elsewhere: &BTreeMap::new(),
        foreign: &BTreeSet::new(),
        blocked: None,
        room: None,
        suffix: "unread",
        now: world.now,
    };
    plan(&world.rollout_state, desired, &facts)
}

#[test]
fn a_question_stays_as_it_was_asked_while_the_source_is_not_read() {
    use Happening::{Answer, DeleteAll, Join, Pass};
    let mut waves = unlimited();
    waves.limits.waves = vec![Wave::Count(2)];
    let mut full = served(0..2, &waves);
    play(&mut full, &waves, &[Join(2), Pass(Dies::Never)]);
    let mut leaving = served(0..40, &unlimited());
    leaving.source = (20..40).collect();
    leaving.happen(&Pass(Dies::Never), &unlimited());
    let mut emptied = served(0..3, &unlimited());
    emptied.source.clear();
    emptied.happen(&Pass(Dies::Never), &unlimited());
    let mut deleted = served(0..3, &unlimited());
    play(&mut deleted, &unlimited(), &[DeleteAll, Pass(Dies::Never)]);
    let mut again = deleted.clone();
    play(&mut again, &unlimited(), &[Answer(false), Pass(Dies::Never)]);
    for (world, desired, asks) in [
        (&full, &waves, Question::Wave),
        (&leaving, &unlimited(), Question::Cancel(CancelGuard::TooManyLeaving)),
        (&emptied, &unlimited(), Question::Cancel(CancelGuard::SourceEmpty)),
        (&deleted, &unlimited(), Question::Deleted),
        (&again, &unlimited(), Question::Again),
    ] {
        let asked = &world.rollout_state.holds;
        assert_eq!(asked.iter().map(|hold| hold.question).collect::<Vec<_>>(), [asks]);
        let planned = unread(world, desired);
        assert_eq!(
            planned.rollout_state.holds, *asked,
            "under the same id, so that an answer still finds it"
        );
        assert!(planned.delete.is_empty() && planned.begin.is_empty(), "and nothing is done on its word");
    }
}

#[test]
fn a_leave_to_cancel_counts_for_the_people_it_was_given_for() {
    let desired = unlimited();
    let mut world = served(0..40, &desired);
    world.source = (20..40).collect();
    world.happen(&Happening::Pass(Dies::Never), &desired);
    let asked = world.rollout_state.holds[0].clone();
    world.source = (21..40).collect();
    world.happen(&Happening::Answer(false), &desired);
    assert_eq!(world.shipments.len(), 40, "one more has left since");
    assert_ne!(world.rollout_state.holds[0].id, asked.id, "so it is asked anew");
}

#[test]
fn a_wave_is_followed_by_the_next_after_an_answer_only() {
    let mut desired = unlimited();
    desired.limits.waves = vec![Wave::Percent(5), Wave::Count(10)];
    let mut world = served(0..100, &desired);
    for (wave, people) in [(1, 5), (2, 15), (3, 100)] {
        world.happen(&Happening::Pass(Dies::Never), &desired);
        world.happen(&Happening::Pass(Dies::Never), &desired);
        assert_eq!((world.rollout_state.wave, world.shipments.len()), (wave, people));
        world.happen(&Happening::Answer(false), &desired);
    }
}

#[test]
fn a_person_in_the_ledger_who_was_rebuilt_without_it_is_taken_in() {
    let desired = unlimited();
    let mut world = served(0..8, &desired);
    world.rollout_state = RolloutState::default();
    let planned = world.plan(&desired);
    assert_eq!(planned.rollout_state.ledger.0.len(), 8);
    assert!(planned.begin.is_empty(), "nobody is served again");
}

/// Nothing but the budget is in the way.
fn within(budget: u32) -> Desired {
    let mut desired = unlimited();
    desired.limits.budget = budget;
    desired
}

fn play(world: &mut World, desired: &Desired, happenings: &[Happening]) {
    for what in happenings {
        world.happen(what, desired);
    }
}

/// Cases in which the random tests once found a fault.
fn held_once(budget: u32, limits: Limits, happenings: &[Happening]) {
    let desired = Desired { cancels_leavers: false, limits: Limits { budget, ..limits }, ..within(budget) };
    let mut world = World::new();
    play(&mut world, &desired, happenings);
    world.comes_to_rest(&desired);
}

const ALL: Happening = Happening::Pass(Dies::Never);
const WRITTEN: Happening = Happening::Pass(Dies::AfterWrite);

#[test]
fn what_was_found_once_within_a_budget_holds() {
    use Happening::{Advance, Answer, DeleteAll, Empty, Gone, Join};
    let none = || within(0).limits;
    let before = [Join(6), Advance(0), Join(7), Join(5), ALL, DeleteAll, WRITTEN];
    held_once(4, none(), &[&before[..], &[Empty, Answer(true), Join(0), WRITTEN, Gone, Join(5)]].concat());
    held_once(1, none(), &[Join(0), Advance(0), ALL, DeleteAll]);
    let before = [Join(15), Join(15), ALL, Join(0), ALL, DeleteAll, Gone, WRITTEN];
    held_once(12, none(), &[&before[..], &[Answer(false), Answer(false), Answer(false)]].concat());
    held_once(11, none(), &[Join(0), Join(1), ALL, DeleteAll, WRITTEN, Answer(true), Gone, Answer(false)]);
}

#[test]
fn what_was_found_once_within_other_limits_holds() {
    use Happening::{Advance, Answer, Day, DeleteAll, Empty, Gone, Join};
    let day = |per_day| Limits { per_day: Some(per_day), ..within(0).limits };
    let flight = || Limits { in_flight: Some(1), ..within(0).limits };
    let wave = || Limits { waves: vec![Wave::Percent(1)], ..within(0).limits };
    let before = [Join(0), Advance(0), Join(1), ALL, DeleteAll, Answer(false)];
    held_once(4, wave(), &[&before[..], &[Join(16), Answer(true), Empty, Join(2), Join(3), Gone]].concat());
    let deleted = [Join(0), ALL, DeleteAll, WRITTEN, Gone];
    held_once(4, wave(), &[&deleted[..], &[Join(1), Answer(true)]].concat());
    held_once(3, day(1), &[&deleted[..], &[Answer(true)]].concat());
    held_once(3, flight(), &[&deleted[..], &[Join(1)]].concat());
    let before = [Join(0), Join(11), ALL, WRITTEN, DeleteAll, Gone, WRITTEN];
    held_once(4, day(3), &[&before[..], &[Day, Join(1), Join(2), Answer(true)]].concat());
    let before = [Join(0), Advance(0), ALL, DeleteAll, WRITTEN, Gone];
    held_once(5, day(1), &[&before[..], &[Join(1), Day, Answer(true)]].concat());
    held_once(7, flight(), &[Join(0), ALL, DeleteAll, Join(1), WRITTEN, Answer(false)]);
}

/// Found by chance: the key that was to be made again did not count while it waited, so somebody else took its place.
#[test]
fn what_is_granted_anew_is_granted_beside_those_who_were_begun_meanwhile() {
    use Happening::{Answer, Empty, Join, Pass, Vanish};
    let desired = Desired { cancels_leavers: false, ..within(7) };
    let mut world = World::new();
    let before = [
        Join(0),
        Join(4),
        Join(5),
        Pass(Dies::Never),
        Pass(Dies::AfterWrite),
        Empty,
        Vanish(4),
        Pass(Dies::AfterWrite),
    ];
    play(&mut world, &desired, &before);
    play(&mut world, &desired, &[Join(6), Join(7), Answer(true), Join(8), Join(9), Join(4)]);
    world.comes_to_rest(&desired);
    assert_eq!(world.made[&id(4)], 2, "it was granted");
    assert_eq!(world.begun.len(), 7);
}

#[test]
fn what_is_granted_anew_comes_first_and_no_wave_holds_it_up() {
    use Happening::{Answer, Join, Pass, Vanish};
    let mut desired = within(4);
    desired.limits.waves = vec![Wave::Count(2)];
    let mut world = served(0..2, &desired);
    play(&mut world, &desired, &[Join(2), Join(3), Vanish(1), Pass(Dies::Never), Answer(true)]);
    assert_eq!(world.made[&id(1)], 2, "the wave is full, and the person is in it");
    assert!(!world.made.contains_key(&id(2)), "the next wave waits for an answer");
    play(
        &mut world,
        &desired,
        &[
            Pass(Dies::Never),
            Vanish(1),
            Pass(Dies::Never),
            Answer(true),
            Pass(Dies::Never),
            Answer(false),
            Pass(Dies::Never),
        ],
    );
    assert_eq!((world.made[&id(1)], world.made.contains_key(&id(2))), (3, false));
    assert_eq!(world.begun.len(), 4, "the budget is used up");
}

#[test]
fn a_grant_beyond_the_budget_is_refused_with_those_that_wait_counted() {
    let desired = within(3);
    let mut world = served(0..2, &desired);
    play(&mut world, &desired, &[Happening::DeleteAll, Happening::Pass(Dies::Never)]);
    let grant = |world: &mut World, people: &[u8]| {
        let people = people.iter().copied().map(id).collect();
        let answer = Proceed { hold: world.rollout_state.holds[0].id.clone(), people };
        proceed(&mut world.rollout_state, &answer, 3)
    };
    assert_eq!(grant(&mut world, &[0, 1]), Err(Refusal::OverBudget));
    assert_eq!(grant(&mut world, &[0]), Ok(()));
    world.outside.clear();
    world.leaves.insert(id(0), 1);
    world.happen(&Happening::Pass(Dies::Never), &desired);
    assert_eq!(world.rollout_state.holds[0].question, Question::Again, "the first is still being deleted");
    assert_eq!(grant(&mut world, &[1]), Err(Refusal::OverBudget));
    play(
        &mut world,
        &desired,
        &[
            Happening::Pass(Dies::Never),
            Happening::Gone,
            Happening::Pass(Dies::Never),
            Happening::Pass(Dies::Never),
        ],
    );
    assert_eq!(world.made[&id(0)], 2);
}

#[test]
fn a_key_made_again_counts_for_the_day() {
    let mut desired = within(10);
    desired.limits.per_day = Some(2);
    let mut world = served(0..1, &desired);
    play(
        &mut world,
        &desired,
        &[Happening::Vanish(0), Happening::Pass(Dies::Never), Happening::Answer(true)],
    );
    play(&mut world, &desired, &[Happening::Join(1), Happening::Pass(Dies::Never)]);
    assert_eq!(world.begun.len(), 2);
    play(&mut world, &desired, &[Happening::Day, Happening::Pass(Dies::Never)]);
    assert_eq!(world.begun.len(), 3);
}

/// An uninstall that deletes the shipments first: each one that goes would free a place.
#[test]
fn shipments_deleted_from_outside_free_no_place_until_somebody_answers() {
    use Happening::{Advance, Answer, DeleteAll, Gone, Pass};
    let mut desired = unlimited();
    desired.limits.in_flight = Some(3);
    let mut world = served(0..12, &desired);
    assert_eq!(world.shipments.len(), 3);
    // The orders are cancelled, then the objects go; the process dies in between.
    let cancelled = [Advance(0), Advance(1), Advance(2)];
    play(&mut world, &desired, &[DeleteAll, Pass(Dies::Never), Pass(Dies::BeforeWrite)]);
    play(&mut world, &desired, &cancelled);
    play(
        &mut world,
        &desired,
        &[Pass(Dies::Never), Pass(Dies::AfterWrite), Gone, Pass(Dies::Never), Pass(Dies::Never)],
    );
    assert_eq!((world.shipments.len(), world.begun.len()), (0, 3));
    let hold = world.rollout_state.holds[0].clone();
    assert_eq!((hold.question, hold.total), (Question::Deleted, 3));
    world.comes_to_rest(&desired);

    world.happen(&Answer(false), &desired);
    world.happen(&Pass(Dies::Never), &desired);
    assert_eq!((world.shipments.len(), world.begun.len()), (3, 6), "it goes on for others");
    assert!((0..3).all(|number| world.made[&id(number)] == 1), "and not for these");
    assert_eq!(world.rollout_state.holds[0].question, Question::Again, "which a person may still ask for");
}

#[test]
fn a_shipment_whose_order_is_still_to_be_cancelled_is_on_its_way() {
    use Happening::{Answer, Delete, Gone, Pass};
    let mut desired = unlimited();
    desired.limits.in_flight = Some(2);
    let mut world = served(0..6, &desired);
    play(&mut world, &desired, &[Delete(0), Pass(Dies::Never), Answer(false), Pass(Dies::Never)]);
    assert_eq!(world.begun.len(), 2, "{:?}", world.rollout_state.holds);
    play(&mut world, &desired, &[Gone, Pass(Dies::Never)]);
    assert_eq!(world.begun.len(), 3);
}

#[test]
fn an_answer_counts_for_what_was_deleted_until_then() {
    let desired = unlimited();
    let mut world = served(0..4, &desired);
    play(&mut world, &desired, &[Happening::Vanish(0), Happening::Pass(Dies::Never), Happening::Join(9)]);
    let asked = world.rollout_state.holds[0].clone();
    play(&mut world, &desired, &[Happening::Delete(1), Happening::Answer(false)]);
    let now = world.rollout_state.holds[0].clone();
    assert_eq!((now.question, now.total), (Question::Deleted, 1));
    assert_ne!(now.id, asked.id);
    assert!(!world.made.contains_key(&id(9)));
}

#[test]
fn what_the_rollout_deletes_itself_and_what_is_finished_stops_nothing() {
    use Happening::{Advance, Delete, Gone, Join, Leave, Pass};
    let desired = unlimited();
    let mut world = served(0..20, &desired);
    play(
        &mut world,
        &desired,
        &[Advance(1), Advance(1), Leave(0), Pass(Dies::Never), Delete(1), Gone, Join(30), Pass(Dies::Never)],
    );
    assert!(world.rollout_state.holds.is_empty(), "{:?}", world.rollout_state.holds);
    assert_eq!(world.made[&id(30)], 1);
}

#[test]
fn a_lost_ledger_does_not_hide_that_shipments_are_being_deleted() {
    let desired = unlimited();
    let mut world = served(0..3, &desired);
    world.source.insert(9);
    play(&mut world, &desired, &[Happening::Delete(0), Happening::Forget, Happening::Pass(Dies::Never)]);
    assert_eq!(world.rollout_state.holds[0].question, Question::Deleted);
    assert!(!world.made.contains_key(&id(9)));
}

#[test]
fn no_more_people_are_begun_than_the_object_has_room_for() {
    let desired = unlimited();
    let people = roster(0..9);
    let (seen, checked, elsewhere) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let none = BTreeSet::new();
    let facts = |room| Facts {
        roster: Some(&people),
        seen: &seen,
        gone: &none,
        checked: &checked,
        elsewhere: &elsewhere,
        foreign: &none,
        blocked: None,
        room: Some(room),
        suffix: "x",
        now: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(plan(&RolloutState::default(), &desired, &facts(4)).begin.len(), 4);
    let full = plan(&RolloutState::default(), &desired, &facts(0));
    assert_eq!((full.begin.len(), full.bound), (0, Some(Bound::Room)));
}

/// Found by the model: a shipment is missing from the cache, and the API server could not be asked.
#[test]
fn nobody_is_begun_before_it_is_known_whose_shipments_are_gone() {
    let desired = unlimited();
    let mut world = served(0..2, &desired);
    world.shipments.remove(&id(0));
    world.source.insert(2);
    let unsure =
        world.with_facts(&BTreeSet::new(), |world, facts| plan(&world.rollout_state, &desired, facts));
    assert!(unsure.confirm && unsure.begin.is_empty());
    assert!(unsure.rollout_state == world.rollout_state, "nor does the ledger say so");

    let asked = world.plan(&desired);
    assert!(!asked.confirm && asked.begin.is_empty());
    assert_eq!(
        asked.rollout_state.holds[0].question,
        Question::Deleted,
        "somebody deletes: a person is asked"
    );
}
