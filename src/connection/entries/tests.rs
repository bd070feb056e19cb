use domain::failure::Reason;
use futures::{FutureExt, StreamExt};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn object(uid: &str) -> YubiKeyConnection {
    serde_json::from_value(json!({
        "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection",
        // One name for all: what tells them apart is the uid.
        "metadata": {"name": "acme", "uid": uid},
        "spec": {
            "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {}, "keys": [],
            "allowedNamespaces": {"from": "All"},
        },
    }))
    .unwrap()
}

fn faulty(message: &str) -> Connection {
    Connection::Faulty(Failure::new(Reason::OktaUnauthorized, message))
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

#[test]
fn a_connection_that_was_made_again_knows_nothing_of_the_one_before() {
    let registry = ConnectionEntries::default();
    registry.note(&Event::Apply(object("one")));
    registry.set("one", faulty("x"));
    registry.report("one");
    let before = registry.version("one");
    registry.note(&Event::Delete(object("one")));
    registry.note(&Event::Apply(object("two")));
    assert!(
        registry.get("two").is_none() && !registry.is_reported("two") && registry.examined("two").is_none()
    );
    assert_eq!(registry.version("two"), ConnectionVersion::default());
    registry.set("two", faulty("x"));
    assert_ne!(registry.version("two"), before, "the same fault under the same name is another connection's");
    assert!(registry.get("one").is_none());
}

fn at_version(uid: &str, version: u64) -> Arc<YubiKeyConnection> {
    let mut object = object(uid);
    object.metadata.resource_version = Some(version.to_string());
    Arc::new(object)
}

/// On the object as watched a fault that was just written is not there yet: its end would not be told either.
#[test]
fn what_was_written_counts_until_the_watch_shows_it() {
    let entries = ConnectionEntries::default();
    entries.note(&Event::Apply(object("one")));
    let version = |watched| entries.newest(at_version("one", watched)).metadata.resource_version.clone();
    assert_eq!(version(4).as_deref(), Some("4"));
    entries.note_written(&at_version("one", 7));
    assert_eq!(version(4).as_deref(), Some("7"));
    assert_eq!(version(9).as_deref(), Some("9"));
    assert_eq!(version(4).as_deref(), Some("4"), "it is kept no longer than needed");
    entries.note_written(&at_version("two", 7));
    let another = entries.newest(at_version("two", 4));
    assert_eq!(
        another.metadata.resource_version.as_deref(),
        Some("4"),
        "nothing is kept of what is not there"
    );
}

#[test]
fn what_is_found_of_a_connection_after_it_went_is_dropped() {
    let registry = ConnectionEntries::default();
    registry.note(&Event::Apply(object("one")));
    registry.note(&Event::Delete(object("one")));
    registry.set("one", faulty("found too late"));
    assert!(registry.get("one").is_none());
}

#[test]
fn one_that_went_while_nobody_watched_goes_with_the_next_list() {
    let registry = ConnectionEntries::default();
    for uid in ["one", "two"] {
        registry.note(&Event::Apply(object(uid)));
        registry.set(uid, faulty(uid));
    }
    let mut changes = Box::pin(registry.changes());
    registry.note(&Event::Init);
    registry.note(&Event::InitApply(object("two")));
    assert!(registry.get("one").is_some(), "a list that is under way says nothing yet");
    registry.note(&Event::InitDone);
    assert!(registry.get("one").is_none() && registry.get("two").is_some());
    assert!(changes.next().now_or_never().is_some(), "its shipments are told");
}

#[test]
fn one_persons_refusal_is_no_report_and_two_are() {
    let registry = ConnectionEntries::default();
    registry.note(&Event::Apply(object("one")));
    for _ in 0..100 {
        registry.report_person("one", &user("00u1"));
    }
    assert!(!registry.is_reported("one"));
    registry.report_person("one", &user("00u2"));
    assert!(registry.is_reported("one"));
    registry.take_report("one");
    registry.report_person("one", &user("00u2"));
    assert!(!registry.is_reported("one"));
}

proptest! {
    /// Whatever comes and goes under one name, no two versions that differ have the same number.
    #[test]
    fn no_number_is_given_twice(steps in proptest::collection::vec((0u8..3, 0u8..3, 0u8..3), 1..40)) {
        let registry = ConnectionEntries::default();
        let mut seen: Vec<(ConnectionVersion, (u8, u8))> = Vec::new();
        for (what, which, fault) in steps {
            let uid = which.to_string();
            match what {
                0 => registry.note(&Event::Apply(object(&uid))),
                1 => registry.note(&Event::Delete(object(&uid))),
                _ => registry.set(&uid, faulty(&fault.to_string())),
            }
            let stand = registry.version(&uid);
            if what == 2 && registry.get(&uid).is_some() {
                let known = seen.iter().find(|(known, _)| known.epoch == stand.epoch);
                prop_assert!(known.is_none_or(|(_, of)| *of == (which, fault)), "{stand:?} {seen:?}");
                seen.push((stand, (which, fault)));
            }
        }
    }
}
