//! Values from a schema (`OpenAPI` v3, as the definitions have it): those that fit, and those that do not.

use serde_json::{Value, json};
use testbed::dice::Dice;

/// A field of a spec: where it is, and what may stand there.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// From the spec on, with dots: `activation.after`.
    pub path: String,
    pub schema: Value,
}

/// What the API server's rules say of a string, as a sort of it; each rule is known by a part of its expression. A duration
/// ends within any run or within none: else it would end for whoever was there first, on a slow machine.
const SORTS: [(&str, &[&str]); 6] = [
    ("(h|m|s|ms)", &["1s", "2s", "48h", "1h", "336h"]),
    ("^[A-Z]{2}$", &["US", "CA", "DE", "ZZ"]),
    ("^https?://", &["https://localhost:1/none"]),
    ("^[0-9+() -]+$", &["+1 617-555-0100"]),
    ("^[A-Za-z0-9_-]+$", &["00uNobody"]),
    ("^[a-z0-9]", &["another"]),
];

/// Times for `date-time`: long past, long to come.
const TIMES: [&str; 2] = ["2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z"];

/// Every field below a schema, objects and what they hold alike; of lists only the whole.
pub(crate) fn fields(schema: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found
}

fn collect(schema: &Value, path: &str, found: &mut Vec<Field>) {
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        found.push(Field { path: path.clone(), schema: below.clone() });
        collect(below, &path, found);
    }
}

/// A value that fits the schema by itself; rules that compare fields may refuse it all the same.
pub(crate) fn fitting(schema: &Value, dice: &mut Dice) -> Value {
    if let Some(known) = schema["enum"].as_array().filter(|known| !known.is_empty()) {
        return known[index(dice, known.len())].clone();
    }
    match schema["type"].as_str().unwrap_or_default() {
        "boolean" => json!(dice.happens(0.5)),
        "integer" => integer(schema, dice),
        "array" => {
            let most = schema["maxItems"].as_u64().unwrap_or(3).min(3);
            let least = schema["minItems"].as_u64().unwrap_or(0);
            (0..dice.between(least, most.max(least))).map(|_| fitting(&schema["items"], dice)).collect()
        }
        "object" => object(schema, dice),
        _ => text(schema, dice),
    }
}

fn object(schema: &Value, dice: &mut Dice) -> Value {
    let needed = schema["required"].as_array().cloned().unwrap_or_default();
    let mut made = serde_json::Map::new();
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        if needed.iter().any(|need| need == name) || dice.happens(0.5) {
            made.insert(name.clone(), fitting(below, dice));
        }
    }
    Value::Object(made)
}

fn integer(schema: &Value, dice: &mut Dice) -> Value {
    let bound =
        |name: &str| schema[name].as_f64().and_then(|bound| format!("{bound:.0}").parse::<u64>().ok());
    let least = bound("minimum").unwrap_or(0);
    let most = bound("maximum").unwrap_or(1000);
    let spread = if dice.happens(0.5) { 5 } else { 200 };
    json!(dice.between(least, most.min(least + spread)))
}

fn text(schema: &Value, dice: &mut Dice) -> Value {
    if schema["format"] == "date-time" {
        return json!(dice.pick(&TIMES));
    }
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    for rule in rules.filter_map(|rule| rule["rule"].as_str()) {
        if let Some((_, sort)) = SORTS.iter().find(|(part, _)| rule.contains(part)) {
            return json!(dice.pick(sort));
        }
    }
    let least = schema["minLength"].as_u64().unwrap_or(1).max(1);
    let most = schema["maxLength"].as_u64().unwrap_or(20).min(least + 20);
    let length = dice.between(least, most.max(least));
    json!((0..length).map(|_| dice.pick(&LETTERS)).collect::<String>())
}

const LETTERS: [char; 8] = ['a', 'k', 'm', 'r', 's', 't', 'u', 'z'];

/// A value that the schema itself forbids, so that the API server must refuse it; none where nothing is forbidden.
pub(crate) fn forbidden(schema: &Value, dice: &mut Dice) -> Option<Value> {
    if schema["enum"].is_array() {
        return Some(json!("NoSuchChoice"));
    }
    match schema["type"].as_str()? {
        "boolean" => Some(json!("perhaps")),
        "integer" => Some(if dice.happens(0.5) { json!(-1) } else { json!("many") }),
        "string" => {
            let most = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok());
            Some(most.map_or_else(|| json!(17), |most| json!("x".repeat(most + 1))))
        }
        "array" => Some(json!("no list")),
        "object" => Some(json!("no object")),
        _ => None,
    }
}

/// One of so many.
pub(crate) fn index(dice: &mut Dice, count: usize) -> usize {
    let last = u64::try_from(count.saturating_sub(1)).unwrap_or(0);
    usize::try_from(dice.between(0, last)).unwrap_or(0)
}

/// A merge patch that puts a value at a path.
pub(crate) fn at(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, name| json!({name: inner}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({"type": "object", "required": ["kind"], "properties": {
            "kind": {"type": "string", "enum": ["A", "B"]},
            "count": {"type": "integer", "minimum": 1.0, "maximum": 3.0},
            "name": {"type": "string", "minLength": 2, "maxLength": 4},
            "wait": {"type": "string", "x-kubernetes-validations": [{"rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')"}]},
            "inner": {"type": "object", "properties": {"on": {"type": "boolean"}}},
        }})
    }

    #[test]
    fn every_field_is_found_with_its_path() {
        let mut paths: Vec<_> = fields(&schema()).into_iter().map(|field| field.path).collect();
        paths.sort();
        assert_eq!(paths, ["count", "inner", "inner.on", "kind", "name", "wait"]);
    }

    #[test]
    fn what_is_made_from_a_schema_fits_it() {
        let mut dice = Dice::new(1, "fits");
        for _ in 0..200 {
            let made = fitting(&schema(), &mut dice);
            assert!(made["kind"] == "A" || made["kind"] == "B", "{made}");
            assert!(
                made["count"].is_null() || (1..=3).contains(&made["count"].as_i64().unwrap_or(0)),
                "{made}"
            );
            let name = made["name"].as_str();
            assert!(name.is_none_or(|name| (2..=4).contains(&name.len())), "{made}");
            assert!(made["wait"].as_str().is_none_or(|wait| wait.ends_with(['s', 'h'])), "{made}");
        }
    }

    #[test]
    fn what_is_made_to_be_refused_breaks_the_schema() {
        let mut dice = Dice::new(1, "breaks");
        let all = fields(&schema());
        let of = |path: &str| all.iter().find(|field| field.path == path).map(|field| field.schema.clone());
        let broken = |path: &str, dice: &mut Dice| of(path).and_then(|schema| forbidden(&schema, dice));
        assert_eq!(broken("kind", &mut dice), Some(json!("NoSuchChoice")));
        assert_eq!(broken("name", &mut dice), Some(json!("xxxxx")));
        assert_eq!(broken("inner", &mut dice), Some(json!("no object")));
        assert!(broken("count", &mut dice).is_some_and(|value| value == json!(-1) || value == json!("many")));
    }

    #[test]
    fn a_path_becomes_a_merge_patch() {
        assert_eq!(at("a.b.c", json!(1)), json!({"a": {"b": {"c": 1}}}));
    }
}
