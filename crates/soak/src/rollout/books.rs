//! The verdict: what the rollouts say of themselves against the sandbox's own books.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;
use testbed::{
    folder::{self, Folder},
    leaks, objects,
    setup::Fault,
};

use super::cast::{Cast, Fate};
use crate::audit::{Verdict, alarms, evidence::Evidence, explained, journal, orders, pins};

/// Reasons of a shipment that yielded to another key of the same person.
const YIELDED: [&str; 2] = ["AnotherOrderForUser", "ExistingKey"];

/// Calls that follow a parcel: as many as the clock of the run asks for, not as the road does.
const POLLS: [&str; 3] = ["GetFPRShipmentById", "GetShipmentExactById", "ListShipmentsExact"];

/// Calls that read who is to get a key; as many as the sources' intervals ask for.
const SOURCES: [&str; 4] = ["listUsers", "listGroups", "listGroupUsers", "listLogEvents"];

/// The line's members, in its order.
#[derive(Debug, Default, Serialize)]
struct Sums {
    seed: u64,
    users: usize,
    members: u64,
    eligible: u64,
    skipped: BTreeMap<String, u64>,
    orders: usize,
    activated: usize,
    yielded: usize,
    held: usize,
    kills: usize,
    double_orders: usize,
    lost_orders: usize,
    early_pins: usize,
    leaks: usize,
    miscounted: usize,
    unexplained: usize,
    calls_per_order: f64,
    polls_per_order: f64,
    source_calls: usize,
}

/// Judges a run's folder.
pub(super) fn audit(folder: &Folder) -> Result<Verdict, Fault> {
    let evidence = Evidence::load(folder)?;
    let cast: Cast = folder.load(folder::CAST)?;
    let rollouts: Vec<Value> = folder.load(folder::ROLLOUTS)?;
    let shipments: Vec<Value> = folder.load(folder::SHIPMENTS)?;
    let mut sums = count(&evidence, &cast, &rollouts, &shipments);
    let double = orders::double(&evidence);
    let lost = orders::lost(&evidence);
    let early = pins::early(&evidence.journal);
    let leaks = leaks::find(folder)?;
    let dry: Vec<Value> = folder.load(folder::DRY)?;
    let in_dry = dry.iter().flat_map(|rollout| miscounted_dry(rollout, &cast));
    let at_end = rollouts.iter().flat_map(|rollout| miscounted(rollout, &cast, &evidence.state));
    let miscounted: Vec<_> = in_dry.chain(at_end).collect();
    let unexplained = [unexplained(&evidence, &cast, &rollouts), alarms::find(folder)?].concat();
    sums.double_orders = double.len();
    sums.lost_orders = lost.len();
    sums.early_pins = early.len();
    sums.leaks = leaks.len();
    sums.miscounted = miscounted.len();
    sums.unexplained = unexplained.len();
    let findings = [double, lost, early, leaks, miscounted, unexplained].concat();
    Ok(Verdict { line: serde_json::to_string(&sums)?, is_good: findings.is_empty(), findings })
}

