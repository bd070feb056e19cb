//! The loop around the planner, without a cluster: what comes after what, and what does not come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::*;
use crate::{
    ids::UserId,
    rollout::{Blocked, Hold, Key, Limits, Member, Roster, State},
};

fn id(number: u8) -> UserId {
    UserId::new(format!("00u{number:03}")).unwrap()
}

fn roster(people: u8) -> Roster {
    let member = |number| Member {
        id: id(number),
        login: None,
        key: Key::Model("nfc".to_owned()),
        skip: None,
        staged: false,
    };
    Roster { members: (0..people).map(member).collect(), tells_leavers: true, ..Roster::default() }
}

fn desired() -> Desired {
    Desired {
        orders: true,
        limits: Limits { budget: 10, in_flight: None, per_day: None, waves: Vec::new() },
        cancels_leavers: true,
        checks: false,
    }
}

const LEADING: AfterWrite =
    AfterWrite { leads: true, blocked: false, early: false, newcomers: 0, room: 1000 };

fn failure() -> Failure {
    Failure::new(Reason::Unreachable, "no answer")
}

/// A driver of which nothing goes wrong but what a test says.
struct Driver {
    desired: Desired,
    after: AfterWrite,
    roster: Roster,
    checked: BTreeMap<UserId, Option<(crate::rollout::Skip, String)>>,
    blocked: Option<Blocked>,
    confirms: Result<(), Failure>,
    /// What fails, by the name of its task.
    fails: Option<&'static str>,
    stored: RolloutState,
    said: Option<Reason>,
}

impl Driver {
    fn new(people: u8) -> Self {
        Self {
            desired: desired(),
            after: LEADING,
            roster: roster(people),
            checked: BTreeMap::new(),
            blocked: None,
            confirms: Ok(()),
            fails: None,
            stored: RolloutState::default(),
            said: None,
        }
    }

    /// The tasks of one pass, by name, and how it ended.
    fn run(&mut self) -> (Vec<&'static str>, Pass) {
        let mut pass = Pass::new(self.stored.clone(), self.said);
        let mut tasks = Vec::new();
        loop {
            let task = pass.task().clone();
            let name = name(&task);
            tasks.push(name);
            let failure = (self.fails == Some(name)).then(failure);
            match task {
                Task::Look => pass.looked(),
                Task::Plan => self.plan(&mut pass),
                Task::Confirm => pass.confirmed(self.confirms.clone()),
                Task::Answer => pass.answered(pass.rollout_state().clone()),
                Task::Write => {
                    pass.written(&self.desired, &self.after);
                    self.stored = pass.rollout_state().clone();
                }
                Task::MarkPeople(count) => {
                    self.after.newcomers -= count;
                    pass.marked(count);
                }
                Task::KeepPeople => pass.kept(),
                Task::Check(people) => {
                    self.checked.extend(people.into_iter().map(|id| (id, None)));
                    pass.carried_out(true, failure);
                }
                Task::Begin(_) | Task::Delete(_) | Task::Activate(_) | Task::CreatePeople => {
                    pass.carried_out(true, failure);
                }
                Task::Finish => pass.finished(),
                Task::Over { .. } => return (tasks, pass),
            }
        }
    }

    fn plan(&self, pass: &mut Pass) {
        let (none, nowhere) = (BTreeSet::new(), BTreeMap::new());
        let facts = Facts {
            roster: Some(&self.roster),
            seen: &BTreeMap::new(),
            gone: &none,
            checked: &self.checked,
            elsewhere: &nowhere,
            foreign: &none,
            blocked: self.blocked.as_ref(),
            room: None,
            suffix: "x",
            now: Timestamp::UNIX_EPOCH,
        };
        pass.plan(&self.desired, &facts);
    }

