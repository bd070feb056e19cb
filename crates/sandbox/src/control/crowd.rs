//! Many people at once, for a rollout to a whole company.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::control::request::{body, done, org_index, refused};
use crate::http::{Answer, Call};
use crate::okta::logs::membership_changed;
use crate::okta::people::profile_faults;
use crate::okta::users::add_person;
use crate::world::World;

/// More than this at a time would keep the world locked for too long.
const MOST: usize = 5000;

/// Good addresses of the countries that the first Yubico organization ships to: street, city, region, postal code, country.
const PLACES: [[&str; 5]; 8] = [
    ["41 Maple Street", "Boston", "MA", "02108", "US"],
    ["7 Harbour View Road", "Halifax", "NS", "B3H 1A1", "CA"],
    ["Ahornallee 12", "Berlin", "", "14050", "DE"],
    ["3 Orchard Lane", "Leeds", "", "LS1 4DY", "GB"],
    ["18 rue des Lilas", "Lyon", "", "69003", "FR"],
    ["Lindelaan 5", "Utrecht", "", "3512 AB", "NL"],
    ["Storgatan 9", "Uppsala", "", "753 31", "SE"],
    ["22 Park Avenue", "Portland", "OR", "97201", "US"],
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Crowd {
    count: usize,
    /// Begins every login; a crowd of the same prefix goes on where the last one ended.
    #[serde(default = "prefix")]
    prefix: String,
    #[serde(default = "active")]
    status: String,
    /// Id or name of a group that all of them join.
    group: Option<String>,
    /// Laid over every profile; null takes an attribute away.
    #[serde(default)]
    profile: Map<String, Value>,
    /// Whether the log tells who joined the group.
    #[serde(default = "yes")]
    events: bool,
}

fn prefix() -> String {
    "user".into()
}

fn active() -> String {
    "ACTIVE".into()
}

fn yes() -> bool {
    true
}

fn profile(prefix: &str, number: usize, over: &Map<String, Value>) -> Map<String, Value> {
    let [street, city, region, zip, country] = PLACES[number % PLACES.len()];
    let login = format!("{prefix}{number:05}@example.com");
    let mut profile = Map::new();
    for (name, value) in [
        ("login", login.clone()),
        ("email", login),
        ("secondEmail", format!("{prefix}{number:05}@private.example")),
        ("firstName", "Pat".into()),
        ("lastName", format!("Doe {number:05}")),
        ("organization", "Example Inc".into()),
        ("primaryPhone", format!("+1 617-555-{number:05}")),
        ("streetAddress", format!("{street}, Unit {number}")),
        ("city", city.into()),
        ("state", region.into()),
        ("zipCode", zip.into()),
        ("countryCode", country.into()),
    ] {
        profile.insert(name.into(), Value::String(value));
    }
    for (name, value) in over {
        if value.is_null() {
            profile.remove(name);
        } else {
            profile.insert(name.clone(), value.clone());
        }
    }
    profile
}

/// `POST /people/many`: `{count, prefix?, status?, group?, profile?, events?}`; the answer is `[{id, login}]`.
pub(crate) fn create(world: &mut World, call: &Call) -> Answer {
    let index = org_index(world, call)?;
    let crowd: Crowd = body(call)?;
    if crowd.count > MOST {
        return Err(refused(400, "at most 5000 at a time"));
    }
    let group = match &crowd.group {
        None => None,
        Some(key) => Some(
            world
                .org(index)
                .groups
                .iter()
                .position(|group| group.id == *key || group.name == *key)
                .ok_or_else(|| refused(404, "there is no such group"))?,
        ),
    };
    let first = world.org(index).people.iter().filter(|person| is_of(person.login(), &crowd.prefix)).count();
    let mut made = Vec::with_capacity(crowd.count);
    for number in first..first + crowd.count {
        let profile = profile(&crowd.prefix, number, &crowd.profile);
        let faults = profile_faults(&profile);
        if !faults.is_empty() {
            return Err(refused(400, &faults.join("; ")));
        }
        let login = profile["login"].clone();
        let id = add_person(world, index, profile, &crowd.status);
        made.push(json!({"id": id, "login": login}));
        if let Some(at) = group {
            let org = world.org(index);
            org.groups[at].members.push(id.clone());
            if crowd.events {
                let group = org.groups[at].clone();
                membership_changed(org, &group, &id, true);
            }
        }
    }
    done(&Value::Array(made))
}

/// The prefix and digits, nothing else.
fn is_of(login: &str, prefix: &str) -> bool {
    let number = login.strip_prefix(prefix).and_then(|rest| rest.split('@').next());
    number.is_some_and(|number| number.len() == 5 && number.bytes().all(|b| b.is_ascii_digit()))
}
