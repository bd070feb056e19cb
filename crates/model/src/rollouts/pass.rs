//! One pass over a rollout, driven as `src/rollout/driver.rs` drives it, with at most one accident in any place of it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    failure::{Failure, Reason},
    ids::UserId,
    rollout::{
        Proceed, Question, RolloutState, Stage,
        pass::{AfterWrite, Pass, Task},
        proceed,
    },
};

use super::{
    bounds::Bounds,
    events::{self, Event},
    facts::with_facts,
    oracle::{self, Shown},
    state::{Rule, Shipment, State, id, person},
};

/// Rounds, looks and writes of a pass that does not end.
const ENDLESS: u8 = 200;

/// What a pass is shown of the shipments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// All of them.
    Fresh,
    /// As they were before the last action.
    Lagging,
}

/// What comes between two deeds, or becomes of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Accident {
    /// The process ends.
    Crash,
    /// The API server does not take the write.
    Refused,
    /// It takes it, and its answer is lost.
    AnswerLost,
    /// Another process makes a whole pass.
    OtherProcess,
    /// Somebody else does something.
    Meanwhile(Event),
}

/// A person's answer: to which question, and who is named in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answer {
    pub question: usize,
    pub person: Option<u8>,
}

/// How a pass goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Course {
    pub view: View,
    pub answer: Option<Answer>,
    /// Before which of its deeds something happens.
    pub accident: Option<(u8, Accident)>,
}

impl Course {
    /// Nothing goes wrong.
    pub const FINE: Self = Self { view: View::Fresh, answer: None, accident: None };
}

/// The pass ends here, or the deed has failed.
enum Stop {
    Ends,
    Fails { done: bool },
}

struct Runner<'a> {
    b: &'a Bounds,
    s: &'a mut State,
    course: Course,
    /// Deeds so far.
    deeds: u8,
    /// Whom the source names, as it was read before the pass.
    named: BTreeSet<u8>,
    /// The day of the last plan.
    planned_on: u8,
    /// The status as this process knows it: its writes go to no other version.
    version: RolloutState,
    seen: BTreeMap<u8, Shipment>,
    gone: BTreeSet<UserId>,
    granted: Option<Granted>,
}

/// What an answer grants once it is written.
struct Granted {
    question: Question,
    person: Option<u8>,
    /// Whose deletion was known when it was given.
    known: BTreeSet<UserId>,
}

/// Runs a pass; the answer is how many deeds it had.
pub(super) fn run(b: &Bounds, s: &mut State, course: Course) -> u8 {
    let seen = match course.view {
        View::Fresh => s.shipments.clone(),
        View::Lagging => s.before.clone(),
    };
    let version = s.stored.clone();
    let (named, gone) = (s.named.clone(), BTreeSet::new());
    let planned_on = s.day;
    let mut runner = Runner { b, s, course, deeds: 0, named, planned_on, version, seen, gone, granted: None };
    runner.go();
    runner.deeds
}

