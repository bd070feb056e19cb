//! Who there is, what is wrong with whom, and which source names whom. The sources overlap on purpose.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use testbed::{
    people::profile,
    setup::Fault,
    vendors::{Org, Vendors},
};

/// Names of the rollouts, and of their namespaces.
pub(crate) const SOURCES: [&str; 3] = ["list", "group", "console"];

/// Why a person gets no key, if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fate {
    /// Nothing is wrong.
    Fine,
    /// Nothing is wrong, and the account is not activated yet.
    Newcomer,
    /// Suspended at Okta.
    Suspended,
    /// Has a pre-registered key.
    HasKey,
    /// The profile lacks the city.
    NoCity,
}

impl Fate {
    /// The same people whenever it is played: one in ten has something wrong.
    fn of(number: usize) -> Self {
        match number % 30 {
            7 => Self::Suspended,
            13 => Self::HasKey,
            22 => Self::NoCity,
            n if n % 3 == 0 => Self::Newcomer,
            _ => Self::Fine,
        }
    }

    /// Is a key ordered?
    pub(crate) const fn is_served(self) -> bool {
        matches!(self, Self::Fine | Self::Newcomer)
    }
}

/// One person at Okta, and what is to become of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub login: String,
    pub id: String,
    pub fate: Fate,
}

/// Everybody, by number.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cast {
    pub people: Vec<Person>,
    /// So many are in a source from the beginning; the others join the group later.
    pub users: usize,
}

/// So many join the group while orders are placed.
const JOINERS: usize = 4;

/// So many leave it: fewer than the brake stops.
const LEAVERS: usize = 2;

impl Cast {
    /// Creates everybody at Okta.
    pub(crate) async fn gather(vendors: &Vendors, org: &Org, users: usize) -> Result<Self, Fault> {
        let mut people = Vec::new();
        for number in 0..users + JOINERS {
            people.push(create(vendors, org, number).await?);
        }
        Ok(Self { people, users })
    }

    fn part(&self, from: usize, to: usize) -> Range<usize> {
        self.users * from / 8..self.users * to / 8
    }

    fn some(&self, numbers: Range<usize>) -> impl Iterator<Item = &Person> {
        self.people.get(numbers).unwrap_or_default().iter()
    }

    /// The list: half of all.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Person> {
        self.some(self.part(0, 4))
    }

    /// The first group: a quarter of all from the list, and another that is in no list.
    pub(crate) fn first_group(&self) -> impl Iterator<Item = &Person> {
        self.some(self.part(2, 6))
    }

    /// The second group; its first members are in the first one too.
    pub(crate) fn second_group(&self) -> impl Iterator<Item = &Person> {
        self.some(self.part(5, 7))
    }

    /// For whom the button is pressed: those in no other source, and a few from the list.
    pub(crate) fn clicked(&self) -> impl Iterator<Item = &Person> {
        let served = self.some(self.part(0, 4)).filter(|person| person.fate.is_served()).take(3);
        self.some(self.part(7, 8)).chain(served)
    }

    /// Who joins the first group later.
    pub(crate) fn joiners(&self) -> impl Iterator<Item = &Person> {
        self.some(self.users..self.people.len())
    }

    /// Who leaves the second group: from its end, so that they are in no other source.
    pub(crate) fn leavers(&self) -> impl Iterator<Item = &Person> {
        let end = self.some(self.part(6, 7)).filter(|person| person.fate.is_served());
        end.collect::<Vec<_>>().into_iter().rev().take(LEAVERS)
    }
}

async fn create(vendors: &Vendors, org: &Org, number: usize) -> Result<Person, Fault> {
    let login = format!("person-{number:05}@org.example");
    let fate = Fate::of(number);
    let mut profile = profile(number, &login);
    let mut status = "ACTIVE";
    match fate {
        Fate::NoCity => profile["city"] = Value::Null,
        Fate::Newcomer => status = "STAGED",
        Fate::Suspended => status = "SUSPENDED",
        Fate::Fine | Fate::HasKey => {}
    }
    let at_org = format!("?org={}", org.okta());
    let made =
        vendors.post(&format!("/people{at_org}"), json!({"profile": profile, "status": status})).await?;
    let id = made["id"].as_str().unwrap_or_default().to_owned();
    if fate == Fate::HasKey {
        vendors.post(&format!("/people/{id}/enrollments{at_org}"), json!({"ageMinutes": 600})).await?;
    }
    Ok(Person { login, id, fate })
}
