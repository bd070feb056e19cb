//! The difference of two objects as a merge patch (RFC 7386).
//!
//! Of a status most members stay as they are. So both are written as text, which is cheap, and only members whose text
//! differs become trees.

use std::collections::BTreeMap;

use serde_json::{Map, Value, value::RawValue};

/// Members by key, each value as it is written.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Merge patch that turns `old` into `new`, both objects as `serde_json` writes them; `None` if they are equal.
///
/// # Errors
/// One of them is no such text.
pub(super) fn between(old: &str, new: &str) -> Result<Option<Value>, serde_json::Error> {
    let (old, new): (Members<'_>, Members<'_>) = (serde_json::from_str(old)?, serde_json::from_str(new)?);
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    let mut patch: Map<_, _> = gone.map(|key| (key.clone(), Value::Null)).collect();
    for (key, value) in new {
        let change = match old.get(&key).map(|before| before.get()) {
            Some(before) if before == value.get() => None,
            Some(before) => difference(&serde_json::from_str(before)?, serde_json::from_str(value.get())?),
            None => Some(serde_json::from_str(value.get())?),
        };
        if let Some(change) = change {
            patch.insert(key, change);
        }
    }
    Ok((!patch.is_empty()).then_some(Value::Object(patch)))
}

/// RFC 7386 merge patch that turns `old` into `new`; `None` if they are equal.
fn difference(old: &Value, new: Value) -> Option<Value> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let gone = old.keys().filter(|key| !new.contains_key(*key));
            let mut patch: Map<_, _> = gone.map(|key| (key.clone(), Value::Null)).collect();
            for (key, value) in new {
                let change = match old.get(&key) {
                    None => Some(value),
                    Some(before) => difference(before, value),
                };
                if let Some(change) = change {
                    patch.insert(key, change);
                }
            }
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        (old, new) => (*old != new).then_some(new),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn apply(target: &mut Value, patch: &Value) {
        let (Value::Object(target), Value::Object(patch)) = (&mut *target, patch) else {
            *target = patch.clone();
            return;
        };
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                apply(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            r#"[a-c{}\[\]:,"\\\u{e9}\n]{0,3}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map(r#"[a-e"\\:,]"#, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        proptest::collection::btree_map(r#"[a-e"\\:,]"#, tree(), 0..5)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    #[test]
    fn what_is_no_object_is_no_patch() {
        for text in ["", "null", "[]", "{", "{\"a\"}", "7"] {
            assert!(between(text, "{}").is_err() && between("{}", text).is_err(), "{text}");
        }
    }

    proptest! {
        /// The API server's merge gives exactly the status that was meant.
        #[test]
        fn the_difference_turns_old_into_new(old in object(), new in object()) {
            let mut merged = old.clone();
            if let Some(patch) = between(&old.to_string(), &new.to_string()).unwrap() {
                apply(&mut merged, &patch);
            }
            prop_assert_eq!(merged, new);
        }

        #[test]
        fn nothing_is_written_at_rest(status in object()) {
            prop_assert_eq!(between(&status.to_string(), &status.to_string()).unwrap(), None);
        }
    }
}
