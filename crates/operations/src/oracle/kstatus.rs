//! Conditions are consistent in every version of every object that anybody can see, not only at rest.

use serde_json::Value;
use testbed::objects::{self, text};

use crate::rest::generations;

/// What contradicts itself in one version of an object.
pub(crate) fn inconsistent(object: &Value) -> Option<String> {
    let name = text(object, "/metadata/name");
    let (generation, observed) = generations(object);
    if observed.is_some_and(|observed| observed > generation) {
        return Some(format!("{name}: generation {generation}, and observed is {observed:?}"));
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    for condition in conditions {
        if condition["observedGeneration"].as_i64().is_some_and(|observed| observed > generation) {
            return Some(format!("{name}: condition {} is ahead of the spec", text(condition, "/type")));
        }
    }
    let (ready, stalled) = (objects::is(object, "Ready"), objects::is(object, "Stalled"));
    if ready && stalled {
        return Some(format!("{name}: Ready and Stalled at once, {}", objects::reason(object)));
    }
    (stalled && objects::is(object, "Reconciling"))
        .then(|| format!("{name}: Reconciling and Stalled at once, {}", objects::reason(object)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(observed: i64, conditions: &[(&str, &str)]) -> Value {
        let conditions: Vec<_> =
            conditions.iter().map(|(kind, status)| json!({"type": kind, "status": status})).collect();
        json!({"metadata": {"name": "kim", "generation": 2}, "status": {"observedGeneration": observed, "conditions": conditions}})
    }

    #[test]
    fn what_is_ready_or_stalled_or_behind_is_consistent() {
        assert_eq!(inconsistent(&object(2, &[("Ready", "True")])), None);
        assert_eq!(inconsistent(&object(1, &[("Ready", "False"), ("Stalled", "True")])), None);
    }

    #[test]
    fn ready_with_stalled_and_observed_ahead_are_not() {
        assert!(inconsistent(&object(3, &[("Ready", "True")])).is_some());
        assert!(inconsistent(&object(2, &[("Ready", "True"), ("Stalled", "True")])).is_some());
        assert!(inconsistent(&object(2, &[("Reconciling", "True"), ("Stalled", "True")])).is_some());
    }
}
