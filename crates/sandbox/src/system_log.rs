//! An org's System Log: what happened, in the order in which it was written down, and what is not written down yet.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;
use crate::okta::time::okta_time;

/// One line of the log.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// When it was written down, which may be long after it happened.
    pub written: Timestamp,
    pub event: Value,
}

/// The log, and events that will be late.
#[derive(Debug, Default)]
pub(crate) struct SystemLog {
    pub entries: Vec<Entry>,
    pub held: Vec<Value>,
    emitted: usize,
}

impl SystemLog {
    /// A new event with an id of its own, not yet written down.
    pub fn event(&mut self, kind: &str, message: &str, target: &Value) -> Value {
        self.emitted += 1;
        json!({
            "uuid": format!("5b0c0de0-0000-11f0-8000-{:012}", self.emitted), "published": okta_time(clock::now()),
            "eventType": kind, "version": "0", "severity": "INFO", "displayMessage": message,
            "actor": {
                "id": "00uSandboxAdmin00001", "type": "User", "alternateId": "admin@example.com", "displayName": "Admin",
            },
            "outcome": {"result": "SUCCESS", "reason": null}, "target": target,
            "debugContext": {"debugData": {}}, "transaction": {"type": "WEB", "id": "sandbox", "detail": {}},
        })
    }

    /// Writes an event down now.
    pub fn write(&mut self, event: Value) {
        self.entries.push(Entry { written: clock::now(), event });
    }

    /// The newest event of that id, written down or not.
    pub fn find(&self, uuid: &str) -> Option<&Value> {
        let written = self.entries.iter().rev().map(|entry| &entry.event);
        written.chain(&self.held).find(|event| event["uuid"] == uuid)
    }

    /// Forgets everything; ids go on.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.held.clear();
    }
}
