//! Where decoding failed. Serde tells a line and no path, so the object is laid out with one value a line.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longest path that is told, in characters: keys of maps are the object's own.
const LONGEST: usize = 200;

/// Which field, and what is the matter with it. Values are not told, but for those of closed lists: others may be
/// somebody's address.
pub fn fault<K: DeserializeOwned>(object: &Value) -> String {
    let text = serde_json::to_string_pretty(object).unwrap_or_default();
    match serde_json::from_str::<K>(&text) {
        Ok(_) => "it has a form that this version does not know".to_owned(),
        Err(error) => {
            let path = path(&text, error.line());
            let field = if path.is_empty() { "the object" } else { path.as_str() };
            format!("{field} {}", words(&error.to_string()))
        }
    }
}

fn words(error: &str) -> String {
    let quoted = |prefix: &str| error.strip_prefix(prefix)?.split('`').next().map(shortened);
    if let Some(value) = quoted("unknown variant `") {
        return format!("has the value {value}, which this version does not know");
    }
    if let Some(field) = quoted("missing field `") {
        return format!("lacks the field {field}");
    }
    "has a form that this version does not know".to_owned()
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The field on this line, the first is 1, of a pretty-printed object.
fn path(text: &str, line: usize) -> String {
    let mut open: Vec<String> = Vec::new();
    for (number, one) in text.lines().enumerate() {
        let one = one.trim().trim_end_matches(',');
        let last = number + 1 >= line;
        if matches!(one, "}" | "]") {
            if last {
                break;
            }
            open.pop();
            continue;
        }
        let opens = one.ends_with(['{', '[']);
        if opens || last {
            open.push(key(one));
        }
        if last {
            break;
        }
    }
    shortened(&joined(&open))
}

/// The name before the colon; an element of a list has none.
fn key(line: &str) -> String {
    let mut values = serde_json::Deserializer::from_str(line).into_iter::<String>();
    match values.next() {
        Some(Ok(key)) if line.get(values.byte_offset()..).is_some_and(|rest| rest.starts_with(':')) => key,
        _ => String::new(),
    }
}

fn joined(open: &[String]) -> String {
    // The first is the object itself.
    let mut path = String::new();
    for name in open.iter().skip(1) {
        match name.as_str() {
            "" => path.push_str("[]"),
            name if path.is_empty() => path.push_str(name),
            name => {
                path.push('.');
                path.push_str(name);
            }
        }
    }
    path
}
