//! Reading what is documented loosely: numbers as text, ids as numbers, lists under one name or another.

use domain::vendor_states::ParcelState;
use serde_json::Value;

/// The first member of these that is there and not null.
pub(super) fn member<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().filter_map(|name| value.get(name)).find(|found| !found.is_null())
}

/// A text that is not blank, or a number's digits.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Longest text that is kept for people, in bytes.
pub(super) const LABEL: usize = 255;

/// A text for people that can be kept: not longer than [`LABEL`], on one line.
pub(super) fn label_of(value: &Value, names: &[&str]) -> Option<String> {
    text_of(value, names).filter(|text| text.len() <= LABEL && !text.chars().any(char::is_control))
}

/// A whole number, also written as text.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A whole number that is an id.
pub(super) fn id(value: &Value) -> Option<u32> {
    number(value).and_then(|number| u32::try_from(number).ok())
}

pub(super) fn text_of(value: &Value, names: &[&str]) -> Option<String> {
    member(value, names).and_then(text)
}

pub(super) fn id_of(value: &Value, names: &[&str]) -> Option<u32> {
    member(value, names).and_then(id)
}

/// The elements of a list; none where there is no list.
pub(super) fn list<'a>(value: &'a Value, names: &[&str]) -> &'a [Value] {
    member(value, names).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `shipment_state.shipment_state_id`, or the same flat.
pub(super) fn state(value: &Value) -> Option<ParcelState> {
    let nested = value.get("shipment_state").and_then(|state| id_of(state, &["shipment_state_id"]));
    nested.or_else(|| id_of(value, &["shipment_state_id"])).map(ParcelState::from_id)
}

/// One page of a list: itself, the member of one of these names, or the only member that is a list.
pub(super) fn page<'a>(value: &'a Value, names: &[&str]) -> Option<&'a [Value]> {
    if let Some(items) = value.as_array() {
        return Some(items);
    }
    if let Some(items) = member(value, names).and_then(Value::as_array) {
        return Some(items);
    }
    let mut lists = value.as_object()?.values().filter_map(Value::as_array);
    let only = lists.next()?;
    lists.next().is_none().then_some(only.as_slice())
}
