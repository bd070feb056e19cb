//! What a new definition no longer takes of what an older one took.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Bounds where a smaller number takes less.
const AT_MOST: [&str; 4] = ["maxLength", "maxItems", "maxProperties", "maximum"];
/// Bounds where a larger number takes less.
const AT_LEAST: [&str; 4] = ["minLength", "minItems", "minProperties", "minimum"];
/// What must stay as it is: a change means something else to what is stored.
const THE_SAME: [&str; 4] =
    ["type", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-preserve-unknown-fields"];
/// What may go, and neither come nor change.
const MAY_GO: [&str; 2] = ["pattern", "format"];

/// What a new definition no longer takes of what an older one took: one sentence each, with the field. Nothing, if all
/// that is stored by the older one stays valid and means the same.
///
/// Both are `CustomResourceDefinition`s, compared as they are written. Taken for breaking: a bound that is tighter, a
/// field or a choice that is gone, a field that must be there now, another type or default, a rule that is new and not
/// about a new field, a version that is not served or is stored otherwise, other names.
#[must_use]
pub fn breaking_changes(old: &Value, new: &Value) -> Vec<String> {
    let kind = old.pointer("/spec/names/kind").and_then(Value::as_str).unwrap_or_default();
    let mut found = Vec::new();
    for pointer in ["/metadata/name", "/spec/group", "/spec/scope", "/spec/names/plural", "/spec/names/kind"]
    {
        if old.pointer(pointer) != new.pointer(pointer) {
            found.push(format!("{kind}: {pointer} is another"));
        }
    }
    for name in strings(old.pointer("/spec/names/shortNames"))
        .difference(&strings(new.pointer("/spec/names/shortNames")))
    {
        found.push(format!("{kind}: the short name {name} is gone"));
    }
    for version in old["spec"]["versions"].as_array().into_iter().flatten() {
        served_version(kind, version, new, &mut found);
    }
    found
}

fn served_version(kind: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let name = &old["name"];
    let mut versions = new["spec"]["versions"].as_array().into_iter().flatten();
    let Some(now) = versions.find(|version| version["name"] == *name && version["served"] == true) else {
        found.push(format!("{kind}: the version {name} is not served any more"));
        return;
    };
    if old["storage"] != now["storage"] {
        found.push(format!("{kind}: {name} is stored otherwise; what is stored needs a migration"));
    }
    let selectors = |version: &Value| -> BTreeSet<String> {
        let all = version["selectableFields"].as_array().into_iter().flatten();
        all.filter_map(|field| field["jsonPath"].as_str().map(str::to_owned)).collect()
    };
    for path in selectors(old).difference(&selectors(now)) {
        found.push(format!("{kind}: {path} cannot be selected by any more"));
    }
    let at = |version: &Value| version["schema"]["openAPIV3Schema"].clone();
    schema(kind, &at(old), &at(now), found);
}

fn schema(at: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    bounds(at, old, new, found);
    choices(at, old, new, found);
    rules(at, old, new, found);
    let none = Map::new();
    let fields = |schema: &Value| schema["properties"].as_object().cloned().unwrap_or_default();
    let now = fields(new);
    for (name, before) in old["properties"].as_object().unwrap_or(&none) {
        match now.get(name) {
            Some(after) => schema(&format!("{at}.{name}"), before, after, found),
            None => found.push(format!("{at}.{name} is gone")),
        }
    }
    for member in ["items", "additionalProperties"] {
        match (&old[member], &new[member]) {
            (Value::Null, _) => {}
            (_, Value::Null) => found.push(format!("{at}: {member} is gone")),
            (before, after) => schema(&format!("{at}[]"), before, after, found),
        }
    }
}

fn bounds(at: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    for bound in THE_SAME.iter().filter(|bound| old[**bound] != new[**bound]) {
        found.push(format!("{at}: {bound} was {}, is {}", old[bound], new[bound]));
    }
    if !same_default(&old["default"], &new["default"], new) {
        found.push(format!("{at}: default was {}, is {}", old["default"], new["default"]));
    }
    for bound in MAY_GO.iter().filter(|bound| !new[**bound].is_null() && old[**bound] != new[**bound]) {
        found.push(format!("{at}: {bound} was {}, is {}", old[bound], new[bound]));
    }
    for (bounds, narrower) in [(AT_MOST, f64::lt as fn(&f64, &f64) -> bool), (AT_LEAST, f64::gt)] {
        for bound in bounds {
            let Some(now) = new[bound].as_f64() else { continue };
            if old[bound].as_f64().is_none_or(|before| narrower(&now, &before)) {
                found.push(format!("{at}: {bound} was {}, is {}", old[bound], new[bound]));
            }
        }
    }
    if old["nullable"] == true && new["nullable"] != true {
        found.push(format!("{at}: null is not taken any more"));
    }
}

/// The default of an object may also name a field that is new, with the field's own default: what was stored without it
/// means the same.
fn same_default(old: &Value, new: &Value, schema: &Value) -> bool {
    let (Some(before), Some(now)) = (old.as_object(), new.as_object()) else { return old == new };
    let own = |name: &str| &schema["properties"][name]["default"];
    before.iter().all(|(name, value)| now.get(name) == Some(value))
        && now.iter().all(|(name, value)| before.contains_key(name) || value == own(name))
}

fn choices(at: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let (before, now) = (strings(old.get("enum")), strings(new.get("enum")));
    if !now.is_empty() && before.is_empty() {
        found.push(format!("{at}: only {now:?} is taken now"));
    }
    for gone in before.difference(&now).filter(|_| !now.is_empty()) {
        found.push(format!("{at}: {gone} is not taken any more"));
    }
    for name in strings(new.get("required")).difference(&strings(old.get("required"))) {
        found.push(format!("{at}.{name} must be there now"));
    }
}

/// A new rule may refuse what is stored, unless it speaks of a field that is new too, says in CEL what a pattern said, or
/// is content with whatever an older rule was content with.
fn rules(at: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let of = |schema: &Value| -> BTreeSet<String> {
        let all = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
        all.filter_map(|rule| rule["rule"].as_str().map(str::to_owned)).collect()
    };
    let before = &old["properties"];
    let fields = new["properties"].as_object().into_iter().flatten();
    let fresh: Vec<_> = fields.map(|(name, _)| name).filter(|name| before[name.as_str()].is_null()).collect();
    let known = of(old);
    for rule in of(new).difference(&known) {
        let speaks_of_a_new_field = fresh.iter().any(|name| rule.contains(name.as_str()));
        let takes_no_less = is_pattern(rule, &old["pattern"]) || known.iter().any(|old| admits(rule, old));
        if !speaks_of_a_new_field && !takes_no_less {
            found.push(format!("{at}: there is a new rule: {rule}"));
        }
    }
}

/// `self.matches('…')` with this pattern. In CEL's quotation marks a backslash is written twice.
fn is_pattern(rule: &str, pattern: &Value) -> bool {
    let quoted = rule.strip_prefix("self.matches('").and_then(|rest| rest.strip_suffix("')"));
    quoted.is_some_and(|quoted| pattern.as_str() == Some(&quoted.replace("\\\\", "\\")))
}

/// Does the new rule read `… || (the old one)`?
fn admits(new: &str, old: &str) -> bool {
    new.strip_suffix(&format!("({old})")).is_some_and(|before| before.trim_end().ends_with("||"))
}

fn strings(list: Option<&Value>) -> BTreeSet<String> {
    let all = list.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(schema: &Value) -> Value {
        json!({
            "metadata": {"name": "apples.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced", "names": {"plural": "apples", "kind": "Apple"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"field": schema}}},
                }],
            },
        })
    }

    fn changes(old: &Value, new: &Value) -> Vec<String> {
        breaking_changes(&definition(old), &definition(new))
    }

    #[test]
    fn what_takes_less_is_told_with_the_field() {
        let cases = [
            (json!({"maxLength": 9}), json!({"maxLength": 8}), "Apple.field: maxLength was 9, is 8"),
            (json!({}), json!({"minimum": 1}), "Apple.field: minimum was null, is 1"),
            (json!({"type": "string"}), json!({"type": "integer"}), "Apple.field: type was"),
            (json!({"enum": ["A", "B"]}), json!({"enum": ["A"]}), "Apple.field: B is not taken any more"),
            (json!({}), json!({"required": ["a"]}), "Apple.field.a must be there now"),
            (json!({"properties": {"a": {}}}), json!({}), "Apple.field.a is gone"),
            (
                json!({}),
                json!({"x-kubernetes-validations": [{"rule": "self.a"}]}),
                "there is a new rule: self.a",
            ),
        ];
        for (old, new, told) in cases {
            let found = changes(&old, &new);
            assert!(found.len() == 1 && found[0].contains(told), "{told}: {found:?}");
        }
    }

    #[test]
    fn what_takes_more_is_fine() {
        let rule = json!([{"rule": "self.b > 0"}]);
        let cases = [
            (json!({"maxLength": 8}), json!({"maxLength": 9})),
            (json!({"pattern": "a"}), json!({})),
            (json!({"enum": ["A"]}), json!({"enum": ["A", "B"]})),
            (json!({"required": ["a"]}), json!({})),
            (json!({}), json!({"properties": {"b": {}}, "x-kubernetes-validations": rule})),
        ];
        for (old, new) in cases {
            assert_eq!(changes(&old, &new), Vec::<String>::new(), "{new}");
        }
    }

    #[test]
    fn a_version_that_is_not_served_is_told() {
        let old = definition(&json!({}));
        let mut new = old.clone();
        new["spec"]["versions"][0]["served"] = json!(false);
        assert_eq!(breaking_changes(&old, &new), [r#"Apple: the version "v1" is not served any more"#]);
    }
}
