//! What an object that cannot be decoded may have done. In doubt it did: an unreadable mark bars others as an open one.

use std::collections::BTreeSet;

use api::{
    DEFAULT_CONNECTION,
    rollout::{LedgerState, ROLLOUT_LABEL},
    shipment::{EnrollmentOutcome, KeyRef, OrderOutcome},
};
use serde_json::Value;

use crate::kubernetes::index::IndexKey;

/// What of an undecodable object concerns others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traces {
    /// What it is found under.
    pub index_keys: Vec<IndexKey>,
    /// Of a shipment: the connection it names.
    pub connection: String,
    /// Of a shipment: the Okta org that it was ordered under.
    pub okta_org: Option<String>,
    /// Of a shipment: the Okta user id in its spec.
    pub user: Option<String>,
    /// Of a shipment: its key.
    pub key: Option<KeyRef>,
    /// Of a shipment: it may have a mark or an enrolment that is not over.
    pub open: bool,
    /// Of a shipment: it is at its end and bars nobody.
    pub finished: bool,
    /// Of a rollout: people for whom it may be about to make a shipment.
    pub begun: BTreeSet<String>,
}

fn text(object: &Value, pointer: &str) -> Option<String> {
    object.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn is_there(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).is_some_and(|value| !value.is_null())
}

/// What stands as the outcome of a part.
#[derive(Debug, PartialEq, Eq)]
enum Outcome<T> {
    Nothing,
    Unknown,
    Known(T),
}

fn outcome<T: serde::de::DeserializeOwned>(object: &Value, part: &str) -> Outcome<T> {
    let Some(part) = object.pointer(part).filter(|part| !part.is_null()) else { return Outcome::Nothing };
    let known = part.get("outcome").and_then(|outcome| serde_json::from_value(outcome.clone()).ok());
    known.map_or(Outcome::Unknown, Outcome::Known)
}

/// Traces of a shipment.
pub fn of_shipment(object: &Value) -> Traces {
    let connection =
        text(object, "/spec/connectionRef/name").unwrap_or_else(|| DEFAULT_CONNECTION.to_owned());
    let finished = is_finished(object);
    let open = !finished && is_open(object);
    let user = text(object, "/spec/userRef/id");
    Traces {
        index_keys: index_keys(object, &connection, user.as_deref(), open),
        okta_org: text(object, "/status/org/okta"),
        key: object.pointer("/spec/key").and_then(|key| serde_json::from_value(key.clone()).ok()),
        connection,
        user,
        open,
        finished,
        begun: BTreeSet::new(),
    }
}

fn index_keys(object: &Value, connection: &str, user: Option<&str>, open: bool) -> Vec<IndexKey> {
    let namespace = text(object, "/metadata/namespace").unwrap_or_default();
    let label = object.pointer("/metadata/labels").and_then(|labels| labels.get(ROLLOUT_LABEL));
    let rollout = label.and_then(Value::as_str).map(str::to_owned);
    let mut index_keys = vec![IndexKey::Connection(connection.to_owned())];
    index_keys.extend(rollout.map(|rollout| IndexKey::Rollout { namespace: namespace.clone(), rollout }));
    // All that name somebody: which of them counts is not told by an object that is not understood.
    index_keys.extend(user.map(|id| IndexKey::Person(id.to_owned())));
    index_keys.extend(text(object, "/status/userId").map(IndexKey::Person));
    index_keys.extend(text(object, "/spec/userRef/login").map(|login| IndexKey::login(&login)));
    index_keys.extend(text(object, "/status/order/shipmentId").map(IndexKey::Order));
    index_keys.extend(text(object, "/status/enrollment/id").map(IndexKey::Enrollment));
    if open {
        index_keys.push(IndexKey::Open { namespace, connection: connection.to_owned() });
    }
    index_keys
}

fn is_open(object: &Value) -> bool {
    let enrolled = match outcome::<EnrollmentOutcome>(object, "/status/enrollment") {
        Outcome::Known(known) => matches!(known, EnrollmentOutcome::Open | EnrollmentOutcome::Made),
        Outcome::Unknown => true,
        Outcome::Nothing => false,
    };
    let ordered = match outcome::<OrderOutcome>(object, "/status/order") {
        Outcome::Known(known) => {
            matches!(known, OrderOutcome::Open | OrderOutcome::Unknown | OrderOutcome::Accepted)
        }
        Outcome::Unknown => true,
        Outcome::Nothing => false,
    };
    let opaque = object.get("status").is_some_and(|status| !status.is_null() && !status.is_object());
    enrolled || ordered || opaque
}

/// As of a shipment that can be decoded; what is not understood is not at its end.
fn is_finished(object: &Value) -> bool {
    let discarded = outcome(object, "/status/enrollment") == Outcome::Known(EnrollmentOutcome::Discarded);
    is_there(object, "/status/times/pinSent")
        || match outcome(object, "/status/order") {
            Outcome::Known(OrderOutcome::Cancelled) => true,
            Outcome::Known(OrderOutcome::Accepted) => discarded,
            _ => false,
        }
}

/// Traces of a rollout.
pub fn of_rollout(object: &Value) -> Traces {
    let ledger = object.pointer("/status/ledger").and_then(Value::as_object);
    let may_begin = |entry: &Value| {
        let state = entry.get("state").and_then(|state| serde_json::from_value(state.clone()).ok());
        matches!(state, None | Some(LedgerState::Begun))
    };
    let begun = ledger.into_iter().flatten().filter(|(_, entry)| may_begin(entry));
    Traces { begun: begun.map(|(id, _)| id.clone()).collect(), ..Traces::default() }
}