fn count(evidence: &Evidence, cast: &Cast, rollouts: &[Value], shipments: &[Value]) -> Sums {
    let orders = evidence.journal.done(journal::ORDER).count();
    let polls = evidence.journal.all().filter(|call| POLLS.contains(&&*call.operation)).count();
    let source_calls = evidence.journal.all().filter(|call| SOURCES.contains(&&*call.operation)).count();
    let others = evidence.journal.all().count() - polls - source_calls;
    let mut sums = Sums {
        seed: evidence.pages.seed,
        users: cast.users,
        orders,
        kills: evidence.pages.kills.len(),
        calls_per_order: per(others, orders),
        polls_per_order: per(polls, orders),
        source_calls,
        ..Sums::default()
    };
    for rollout in rollouts {
        sums.members += number(rollout, "members");
        sums.eligible += number(rollout, "eligible");
        for (reason, count) in skipped(rollout) {
            *sums.skipped.entry(reason).or_default() += count;
        }
    }
    for shipment in shipments {
        match objects::end(shipment) {
            Some(objects::End::Activated) => sums.activated += 1,
            Some(objects::End::Held) if yielded(shipment) => sums.yielded += 1,
            Some(objects::End::Held) => sums.held += 1,
            _ => {}
        }
    }
    sums
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people, with one digit")]
fn per(calls: usize, orders: usize) -> f64 {
    if orders == 0 { 0.0 } else { (calls as f64 / orders as f64 * 10.0).round() / 10.0 }
}

fn number(rollout: &Value, member: &str) -> u64 {
    rollout["status"]["counts"][member].as_u64().unwrap_or(0)
}

fn skipped(rollout: &Value) -> BTreeMap<String, u64> {
    let all = rollout.pointer("/status/counts/skippedByReason").and_then(Value::as_object);
    let all = all.into_iter().flatten();
    all.map(|(reason, count)| (reason.clone(), count.as_u64().unwrap_or(0))).collect()
}

/// What a rollout tells, held against the books.
struct Tally<'a> {
    rollout: &'a Value,
    skipped: BTreeMap<String, u64>,
    found: Vec<String>,
}

impl<'a> Tally<'a> {
    /// With what must hold for each: members are eligible plus skipped.
    fn of(rollout: &'a Value) -> Self {
        let mut tally = Self { rollout, skipped: skipped(rollout), found: Vec::new() };
        let all: u64 = tally.skipped.values().sum();
        tally.equal("skipped", number(rollout, "skipped"), all);
        tally.equal("members", number(rollout, "members"), number(rollout, "eligible") + all);
        tally
    }

    fn told(&self, reason: &str) -> u64 {
        self.skipped.get(reason).copied().unwrap_or(0)
    }

    fn equal(&mut self, what: &str, told: u64, books: u64) {
        if told != books {
            let name = objects::text(self.rollout, "/metadata/name");
            self.found
                .push(format!("miscounted: rollout {name} tells {told} {what}, the books have {books}"));
        }
    }

    /// What no order changes.
    fn as_in(&mut self, source: &Source, cast: &Cast) {
        let members = source.people.len() as u64 + source.doubles + source.strangers;
        self.equal("members", number(self.rollout, "members"), members);
        self.equal("double entries", self.told("DoubleEntry"), source.doubles);
        self.equal("people whom Okta does not know", self.told("UserNotFound"), source.strangers);
        self.equal("suspended people", self.told("UserStatus"), source.count(cast, Fate::Suspended));
        self.equal("people without a city", self.told("InvalidRecipient"), source.count(cast, Fate::NoCity));
    }
}

/// What does not add up in one dry run.
fn miscounted_dry(rollout: &Value, cast: &Cast) -> Vec<String> {
    let mut tally = Tally::of(rollout);
    let groups = cast.first_group().chain(cast.second_group()).map(|person| person.id.clone()).collect();
    let Some(source) = source(objects::text(rollout, "/metadata/name"), cast, groups) else {
        return tally.found;
    };
    tally.as_in(&source, cast);
    tally.equal("eligible people", number(rollout, "eligible"), source.served(cast));
    tally.equal("people with a key", tally.told("PreRegisteredKey"), source.count(cast, Fate::HasKey));
    tally.found
}

/// What does not add up in one rollout at the end.
fn miscounted(rollout: &Value, cast: &Cast, state: &Value) -> Vec<String> {
    let mut tally = Tally::of(rollout);
    let Some(source) = source(objects::text(rollout, "/metadata/name"), cast, grouped(state)) else {
        return tally.found;
    };
    tally.as_in(&source, cast);
    // Whoever another rollout served first has a key by now, or will have one.
    let told = number(rollout, "eligible") + tally.told("PreRegisteredKey") + tally.told("OrderedElsewhere");
    let books = source.served(cast) + source.count(cast, Fate::HasKey);
    tally.equal("eligible people and people with a key", told, books);
    tally.found
}

