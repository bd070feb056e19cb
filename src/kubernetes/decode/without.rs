//! JSON without the member at one path: what nobody reads is passed over as it is read, and never built.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
    value::SeqAccessDeserializer,
};
use serde_json::{Map, Value};

/// Reads any JSON but the member at this path.
#[derive(Clone, Copy)]
pub(super) struct Without(pub(super) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Without {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Without {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let (first, rest) = self.0.split_first().unzip();
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            match rest {
                Some([]) if first == Some(&&*key) => drop(members.next_value::<IgnoredAny>()?),
                Some(rest) if first == Some(&&*key) => {
                    map.insert(key, members.next_value_seed(Self(rest))?);
                }
                _ => drop(map.insert(key, members.next_value()?)),
            }
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(members))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Value, E> {
        Ok(Value::from(is))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Without(&["metadata", "managedFields"]).deserialize(&mut deserializer).unwrap()
    }

    #[test]
    fn what_stands_at_the_path_is_passed_over_and_all_else_is_there() {
        let text = r#"{"kind":"X","metadata":{"managedFields":[{"f:a":{".":{}}}],"name":"n"},"spec":{"managedFields":[1]}}"#;
        let left = json!({"kind": "X", "metadata": {"name": "n"}, "spec": {"managedFields": [1]}});
        assert_eq!(read(text), left);
        let elsewhere = r#"{"managedFields":1,"spec":{"metadata":{"managedFields":2}},"list":[{"metadata":{"managedFields":3}}]}"#;
        assert_eq!(read(elsewhere), serde_json::from_str::<Value>(elsewhere).unwrap());
    }

    #[test]
    fn any_json_can_be_read() {
        for text in [
            "null",
            "true",
            "-1",
            "18446744073709551615",
            "1.5",
            r#""a""#,
            "[]",
            r#"[{"a":[null]}]"#,
            "{}",
            r#"{"metadata":null}"#,
            r#"{"metadata":[1]}"#,
            r#"{"metadata":"m"}"#,
            r#"{"metadata":7}"#,
        ] {
            assert_eq!(read(text), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
    }
}
