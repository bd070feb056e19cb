//! The worlds of rollouts as the checker explores them: all actions in all states, and the properties.

use stateright::{Model, Property};

use super::{
    bounds::Bounds,
    events::{self, Event},
    pass::{self, Accident, Answer, Course, View},
    rest,
    state::{Rule, State},
};
use crate::check::{self, Explored};

/// What can be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    Pass(Course),
    Happen(Event),
}

#[derive(Debug, Clone)]
struct World(Bounds);

/// The properties, by name, and the rules they stand for.
pub const PROPERTIES: [(&str, &[Rule]); 7] = [
    ("one shipment a person, and one more for each leave that a person gave", &[Rule::Twice]),
    (
        "no shipment without its entry in the stored ledger, and no entry is forgotten",
        &[Rule::Unmarked, Rule::Forgotten],
    ),
    ("no more keys than budget, shipments on their way, day and wave allow", &[Rule::Ceiling]),
    ("who deletes is asked, and nobody gets a key instead meanwhile", &[Rule::Unasked]),
    ("a source that names nobody cancels nothing without a leave", &[Rule::Brake]),
    ("a key that is shipped stays the person's", &[Rule::ShippedTaken]),
    ("every fair run comes to rest, and says of everybody who waits for what", &[Rule::NoRest, Rule::Lost]),
];

/// Of the state itself.
fn holds<const N: usize>() -> fn(&World, &State) -> bool {
    |_, s| s.broken.is_none_or(|rule| !PROPERTIES[N].1.contains(&rule))
}

/// Where it leads when nothing happens any more all rules count.
fn comes_to_rest(world: &World, s: &State) -> bool {
    s.broken.map_or_else(
        || rest::play(&world.0, s).broken.is_none(),
        |rule| !matches!(rule, Rule::NoRest | Rule::Lost),
    )
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.0.start()]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        if s.broken.is_some() {
            return;
        }
        passes(&self.0, s, Course::FINE, actions);
        if s.left.answers > 0 {
            for question in 0..s.stored.holds.len() {
                for person in std::iter::once(None).chain((0..self.0.people).map(Some)) {
                    let answer = Some(Answer { question, person });
                    passes(&self.0, s, Course { answer, ..Course::FINE }, actions);
                }
            }
        }
        if s.left.faults > 0 && s.before != s.shipments {
            passes(&self.0, s, Course { view: View::Lagging, ..Course::FINE }, actions);
        }
        if s.left.happenings > 0 {
            let possible = self.0.events.iter().filter(|event| events::possible(s, **event));
            actions.extend(possible.map(|event| Action::Happen(*event)));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        match action {
            Action::Happen(event) => {
                s.left.happenings -= 1;
                events::happen(&mut s, event);
            }
            Action::Pass(course) => {
                spend(&mut s, course);
                pass::run(&self.0, &mut s, course);
            }
        }
        s.before = if s.left.faults > 0 { last.shipments.clone() } else { s.shipments.clone() };
        (s != *last).then_some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let conditions: [fn(&Self, &State) -> bool; PROPERTIES.len()] = [
            holds::<0>(),
            holds::<1>(),
            holds::<2>(),
            holds::<3>(),
            holds::<4>(),
            holds::<5>(),
            comes_to_rest,
        ];
        let named = PROPERTIES.iter().zip(conditions);
        named.map(|((name, _), condition)| Property::always(name, condition)).collect()
    }
}

/// This course, and the same with each accident in each place.
fn passes(b: &Bounds, s: &State, course: Course, actions: &mut Vec<Action>) {
    actions.push(Action::Pass(course));
    let mut tried = s.clone();
    let deeds = pass::run(b, &mut tried, course);
    let lagging = u8::from(course.view == View::Lagging);
    for at in 0..deeds {
        let with = |accident| Action::Pass(Course { accident: Some((at, accident)), ..course });
        if s.left.faults > lagging {
            let accidents =
                [Accident::Crash, Accident::Refused, Accident::AnswerLost, Accident::OtherProcess];
            actions.extend(accidents.map(with));
        }
        if s.left.happenings > 0 {
            actions.extend(b.events.iter().map(|event| with(Accident::Meanwhile(*event))));
        }
    }
}

fn spend(s: &mut State, course: Course) {
    s.left.faults -= u8::from(course.view == View::Lagging);
    s.left.answers -= u8::from(course.answer.is_some());
    match course.accident {
        None => {}
        Some((_, Accident::Meanwhile(_))) => s.left.happenings -= 1,
        Some(_) => s.left.faults -= 1,
    }
}

/// Explores a world to its end, or to the first broken property.
#[must_use]
pub fn explore(bounds: &Bounds, threads: usize) -> Explored {
    check::run(World(bounds.clone()), threads, |mut name, steps| {
        let (mut lines, last) = check::trace(steps, 60, |action| format!("{action:?}"), line);
        if let Some(state) = last {
            let end = rest::play(bounds, &state);
            lines.push(format!("{:<60} {}", "and then, at rest", line(&end)));
            // The way to rest may break any rule: that one is named.
            name = check::property_of(&PROPERTIES, end.broken).unwrap_or(name);
        }
        (name.to_owned(), lines)
    })
}

/// A state in one line, for traces.
fn line(s: &State) -> String {
    let ledger: Vec<_> = s
        .stored
        .ledger
        .0
        .iter()
        .map(|(id, entry)| format!("{id} {:?} ×{}", entry.state, entry.times))
        .collect();
    let shipments: Vec<_> = s
        .shipments
        .iter()
        .map(|(one, seen)| format!("{one} {:?}{}", seen.stage, if seen.deleting { " deleting" } else { "" }))
        .collect();
    let asked: Vec<_> = s.stored.holds.iter().map(|hold| format!("{:?}", hold.question)).collect();
    format!(
        "day {} | named {:?} | ledger [{}] | shipments [{}] | asks [{}] | broken {:?}",
        s.day,
        s.named,
        ledger.join(", "),
        shipments.join(", "),
        asked.join(", "),
        s.broken
    )
}
