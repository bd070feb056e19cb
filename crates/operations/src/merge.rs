//! Merge patches (RFC 7386), made and applied.

use serde_json::{Map, Value, json};

/// Applies a patch.
pub(crate) fn merge(into: &mut Value, patch: &Value) {
    let Some(members) = patch.as_object() else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            into.as_object_mut().map(|object| object.remove(name));
        } else {
            merge(&mut into[name.as_str()], value);
        }
    }
}

/// The patch that makes one value of another.
pub(crate) fn between(from: &Value, to: &Value) -> Value {
    let (Some(old), Some(new)) = (from.as_object(), to.as_object()) else { return to.clone() };
    let mut patch: Map<String, Value> =
        old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in new {
        match old.get(name) {
            Some(known) if known == value => {}
            Some(known) => drop(patch.insert(name.clone(), between(known, value))),
            None => drop(patch.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_adds_replaces_and_removes() {
        let mut value = json!({"a": {"b": 1, "c": 2}});
        merge(&mut value, &json!({"a": {"b": null, "d": {"e": 3}}, "f": [1]}));
        assert_eq!(value, json!({"a": {"c": 2, "d": {"e": 3}}, "f": [1]}));
    }

    #[test]
    fn the_patch_between_two_values_makes_one_of_the_other() {
        let from = json!({"a": {"b": 1, "c": 2}, "d": [1], "e": {"f": 1}});
        let to = json!({"a": {"b": 1, "g": {"h": true}}, "d": [2], "e": "text"});
        let mut made = from.clone();
        merge(&mut made, &between(&from, &to));
        assert_eq!(made, to);
        assert_eq!(between(&to, &to), json!({}));
    }
}