    /// Somebody in the ledger whose shipment the cache does not show.
    fn lacks(&mut self, number: u8) {
        let entry = crate::rollout::Entry {
            state: State::Made,
            day: jiff::civil::Date::constant(2027, 3, 1),
            key: Key::Model("nfc".to_owned()),
            times: 1,
            answered: false,
        };
        self.stored.ledger.0.insert(id(number), entry);
    }
}

const fn name(task: &Task) -> &'static str {
    match task {
        Task::Look => "look",
        Task::Plan => "plan",
        Task::Confirm => "confirm",
        Task::Answer => "answer",
        Task::Write => "write",
        Task::Begin(_) => "begin",
        Task::Delete(_) => "delete",
        Task::Activate(_) => "activate",
        Task::MarkPeople(_) => "mark",
        Task::CreatePeople => "create",
        Task::KeepPeople => "keep",
        Task::Check(_) => "check",
        Task::Finish => "finish",
        Task::Over { again: false } => "over",
        Task::Over { again: true } => "again",
    }
}

/// What a pass that fails adds at its end, unless the status says it already.
const SAYS: [&str; 5] = ["finish", "look", "plan", "write", "over"];

#[test]
fn nothing_is_begun_before_the_ledger_stands() {
    let driver = Driver::new(3);
    let mut pass = Pass::new(RolloutState::default(), None);
    pass.looked();
    driver.plan(&mut pass);
    assert_eq!(*pass.task(), Task::Answer, "people's answers come before the plan that is written");
    pass.answered(RolloutState::default());
    driver.plan(&mut pass);
    assert_eq!(*pass.task(), Task::Write);
    assert_eq!(*pass.rollout_state(), RolloutState::default(), "what is not written is not stored");
    pass.written(&driver.desired, &driver.after);
    assert_eq!(*pass.task(), Task::Begin(vec![id(0), id(1), id(2)]));
    assert_eq!(pass.rollout_state().ledger.0.len(), 3);
}

#[test]
fn a_pass_without_an_end_stops_and_says_that_it_goes_on() {
    // The shipments never show themselves, so each round begins them once more.
    let (tasks, _) = Driver::new(1).run();
    assert_eq!(tasks.iter().filter(|task| **task == "begin").count(), 6);
    assert_eq!(tasks.last(), Some(&"again"));
}

#[test]
fn after_a_failure_nothing_more_is_changed_and_it_is_said_at_once_and_once() {
    let mut driver = Driver { fails: Some("begin"), ..Driver::new(2) };
    driver.roster.members[1].staged = true;
    driver.after.newcomers = 4;
    let (tasks, pass) = driver.run();
    let expected = ["look", "plan", "answer", "plan", "write", "begin"];
    assert_eq!(tasks, [&expected[..], &SAYS].concat());
    assert_eq!(pass.failure(), Some(&failure()));

    driver.said = Some(failure().reason);
    let (tasks, _) = driver.run();
    assert_eq!(tasks, [&expected[..], &["finish", "over"]].concat(), "the status says it already");

    (driver.fails, driver.after.leads) = (None, false);
    let (tasks, _) = driver.run();
    assert_eq!(tasks, [&expected[..5], &SAYS].concat(), "that it is over is said as well");
}

#[test]
fn what_is_said_at_the_end_begins_nobody() {
    let mut driver = Driver { fails: Some("check"), ..Driver::new(2) };
    driver.desired.checks = true;
    let (_, pass) = driver.run();
    assert_eq!(pass.failure(), Some(&failure()));
    assert!(
        driver.checked.len() == 2 && driver.stored.ledger.0.is_empty(),
        "both were found clear meanwhile"
    );
    let plan = pass.planned().unwrap();
    assert_eq!(plan.rollout_state, driver.stored);
}

#[test]
fn the_api_server_is_asked_once_a_round_and_answers_wait_until_it_has_answered() {
    let mut driver = Driver::new(0);
    driver.lacks(7);
    let (tasks, _) = driver.run();
    assert_eq!(tasks[..5], ["look", "plan", "confirm", "plan", "write"], "the cache lacks it still");

    driver.confirms = Err(failure());
    let (tasks, pass) = driver.run();
    assert_eq!(tasks, [&["look", "plan", "confirm", "plan", "write"][..], &SAYS].concat());
    assert_eq!(pass.failure(), Some(&failure()));
}

