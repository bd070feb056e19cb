//! From every state the rollout comes to rest when nothing happens any more, and nobody is left without a word.

use std::collections::BTreeSet;

use domain::rollout::{Plan, Question, State as Entry, plan};

use super::{
    bounds::Bounds,
    events::{self, Event},
    facts::with_facts,
    pass::{self, Course},
    state::{Rule, State, id},
};

/// Passes until nothing is left to do: more than any world needs.
const PASSES: u8 = 8;

/// The state after a while without accidents; what was being deleted is gone.
pub(super) fn play(b: &Bounds, s: &State) -> State {
    let mut s = s.clone();
    for _ in 0..PASSES {
        if s.broken.is_some() {
            return s;
        }
        pass::run(b, &mut s, Course::FINE);
        for one in 0..b.people {
            if events::possible(&s, Event::Gone(one)) {
                events::happen(&mut s, Event::Gone(one));
            }
        }
    }
    s.broken = s.broken.or_else(|| at_rest(b, &s));
    s
}

fn at_rest(b: &Bounds, s: &State) -> Option<Rule> {
    let nobody = BTreeSet::new();
    let planned =
        with_facts(&s.named, &s.shipments, &nobody, s.day, |facts| plan(&s.stored, &b.desired, facts));
    let acts = !planned.begin.is_empty() || !planned.delete.is_empty() || planned.confirm;
    if planned.rollout_state != s.stored || acts {
        return Some(Rule::NoRest);
    }
    let asks = |question: Question| s.stored.holds.iter().any(|hold| hold.question == question);
    if !s.outside.is_empty() && !asks(Question::Deleted) {
        return Some(Rule::Unasked);
    }
    s.named.iter().any(|one| is_lost(s, &planned, *one)).then_some(Rule::Lost)
}

/// Named, without a key or a shipment, and neither a ceiling nor a question nor an answer says why.
fn is_lost(s: &State, planned: &Plan, one: u8) -> bool {
    let entry = id(one).and_then(|id| s.stored.ledger.0.get(&id));
    let has_one = s.shipments.contains_key(&one)
        || entry.is_some_and(|entry| {
            entry.state == Entry::Activated || (entry.state == Entry::Deleted && entry.answered)
        });
    !has_one && planned.bound.is_none() && s.stored.holds.is_empty()
}
