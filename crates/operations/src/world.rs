//! A world: a connection, a namespace and people of its own, so that many sequences run side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testbed::{people::profile, setup::Fault, vendors::Org};
use tokio::sync::Mutex;

use crate::{bed::Bed, known::PEOPLE, oracle::Violation};

/// Somebody at Okta.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub login: String,
    pub id: String,
}

/// Whose orders a policy may have let go of.
#[derive(Debug, Clone, Default)]
pub(crate) struct LetGo {
    /// By a shipment of theirs.
    people: BTreeSet<String>,
    /// By the connection or a rollout: anybody's.
    everybody: bool,
}

impl LetGo {
    /// Notes a spec, or a change of one, that may say so: by the policy Orphan, or by another cluster that orders, for
    /// then a deletion here touches no vendor. `person`: whose it is, if it is one person's.
    pub(crate) fn note(&mut self, spec: &Value, person: Option<&Person>) {
        let elsewhere =
            ["none", "another-cluster"].contains(&spec["orderingCluster"].as_str().unwrap_or_default());
        if !elsewhere && !spec.to_string().contains("\"Orphan\"") {
            return;
        }
        match person {
            Some(person) => drop(self.people.insert(person.id.clone())),
            None => self.everybody = true,
        }
    }

    /// May an order of this person stand alone?
    pub(crate) fn covers(&self, user: &str) -> bool {
        self.everybody || self.people.contains(user)
    }
}

/// Why somebody may have one order more than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A spec says so.
    OrderAnother,
    /// A person answered a question about an order or an enrolment.
    Answered,
    /// An admin removed enrolments at Okta.
    EnrolmentsRemoved,
    /// The vendor's books say that the parcel failed.
    ParcelFailed,
    /// The order was deleted in the Console.
    Deleted,
}

impl Cause {
    /// May the order that stands be nobody's to follow from then on?
    const fn lets_go(self) -> bool {
        matches!(self, Self::Answered | Self::ParcelFailed | Self::Deleted)
    }
}

/// What was allowed for one person.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed(Vec<Cause>);

impl Allowed {
    /// How many orders may stand.
    pub(crate) fn orders(&self) -> usize {
        1 + self.0.len()
    }

    /// May an order stand that nobody follows?
    pub(crate) fn lets_go(&self) -> bool {
        self.0.iter().any(|cause| cause.lets_go())
    }
}

/// What was done to a world, as far as the oracles must know.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub violations: Vec<Violation>,
    /// People for whom an answer, a spec or a hand at the vendors allowed another key, once for each time.
    pub allowed: BTreeMap<String, Allowed>,
    /// Whose orders a policy may have let go of.
    pub let_go: LetGo,
    /// Answers that were given: name of the decision, kind, object and hold.
    pub answers: Vec<Answer>,
    /// Steps that did something, that the API server refused, and that found nothing to do.
    pub done: usize,
    pub refused: usize,
    pub idle: usize,
}

/// An answer that was given.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub name: String,
    pub kind: crate::step::Kind,
    pub object: String,
    pub hold: String,
    pub action: String,
    /// It is not what the hold waits for.
    pub odd: bool,
}

/// What one run plays with: a connection, a namespace and people of its own.
pub(crate) struct World {
    /// Name of the connection and of the namespace.
    pub tag: String,
    pub org: Org,
    pub people: Vec<Person>,
    /// The connection's spec at first.
    pub base: Value,
    pub notes: Mutex<Notes>,
}

impl World {
    /// A fresh one; nothing of another one of the same number is left in it.
    pub(crate) async fn build(bed: &Bed, tag: &str) -> Result<Self, Fault> {
        let org = bed.vendors.open(tag).await?;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let login = format!("person-{number}@{tag}.example");
            let body = json!({"profile": profile(number, &login), "status": if number % 3 == 0 { "STAGED" } else { "ACTIVE" }});
            let made = bed.vendors.post(&format!("/people?org={}", org.okta()), body).await?;
            people.push(Person { login, id: made["id"].as_str().unwrap_or_default().to_owned() });
        }
        let members: Vec<_> = people.iter().take(2).map(|person| person.id.clone()).collect();
        let group = json!({"name": tag, "members": members});
        bed.vendors.post(&format!("/groups?org={}", org.okta()), group).await?;
        bed.cluster.make_namespace(tag).await?;
        let base = bed.connection(&org);
        bed.cluster.connect(tag, &base).await?;
        Ok(Self { tag: tag.to_owned(), org, people, base, notes: Mutex::default() })
    }

    /// A spec with this world's names in the place of numbers.
    pub(crate) fn resolve(&self, bed: &Bed, spec: &Value) -> Value {
        match spec {
            Value::String(text) => self.name(bed, text),
            Value::Array(all) => all.iter().map(|value| self.resolve(bed, value)).collect(),
            Value::Object(all) => {
                let all = all.iter().map(|(name, value)| (name.clone(), self.resolve(bed, value)));
                Value::Object(all.collect())
            }
            _ => spec.clone(),
        }
    }

    fn name(&self, bed: &Bed, text: &str) -> Value {
        let person = |number: &str| number.parse().ok().and_then(|number: usize| self.people.get(number));
        let name = match text.split_once(':').unwrap_or((text, "")) {
            ("@login", number) => person(number).map(|person| person.login.clone()),
            ("@id", number) => person(number).map(|person| person.id.clone()),
            ("@connection" | "@namespace" | "@group", "") => Some(self.tag.clone()),
            ("@cluster", "") => Some(bed.bound_to.clone()),
            _ => None,
        };
        json!(name.unwrap_or_else(|| text.to_owned()))
    }

    /// Whose shipment it is, by its spec.
    pub(crate) fn person_of(&self, spec: &Value) -> Option<&Person> {
        let user = &spec["userRef"];
        self.people.iter().find(|person| user["login"] == *person.login || user["id"] == *person.id)
    }

    pub(crate) async fn allow(&self, user: &str, cause: Cause) {
        self.notes.lock().await.allowed.entry(user.to_owned()).or_default().0.push(cause);
    }

    pub(crate) async fn violated(&self, oracle: &'static str, what: String) {
        let found = Violation { oracle: oracle.to_owned(), what };
        let mut notes = self.notes.lock().await;
        if !notes.violations.contains(&found) {
            notes.violations.push(found);
        }
    }
}