#[test]
fn where_nothing_may_be_changed_no_answer_is_taken_up() {
    let mut dry = Driver::new(2);
    dry.desired.orders = false;
    let mut paused = Driver { blocked: Some(Blocked::Paused), ..Driver::new(2) };
    paused.after.blocked = true;
    for mut driver in [dry, paused] {
        assert_eq!(driver.run().0, ["look", "plan", "write", "finish", "over"]);
        assert!(driver.stored.ledger.0.is_empty());
    }
}

#[test]
fn without_the_lease_or_soon_after_a_failure_nothing_is_changed() {
    for after in [AfterWrite { leads: false, ..LEADING }, AfterWrite { early: true, ..LEADING }] {
        let mut driver = Driver { after, ..Driver::new(2) };
        driver.after.newcomers = 1;
        let tasks = driver.run().0;
        assert_eq!(tasks, ["look", "plan", "answer", "plan", "write", "finish", "over"]);
    }
}

#[test]
fn looks_go_on_after_a_failure() {
    let mut driver = Driver { fails: Some("begin"), ..Driver::new(60) };
    driver.desired.limits.budget = 100;
    driver.desired.checks = true;
    driver.checked = (0..10).map(|number| (id(number), None)).collect();
    let tasks = driver.run().0;
    assert_eq!(tasks[4..7], ["write", "begin", "check"]);
    assert_eq!(driver.checked.len(), 60);
}

#[test]
fn people_are_marked_then_created_then_written_down_whatever_failed() {
    for fails in [None, Some("create")] {
        let mut driver = Driver { fails, ..Driver::new(0) };
        driver.after.newcomers = 3;
        let tasks = driver.run().0;
        assert_eq!(tasks[4..8], ["write", "mark", "create", "keep"], "{fails:?}");
    }
}

/// How many people a pass creates first, of so many whom Okta does not know.
fn created(newcomers: usize, change: impl FnOnce(&mut Driver)) -> usize {
    let mut driver = Driver::new(0);
    driver.after.newcomers = newcomers;
    driver.roster.to_create = vec![String::new(); newcomers];
    change(&mut driver);
    let mut pass = Pass::new(driver.stored.clone(), None);
    while !matches!(pass.task(), Task::Finish | Task::MarkPeople(_)) {
        match pass.task().clone() {
            Task::Look => pass.looked(),
            Task::Plan => driver.plan(&mut pass),
            Task::Answer => pass.answered(pass.rollout_state().clone()),
            Task::Write => pass.written(&driver.desired, &driver.after),
            _ => pass.carried_out(false, None),
        }
    }
    if let Task::MarkPeople(count) = pass.task() { *count } else { 0 }
}

#[test]
fn nobody_is_created_for_whom_there_is_no_key() {
    assert_eq!(created(5, |_| ()), 5);
    assert_eq!(created(50, |driver| driver.desired.limits.budget = 100), PEOPLE_AT_ONCE);
    assert_eq!(created(50, |_| ()), 10, "the budget");
    assert_eq!(created(9, |driver| driver.after.room = 2), 2, "the object that holds the ledger");
    assert_eq!(created(9, |driver| driver.roster.members = roster(4).members), 6, "others come first");
    let asked = |driver: &mut Driver| {
        driver.lacks(1);
        driver.stored.ledger.0.get_mut(&id(1)).unwrap().state = State::Deleted;
        driver.stored.holds = vec![Hold {
            id: "deleted-x".to_owned(),
            question: Question::Deleted,
            since: Timestamp::UNIX_EPOCH,
            people: None,
            total: 1,
        }];
    };
    assert_eq!(created(5, asked), 0, "somebody else deletes shipments, and nobody has said why");
}