impl Runner<'_> {
    fn go(&mut self) {
        let mut pass = Pass::new(self.version.clone(), None);
        while self.deeds < ENDLESS {
            let goes_on = match pass.task().clone() {
                Task::Look => self.look(&mut pass),
                Task::Plan => self.plan(&mut pass),
                Task::Confirm => self.confirm(&mut pass),
                Task::Answer => self.answer(&mut pass),
                Task::Write => self.write(&mut pass),
                Task::Begin(people) => self.carry_out(&mut pass, &people, Self::make),
                Task::Delete(people) => self.carry_out(&mut pass, &people, Self::take_back),
                Task::Finish => {
                    pass.finished();
                    true
                }
                Task::Over { .. } => return,
                Task::MarkPeople(_) => {
                    pass.marked(0);
                    true
                }
                Task::KeepPeople => {
                    pass.kept();
                    true
                }
                Task::Activate(_) | Task::CreatePeople | Task::Check(_) => {
                    pass.carried_out(false, None);
                    true
                }
            };
            if !goes_on || self.s.broken.is_some() {
                return;
            }
        }
        self.breaks(Rule::NoRest);
    }

    fn breaks(&mut self, rule: Rule) {
        self.s.broken = self.s.broken.or(Some(rule));
    }

    /// A deed, and what comes before it or becomes of it.
    fn deed(&mut self) -> Result<(), Stop> {
        let here = self.course.accident.filter(|(at, _)| *at == self.deeds);
        self.deeds += 1;
        match here.map(|(_, accident)| accident) {
            None => Ok(()),
            Some(Accident::Crash) => Err(Stop::Ends),
            Some(Accident::Refused) => Err(Stop::Fails { done: false }),
            Some(Accident::AnswerLost) => Err(Stop::Fails { done: true }),
            Some(Accident::OtherProcess) => {
                run(self.b, self.s, Course::FINE);
                Ok(())
            }
            Some(Accident::Meanwhile(event)) => {
                if events::possible(self.s, event) {
                    events::happen(self.s, event);
                }
                Ok(())
            }
        }
    }

    /// The cache: what this process made is in it at once.
    fn look(&mut self, pass: &mut Pass) -> bool {
        let goes_on = self.deed().is_ok();
        if self.course.view == View::Fresh {
            self.seen = self.s.shipments.clone();
        }
        pass.looked();
        goes_on
    }

    fn plan(&mut self, pass: &mut Pass) -> bool {
        let desired = &self.b.desired;
        with_facts(&self.named, &self.seen, &self.gone, self.s.day, |facts| pass.plan(desired, facts));
        self.planned_on = self.s.day;
        true
    }

    fn confirm(&mut self, pass: &mut Pass) -> bool {
        match self.deed() {
            Ok(()) => {
                self.seen = self.s.shipments.clone();
                let ledger = &pass.rollout_state().ledger;
                let is_there = |id: &UserId| person(id).is_some_and(|p| self.seen.contains_key(&p));
                self.gone = ledger.0.keys().filter(|id| !is_there(id)).cloned().collect();
                pass.confirmed(Ok(()));
                true
            }
            Err(Stop::Fails { .. }) => {
                pass.confirmed(Err(failure()));
                true
            }
            Err(Stop::Ends) => false,
        }
    }

    fn answer(&mut self, pass: &mut Pass) -> bool {
        let mut state = pass.rollout_state().clone();
        let given = self.course.answer.take();
        let asked = given.and_then(|given| Some((given, state.holds.get(given.question)?.clone())));
        if let Some((given, hold)) = asked {
            let known = state.ledger.deleted_from_outside();
            let people = given.person.and_then(id).into_iter().collect();
            if proceed(&mut state, &Proceed { hold: hold.id, people }, self.b.desired.limits.budget).is_ok() {
                self.granted = Some(Granted { question: hold.question, person: given.person, known });
            }
        }
        pass.answered(state);
        true
    }

    /// Nobody writes to a version that he did not see.
    fn write(&mut self, pass: &mut Pass) -> bool {
        let deed = self.deed();
        let taken = matches!(deed, Ok(()) | Err(Stop::Fails { done: true }));
        if !taken || self.s.stored != self.version {
            return false;
        }
        if let Some(plan) = pass.planned() {
            let leave =
                matches!(&self.granted, Some(granted) if matches!(granted.question, Question::Cancel(_)));
            // The answer stands in the same write.
            self.grant();
            let shown = Shown { named: &self.named, shipments: &self.seen, day: self.planned_on };
            if let Some(rule) = oracle::writes(self.b, self.s, &shown, plan, leave) {
                self.breaks(rule);
            }
            self.s.stored = plan.rollout_state.clone();
            self.version = self.s.stored.clone();
        }
        if deed.is_err() {
            return false;
        }
        let after = AfterWrite { leads: true, blocked: false, early: false, newcomers: 0, room: u32::MAX };
        pass.written(&self.b.desired, &after);
        true
    }

    fn grant(&mut self) {
        let Some(granted) = self.granted.take() else { return };
        if let Some(person) = granted.person {
            *self.s.granted.entry(person).or_default() += 1;
        }
        if granted.question == Question::Deleted {
            let known: BTreeSet<u8> = granted.known.iter().filter_map(person).collect();
            self.s.outside.retain(|person| !known.contains(person));
        }
    }

    /// One after the other, until one fails.
    fn carry_out(&mut self, pass: &mut Pass, people: &[UserId], deed: fn(&mut Self, u8)) -> bool {
        let mut any = false;
        for one in people.iter().filter_map(person) {
            match self.deed() {
                Ok(()) => {
                    deed(self, one);
                    any = true;
                }
                Err(Stop::Ends) => return false,
                Err(Stop::Fails { done }) => {
                    if done {
                        deed(self, one);
                    }
                    pass.carried_out(any, Some(failure()));
                    return true;
                }
            }
        }
        pass.carried_out(any, None);
        true
    }

    /// A shipment has one name for one person: one that is there is found, and not made again.
    fn make(&mut self, one: u8) {
        if !self.s.shipments.contains_key(&one) {
            if let Some(rule) = oracle::makes(self.s, one) {
                self.breaks(rule);
            }
            let made = self.s.made.entry(one).or_default();
            *made += 1;
            let shipment = Shipment { stage: Stage::Before, deleting: false, day: self.s.day, uid: *made };
            self.s.shipments.insert(one, shipment);
        }
        if let Some(shipment) = self.s.shipments.get(&one) {
            self.seen.insert(one, *shipment);
        }
    }

    /// The one that was seen, unless its parcel is on its way by now.
    fn take_back(&mut self, one: u8) {
        let seen = self.seen.get(&one).map(|seen| seen.uid);
        let Some(shipment) = self.s.shipments.get_mut(&one).filter(|there| Some(there.uid) == seen) else {
            return;
        };
        if shipment.stage == Stage::Before {
            shipment.deleting = true;
        }
    }
}

fn failure() -> Failure {
    Failure::new(Reason::StatusWriteFailed, "no answer")
}
