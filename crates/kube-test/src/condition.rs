//! Conditions, as nearly every kind has them in its status.

use serde::Serialize;
use serde_json::Value;

/// A condition of an object's `status.conditions`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Condition {
    /// `type`, one `CamelCase` word.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, for programs; empty if it does not say.
    #[serde(default)]
    pub reason: String,
    /// Why, for people; empty if it does not say.
    #[serde(default)]
    pub message: String,
    /// Of which generation of the object it speaks.
    #[serde(default)]
    pub observed_generation: Option<i64>,
}

impl Condition {
    /// The condition of this type; `None` if the object has none.
    #[must_use]
    pub fn of(object: &impl Serialize, kind: &str) -> Option<Self> {
        find(&serde_json::to_value(object).ok()?, kind)
    }
}

fn find(object: &Value, kind: &str) -> Option<Condition> {
    let all = object.pointer("/status/conditions")?.as_array()?;
    let found = all.iter().find(|condition| condition["type"] == kind)?;
    serde_json::from_value(found.clone()).ok()
}

pub(crate) fn is(object: &impl Serialize, kind: &str, status: &str) -> bool {
    let Ok(object) = serde_json::to_value(object) else { return false };
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    find(&object, kind).is_some_and(|condition| {
        let observed = condition.observed_generation;
        condition.status == status && (observed.is_none() || observed == generation)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_said_of_an_older_spec_does_not_count() {
        let with = |observed: Value| {
            json!({
                "metadata": {"generation": 2},
                "status": {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": observed}]},
            })
        };
        assert!(is(&with(json!(2)), "Ready", "True"));
        assert!(!is(&with(json!(1)), "Ready", "True"));
        assert!(!is(&with(json!(2)), "Ready", "False"));
        let silent = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        assert!(is(&silent, "Ready", "True"));
        assert!(!is(&json!({}), "Ready", "True"));
    }
}
