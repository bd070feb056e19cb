//! A resource as `kubectl get -o json` shows it.

use serde_json::Value;

/// A resource.
#[derive(Debug, Clone)]
pub struct Object(pub Value);

impl Object {
    /// Text at a JSON pointer; empty if there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether there is something at a JSON pointer.
    pub fn has(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).is_some_and(|value| !value.is_null())
    }

    /// Number at a JSON pointer.
    pub fn number(&self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer).and_then(Value::as_i64)
    }

    fn condition(&self, kind: &str) -> Option<&Value> {
        let all = self.0.pointer("/status/conditions")?.as_array()?;
        all.iter().find(|condition| condition["type"] == kind)
    }

    fn of_condition(&self, kind: &str, member: &str) -> &str {
        self.condition(kind).and_then(|c| c[member].as_str()).unwrap_or_default()
    }

    /// Status of a condition; empty if it is not there.
    pub fn is(&self, kind: &str) -> &str {
        self.of_condition(kind, "status")
    }

    /// Reason of a condition.
    pub fn reason_of(&self, kind: &str) -> &str {
        self.of_condition(kind, "reason")
    }

    /// Message of a condition.
    pub fn message_of(&self, kind: &str) -> &str {
        self.of_condition(kind, "message")
    }

    /// Reason of Ready.
    pub fn reason(&self) -> &str {
        self.of_condition("Ready", "reason")
    }

    /// Message of Ready.
    pub fn message(&self) -> &str {
        self.of_condition("Ready", "message")
    }

    pub fn phase(&self) -> &str {
        self.text("/status/phase")
    }

    /// Status speaks of the spec as it is.
    pub fn is_current(&self) -> bool {
        self.number("/status/observedGeneration") == self.number("/metadata/generation")
    }
}
