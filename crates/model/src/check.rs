//! The worlds as the checker explores them: all actions in all states, and the properties.

use std::{hash::Hash, time::Instant};

use stateright::{Checker, Model, Property};

use crate::{
    action::{Action, View},
    bounds::{Bounds, EXPIRED},
    describe, events, fair, fates, person, runner,
    state::{Left, Rule, State},
};

/// Mails older than this (seconds) count no more.
const MAIL_DAY: i64 = 24 * 3_600;

/// A world under the checker.
#[derive(Debug, Clone)]
pub struct World(pub Bounds);

/// The properties, by name, and the rules they stand for.
pub const PROPERTIES: [(&str, &[Rule]); 21] = [
    ("at most one accepted order per intent", &[Rule::Twice]),
    ("no accepted order whose enrolment was discarded", &[Rule::DiscardedOrdered]),
    ("nothing of others is discarded", &[Rule::DiscardedForeign]),
    ("no PIN before activation", &[Rule::EarlyPin]),
    ("no activation or PIN that the gate or the user's status forbids", &[Rule::Forbidden]),
    ("requests leave within 15 minutes, for one attempt", &[Rule::OldRequests, Rule::UsedTwice]),
    ("what was taken over without a person's answer is left alone by a deletion", &[Rule::TakenBack]),
    ("nothing goes out without its mark, or late", &[Rule::Unmarked]),
    ("no new effect for the deleted or ineligible", &[Rule::Ineligible]),
    ("a copy of an older answer changes nothing", &[Rule::OldAnswer]),
    ("nothing goes out that spec or connection forbid", &[Rule::Barred]),
    ("no effect under other organizations than the status names", &[Rule::OtherOrgs]),
    ("nothing is cancelled or removed for an order that answered 404", &[Rule::Missing]),
    (
        "an active key is removed by Revoke only, and no responses of others are sent",
        &[Rule::Revoked, Rule::Mixed],
    ),
    ("at most three PIN mails within a day", &[Rule::Mails]),
    ("no order is taken over at first sight", &[Rule::FirstSight]),
    ("a receipt that no list proves is lost with its process only", &[Rule::ReceiptLost]),
    ("a hold for an answer or a changed spec is ended by nothing else", &[Rule::HoldLost]),
    ("an accepted order is never forgotten", &[Rule::Forgotten]),
    (
        "no use is claimed of a key that has not signed in, nor asked for where that is barred",
        &[Rule::UseClaimed],
    ),
    ("every fair run ends, and keeps these rules to its end", &[Rule::NoEnd]),
];

fn property(index: usize) -> Property<World> {
    // The checker takes plain functions: one for each property.
    const fn holds<const N: usize>() -> fn(&World, &State) -> bool {
        |world, state| broken(world, state).is_none_or(|rule| !PROPERTIES[N].1.contains(&rule))
    }
    let conditions = [
        holds::<0>(),
        holds::<1>(),
        holds::<2>(),
        holds::<3>(),
        holds::<4>(),
        holds::<5>(),
        holds::<6>(),
        holds::<7>(),
        holds::<8>(),
        holds::<9>(),
        holds::<10>(),
        holds::<11>(),
        holds::<12>(),
        holds::<13>(),
        holds::<14>(),
        holds::<15>(),
        holds::<16>(),
        holds::<17>(),
        holds::<18>(),
        holds::<19>(),
        fair_run_ends,
    ];
    Property::always(PROPERTIES[index].0, conditions[index])
}

fn broken(_: &World, s: &State) -> Option<Rule> {
    s.broken
}

