//! A person as the API shows one, and profiles as the API takes them.

use serde_json::{Map, Value, json};

use crate::okta::time::okta_time;
use crate::secrets::Secrets;
use crate::world::Person;

/// Attributes that must be shorter than this, as Okta documents them.
const LIMITS: [(&str, usize); 12] = [
    ("firstName", 50),
    ("lastName", 50),
    ("login", 100),
    ("email", 100),
    ("secondEmail", 100),
    ("primaryPhone", 100),
    ("mobilePhone", 100),
    ("streetAddress", 1024),
    ("city", 128),
    ("state", 128),
    ("zipCode", 50),
    ("countryCode", 2),
];

/// A full user object.
pub(crate) fn view(base_url: &str, person: &Person) -> Value {
    let time = |at: Option<jiff::Timestamp>| at.map_or(Value::Null, |at| json!(okta_time(at)));
    let mut profile = person.profile.clone();
    for nullable in ["secondEmail", "mobilePhone"] {
        profile.entry(nullable).or_insert(Value::Null);
    }
    json!({
        "id": person.id, "status": person.status, "created": okta_time(person.created), "activated": time(person.activated),
        "statusChanged": time(person.status_changed), "lastLogin": time(person.last_login),
        "lastUpdated": okta_time(person.last_updated), "passwordChanged": null, "type": {"id": "otySandbox0000000001"},
        "profile": profile, "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": {"href": format!("{base_url}/api/v1/users/{}", person.id)}},
    })
}

/// What is wrong with a profile, a sentence a fault.
pub(crate) fn profile_faults(profile: &Map<String, Value>) -> Vec<String> {
    let text = |name: &str| profile.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut faults: Vec<String> = ["firstName", "lastName", "email", "login"]
        .iter()
        .filter(|name| text(name).is_empty())
        .map(|name| format!("{name}: The field cannot be left blank"))
        .collect();
    for (name, limit) in LIMITS {
        if text(name).chars().count() > limit {
            faults.push(format!("{name}: The field is too long"));
        }
    }
    if profile.values().any(Value::is_object) {
        faults.push("profile: attributes must be simple values".into());
    }
    faults
}

/// Notes what of a profile must not show up anywhere but at Yubico.
pub(crate) fn note_secrets(secrets: &mut Secrets, profile: &Map<String, Value>) {
    for (name, kind) in [
        ("streetAddress", "street"),
        ("customUnit", "street"),
        ("primaryPhone", "phone"),
        ("mobilePhone", "phone"),
    ] {
        if let Some(value) = profile.get(name).and_then(Value::as_str) {
            secrets.add(kind, value);
        }
    }
}