/// Whom a source names.
struct Source {
    people: BTreeSet<String>,
    doubles: u64,
    strangers: u64,
}

impl Source {
    fn count(&self, cast: &Cast, fate: Fate) -> u64 {
        let fates = fates(cast);
        self.people.iter().filter(|id| fates.get(id.as_str()) == Some(&fate)).count() as u64
    }

    fn served(&self, cast: &Cast) -> u64 {
        self.count(cast, Fate::Fine) + self.count(cast, Fate::Newcomer)
    }
}

/// By the books; `None` for the console, whose people are events.
fn source(name: &str, cast: &Cast, groups: BTreeSet<String>) -> Option<Source> {
    match name {
        "list" => Some(Source {
            people: cast.listed().map(|person| person.id.clone()).collect(),
            doubles: 1,
            strangers: 1,
        }),
        "group" => Some(Source { people: groups, doubles: 0, strangers: 0 }),
        _ => None,
    }
}

fn grouped(state: &Value) -> BTreeSet<String> {
    let orgs = state["orgs"].as_array().into_iter().flatten();
    let groups = orgs.flat_map(|org| org["groups"].as_array().into_iter().flatten());
    let ours =
        groups.filter(|group| group["name"].as_str().is_some_and(|name| name.starts_with("YubiKey 5")));
    let members = ours.flat_map(|group| group["members"].as_array().into_iter().flatten());
    members.filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

fn fates(cast: &Cast) -> HashMap<&str, Fate> {
    cast.people.iter().map(|person| (person.id.as_str(), person.fate)).collect()
}

/// Orders for people who should get none, people who should have one and have none, shipments without an end. A kill in
/// the middle of a call may leave a hold that only a person can end: such a person is accounted for.
fn unexplained(evidence: &Evidence, cast: &Cast, rollouts: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let asked = asked(cast, &evidence.state);
    let held = held(evidence);
    for person in &cast.people {
        let standing = orders::standing(evidence, &person.id).len();
        let wanted = person.fate.is_served() && asked.contains(person.id.as_str());
        if wanted && standing != 1 && !held.contains(person.id.as_str()) {
            found.push(format!("unexplained: {} has {standing} orders that stand", person.login));
        }
        if !person.fate.is_served() && standing > 0 {
            found.push(format!("unexplained: {} ({:?}) was ordered for", person.login, person.fate));
        }
    }
    for declared in &evidence.pages.shipments {
        let object = evidence.shipments.of(declared);
        if object.is_some_and(yielded) {
            continue;
        }
        if let Some(why) = explained::why_not(evidence, declared) {
            found.push(format!("unexplained: {}/{} {why}", declared.namespace, declared.name));
        }
    }
    found.extend(rollouts.iter().filter(|rollout| objects::reason(rollout).is_empty()).map(|rollout| {
        format!("unexplained: rollout {} says nothing", objects::text(rollout, "/metadata/name"))
    }));
    found
}

fn yielded(shipment: &Value) -> bool {
    objects::end(shipment) == Some(objects::End::Held) && YIELDED.contains(&objects::reason(shipment))
}

/// People whose shipment waits for an answer, and has not only yielded.
fn held(evidence: &Evidence) -> BTreeSet<&str> {
    let waits = |shipment: &Value| objects::end(shipment) == Some(objects::End::Held) && !yielded(shipment);
    let all = evidence.pages.shipments.iter();
    all.filter(|declared| evidence.shipments.of(declared).is_some_and(waits))
        .map(|declared| declared.user_id.as_str())
        .collect()
}

/// Everybody whom a source names at the end.
fn asked<'a>(cast: &'a Cast, state: &Value) -> BTreeSet<&'a str> {
    let grouped = grouped(state);
    let in_group = cast.people.iter().filter(|person| grouped.contains(&person.id));
    cast.listed().chain(cast.clicked()).chain(in_group).map(|person| person.id.as_str()).collect()
}