/// From every state in which no pass runs. Within the continuation all other rules count too.
fn fair_run_ends(world: &World, s: &State) -> bool {
    let rests = s.passes.iter().all(Option::is_none);
    s.broken != Some(Rule::NoEnd)
        && (s.broken.is_some() || !rests || fair::play(&world.0, s).broken.is_none())
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let b = &self.0;
        let mut s = State {
            now: 0,
            slots: b.clusters.iter().map(|_| events::declared()).collect(),
            passes: b.processes.iter().map(|_| None).collect(),
            user: domain::vendor_states::UserStatus::Active,
            enrolled: vec![],
            orders: vec![],
            mails: vec![],
            conn: crate::state::Conn::default(),
            decisions: vec![],
            left: Left { faults: 0, jumps: b.jumps, happenings: b.happenings, answers: b.answers },
            calm: !b.emptied,
            broken: None,
        };
        if b.ordered {
            fair::until_ordered(b, &mut s);
        }
        s.left.faults = b.faults;
        vec![s]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        let b = &self.0;
        if s.broken.is_some() {
            return;
        }
        for p in 0..b.processes.len() {
            fates::of(b, s, p, actions);
        }
        if s.left.jumps > 0 {
            actions.extend(b.lengths.iter().map(|seconds| Action::Time(*seconds)));
        }
        for slot in 0..s.slots.len() {
            if s.left.happenings > 0 {
                let possible = b.events.iter().filter(|event| events::possible(b, s, slot, **event));
                actions.extend(possible.map(|event| Action::Happen(slot, *event)));
            }
            if s.left.answers > 0 {
                let given = b.choices.iter().filter(|choice| person::answer(s, slot, **choice).is_some());
                actions.extend(given.map(|choice| Action::Decide(slot, *choice)));
                if s.slots[slot].answered.is_some() {
                    actions.push(Action::Copy(slot));
                }
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let b = &self.0;
        let mut s = last.clone();
        match action {
            Action::Start(p, view) => {
                spend(&mut s, !matches!(view, View::Fresh | View::Early));
                runner::start(b, &mut s, p, view);
            }
            Action::Step(p, fate) => {
                spend(&mut s, fate != crate::action::Fate::Fine);
                runner::perform(b, &mut s, p, fate);
            }
            Action::Crash(p) => {
                spend(&mut s, true);
                s.passes[p] = None;
            }
            Action::Time(seconds) => {
                s.left.jumps -= 1;
                let in_time = seconds < EXPIRED || !fates::waits_for_the_list(&s);
                s.calm &= in_time && !fates::busy(&s.passes);
                s.now += seconds;
            }
            Action::Happen(slot, event) => {
                s.left.happenings -= 1;
                s.calm = false;
                events::happen(b, &mut s, slot, event);
            }
            Action::Decide(slot, choice) => {
                s.left.answers -= 1;
                person::decide(&mut s, slot, choice);
            }
            Action::Copy(slot) => {
                s.left.answers -= 1;
                person::copy(&mut s, slot);
            }
        }
        tidy(&mut s);
        if s.broken.is_none() && !fair::is_remembered(&s) {
            s.broken = Some(Rule::Forgotten);
        }
        (s != *last).then_some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        (0..PROPERTIES.len()).map(property).collect()
    }
}

fn spend(s: &mut State, accident: bool) {
    if accident {
        s.left.faults -= 1;
        s.calm = false;
    }
}

/// What can no longer matter is forgotten, so that equal futures are one state.
fn tidy(s: &mut State) {
    let now = s.now;
    s.mails.retain(|at| now - at < MAIL_DAY);
    for slot in &mut s.slots {
        if s.left.faults == 0 {
            slot.prev = None;
        }
        if s.left.happenings == 0 {
            slot.snapshot = None;
        }
        if s.left.answers == 0 {
            slot.answered = None;
        }
    }
}

/// What the exploration of one world came to.
#[derive(Debug)]
pub struct Explored {
    /// States that were found, each counted once.
    pub states: usize,
    /// Steps from the start to the farthest state.
    pub depth: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The property that fails, and the way there, one line a step.
    pub broken: Option<(String, Vec<String>)>,
}

/// The continuation may break any rule: that one is named.
fn named(found: &'static str, at_end: Option<Rule>) -> &'static str {
    let last = PROPERTIES[PROPERTIES.len() - 1].0;
    property_of(&PROPERTIES, at_end.filter(|_| found == last)).unwrap_or(found)
}

/// The property that a rule stands for.
pub(crate) fn property_of<R: PartialEq>(
    properties: &[(&'static str, &[R])],
    rule: Option<R>,
) -> Option<&'static str> {
    let rule = rule?;
    properties.iter().find(|(_, rules)| rules.contains(&rule)).map(|(name, _)| *name)
}

/// The way to the last state, one line a step: what was done, in so many columns, and what there is then.
pub(crate) fn trace<S, A>(
    steps: Vec<(S, Option<A>)>,
    columns: usize,
    said: impl Fn(A) -> String,
    line: impl Fn(&S) -> String,
) -> (Vec<String>, Option<S>) {
    let mut lines = Vec::new();
    let mut action = "the beginning".to_owned();
    let mut last = None;
    for (state, next) in steps {
        lines.push(format!("{action:<columns$} {}", line(&state)));
        action = next.map(&said).unwrap_or_default();
        last = Some(state);
    }
    (lines, last)
}

/// Explores a world to its end, or to the first broken property. `told` names what is broken and tells the way there.
pub(crate) fn run<M>(
    model: M,
    threads: usize,
    told: impl FnOnce(&'static str, Vec<(M::State, Option<M::Action>)>) -> (String, Vec<String>),
) -> Explored
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + 'static,
    M::Action: Clone + PartialEq + Send + Sync + 'static,
{
    let began = Instant::now();
    let checker = model
        .checker()
        .threads(threads)
        .finish_when(stateright::HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let broken = checker.discoveries().into_iter().next().map(|(name, path)| told(name, path.into_vec()));
    Explored {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        seconds: began.elapsed().as_secs_f64(),
        broken,
    }
}

/// Explores a world to its end, or to the first broken property.
#[must_use]
pub fn explore(bounds: &Bounds, threads: usize) -> Explored {
    run(World(bounds.clone()), threads, |mut name, steps| {
        let (mut lines, last) = trace(steps, 44, |action| action.to_string(), describe::line);
        // What the continuation broke shows only there.
        if let Some(mut state) = last {
            state.broken = None;
            let end = fair::play(bounds, &state);
            lines.push(format!("{:<44} {}", "and if nothing goes wrong from here on", describe::line(&end)));
            name = named(name, end.broken);
        }
        (name.to_owned(), lines)
    })
}
