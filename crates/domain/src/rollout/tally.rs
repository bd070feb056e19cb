//! Counts and problems: everybody the source names is eligible or skipped, and each skip has its reason.

use std::collections::BTreeMap;

use super::{
    facts::Facts,
    ledger::{Ledger, State, count},
    people::Skip,
    turn::{against, in_flight},
};

/// Examples of one problem.
const EXAMPLES: usize = 5;

/// How many people and shipments. Members are those eligible and those skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries of the source.
    pub members: u32,
    /// Of them, those who get a key or got one.
    pub eligible: u32,
    /// Of them, those who get none, by reason.
    pub skipped: BTreeMap<Skip, u32>,
    /// Eligible, and nothing begun.
    pub waiting: u32,
    /// Keys ever begun: what counts against the budget.
    pub served: u32,
    /// Shipments on their way.
    pub in_flight: u32,
    /// People with an activated key.
    pub activated: u32,
    /// Shipments that wait for a person.
    pub held: u32,
    /// Shipments by phase.
    pub by_phase: BTreeMap<&'static str, u32>,
}

/// What a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// One word: a reason of a skip, of a held shipment, or of the rollout.
    pub reason: String,
    /// What it means and what to do.
    pub message: String,
    /// How many people, rows or events.
    pub total: u32,
    /// Some of them.
    pub examples: Vec<String>,
}

/// One word of a shipment's name that belongs to something else.
const NAME_TAKEN: &str = "NameTaken";

/// One word of people who are not there yet.
const TO_BE_CREATED: &str = "ToBeCreated";

/// One word of a shipment that somebody deleted.
const SHIPMENT_DELETED: &str = "ShipmentDeleted";

const DELETED_SAYS: &str = "Somebody deleted these people's shipments. They are made again only by a YubiKeyDecision with rolloutRef, the hold's id, action Proceed and userIDs.";

pub(super) fn tally(ledger: &Ledger, facts: &Facts<'_>) -> (Counts, Vec<Problem>) {
    let mut problems = Problems::default();
    let mut counts = Counts {
        served: ledger.served(),
        in_flight: in_flight(ledger, facts),
        activated: count(ledger.0.values().filter(|entry| entry.state == State::Activated)),
        ..Counts::default()
    };
    people(ledger, facts, &mut counts, &mut problems);
    shipments(facts, &mut counts, &mut problems);
    for (id, entry) in &ledger.0 {
        if entry.state == State::Deleted {
            problems.add(SHIPMENT_DELETED, DELETED_SAYS, id.to_string());
        }
    }
    for id in facts.foreign {
        let says = "The name of these people's shipment belongs to an object that is not this rollout's, so nothing is made for them; remove or rename that object.";
        problems.add(NAME_TAKEN, says, id.to_string());
    }
    (counts, problems.0.into_values().collect())
}

fn people(ledger: &Ledger, facts: &Facts<'_>, counts: &mut Counts, problems: &mut Problems) {
    let Some(roster) = facts.roster else { return };
    counts.members = u32::try_from(roster.total()).unwrap_or(u32::MAX);
    for member in &roster.members {
        let entry = ledger.0.get(&member.id);
        let served = entry.is_some_and(|entry| entry.times > 0 && entry.state != State::Waiting);
        let skip = if served { None } else { against(member, facts) };
        if let Some((skip, example)) = skip {
            counts.skip(skip, example, problems);
        } else {
            counts.eligible += 1;
            counts.waiting += u32::from(!served);
        }
    }
    for example in &roster.to_create {
        let says = "Okta does not know these people; they are created as staged users when their turn comes.";
        counts.eligible += 1;
        counts.waiting += 1;
        problems.add(TO_BE_CREATED, says, example.clone());
    }
    for (skip, example) in &roster.unresolved {
        counts.skip(*skip, example.clone(), problems);
    }
}

fn shipments(facts: &Facts<'_>, counts: &mut Counts, problems: &mut Problems) {
    for seen in facts.seen.values() {
        *counts.by_phase.entry(seen.phase).or_default() += 1;
        if let Some(reason) = &seen.held {
            counts.held += 1;
            let says = "These shipments wait for a person; their own status says what for and what to do.";
            problems.add(reason, says, seen.name.clone());
        }
    }
}

impl Counts {
    fn skip(&mut self, skip: Skip, example: String, problems: &mut Problems) {
        *self.skipped.entry(skip).or_default() += 1;
        problems.add(skip.as_str(), skip.says(), example);
    }
}

/// By reason and message: one word may be said of people and of shipments.
#[derive(Default)]
struct Problems(BTreeMap<(String, &'static str), Problem>);

impl Problems {
    fn add(&mut self, reason: &str, message: &'static str, example: String) {
        let problem = self.0.entry((reason.to_owned(), message)).or_insert_with(|| Problem {
            reason: reason.to_owned(),
            message: message.to_owned(),
            total: 0,
            examples: Vec::new(),
        });
        problem.total += 1;
        if problem.examples.len() < EXAMPLES {
            problem.examples.push(example);
        }
    }
}
