//! The shipments as the API server showed them at the end.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::diary::Declared;

/// Where a shipment came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The key signs in and its PIN was mailed.
    Activated,
    /// It waits for a person.
    Held,
    /// The order failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// Text at a JSON pointer; empty if there is none.
#[must_use]
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn condition<'a>(object: &'a Value, kind: &str, member: &str) -> &'a str {
    let all = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let found = all.into_iter().find(|condition| condition["type"] == kind);
    found.and_then(|condition| condition[member].as_str()).unwrap_or_default()
}

/// Is this condition True?
#[must_use]
pub fn is(object: &Value, kind: &str) -> bool {
    condition(object, kind, "status") == "True"
}

/// Why `Ready` is as it is.
#[must_use]
pub fn reason(object: &Value) -> &str {
    condition(object, "Ready", "reason")
}

/// What happened and what to do.
#[must_use]
pub fn message(object: &Value) -> &str {
    condition(object, "Ready", "message")
}

/// Its end, if it has come to one.
#[must_use]
pub fn end(object: &Value) -> Option<End> {
    let is = |kind| condition(object, kind, "status") == "True";
    match text(object, "/status/phase") {
        "Activated" if is("Activated") && is("Ready") && (is("PinSent") || asked_often(object)) => {
            Some(End::Activated)
        }
        "Held" if is("Stalled") => Some(End::Held),
        "Failed" if is("Stalled") => Some(End::Failed),
        "Cancelled" => Some(End::Cancelled),
        _ => None,
    }
}

/// The key signs in, and Okta was asked for its PIN as often as a day allows without an answer: the next mail waits.
#[must_use]
pub fn asked_often(object: &Value) -> bool {
    reason(object) == "PinLimitReached"
}

/// Its namespace and its name.
#[must_use]
pub fn place(object: &Value) -> (String, String) {
    let of = |member| text(object, member).to_owned();
    (of("/metadata/namespace"), of("/metadata/name"))
}

/// Does it tell a person why it waits and how to go on?
#[must_use]
pub fn is_told(object: &Value) -> bool {
    !reason(object).is_empty() && !message(object).is_empty()
}

/// Can it be answered?
#[must_use]
pub fn has_choices(object: &Value) -> bool {
    let choices = object.pointer("/status/hold/choices").and_then(Value::as_array);
    !text(object, "/status/hold/id").is_empty() && choices.is_some_and(|choices| !choices.is_empty())
}

/// A time at a JSON pointer.
#[must_use]
pub fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer).parse().ok()
}

/// When PIN mails were asked for whose answer is not known, and the last one (UTC).
#[must_use]
pub fn mail_marks(object: &Value) -> Vec<Timestamp> {
    let mails = object.pointer("/status/pin/mails").and_then(Value::as_array);
    let mails = mails.into_iter().flatten().filter_map(Value::as_str).filter_map(|at| at.parse().ok());
    mails.chain(time(object, "/status/pin/mark")).collect()
}

/// All of them by namespace and name.
pub struct Shipments(HashMap<(String, String), Value>);

impl Shipments {
    /// From a list of the API server.
    #[must_use]
    pub fn new(list: Vec<Value>) -> Self {
        Self(list.into_iter().map(|object| (place(&object), object)).collect())
    }

    /// The one that was declared, if it stands.
    #[must_use]
    pub fn of(&self, declared: &Declared) -> Option<&Value> {
        self.0.get(&(declared.namespace.clone(), declared.name.clone()))
    }
}
