//! Misbehaviour by rule.

use std::collections::BTreeMap;
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::Dice;
use crate::journal::Api;

/// Before the operation is carried out, or after it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    #[default]
    Before,
    After,
}

/// Which calls a rule is about. What is left out matches all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Match {
    pub api: Option<Api>,
    pub method: Option<String>,
    /// A regular expression on the path.
    pub path: Option<String>,
    pub operation: Option<String>,
    /// The first matching call that is hit, counted from 1 since the rule was made.
    pub nth: Option<u64>,
    /// How many matching calls are hit from then on; left out: one, 0: all.
    pub times: Option<u64>,
    /// Hits only with this probability.
    pub probability: Option<f64>,
}

/// What happens to a call that is hit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Effect {
    /// This answer instead of the real one; without a body it is the vendor's own refusal.
    Status {
        status: u16,
        #[serde(default)]
        when: When,
        #[serde(default)]
        body: Value,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// A page for people, as a proxy, firewall or gateway puts it in the place of an answer.
    WebPage {
        status: u16,
        #[serde(default)]
        when: When,
        #[serde(default = "page")]
        body: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// The call takes this much longer.
    Delay {
        ms: u64,
        #[serde(default)]
        when: When,
    },
    /// The connection ends without an answer.
    Drop {
        #[serde(default)]
        when: When,
    },
    /// The body ends half-way, and so does the connection.
    Truncate,
    /// The body is whole, and not JSON.
    Malformed,
    /// Member names in another spelling: `Jwe` as `JWE`, `snake_case` as `camelCase`.
    WrongCasing,
    /// Another shipment state than the real one.
    State { state: i64 },
    /// What the vendor answers to an expired token.
    ExpiredToken,
}

fn page() -> String {
    "<!doctype html><html><title>Blocked</title><p>This request was blocked by your organization.</html>"
        .into()
}

/// A rule as it is posted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RuleSpec {
    #[serde(rename = "match", default)]
    pub matches: Match,
    pub effect: Effect,
}

#[derive(Debug)]
struct Rule {
    id: u64,
    spec: RuleSpec,
    path: Option<Regex>,
    seen: u64,
    hits: u64,
}

/// All rules; several may hit the same call.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    made: u64,
}

/// What a call is, for a rule.
pub(crate) struct Subject<'a> {
    pub api: Api,
    pub method: &'a str,
    pub path: &'a str,
    pub operation: &'a str,
}

impl Rule {
    fn is_about(&self, subject: &Subject<'_>) -> bool {
        let Match { api, method, operation, .. } = &self.spec.matches;
        api.is_none_or(|api| api == subject.api)
            && method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(subject.method))
            && operation.as_ref().is_none_or(|operation| operation == subject.operation)
            && self.path.as_ref().is_none_or(|path| path.is_match(subject.path))
    }

    fn hits_now(&mut self, dice: &mut Dice) -> bool {
        self.seen += 1;
        let Match { nth, times, probability, .. } = &self.spec.matches;
        let times = times.unwrap_or(1);
        let due = self.seen >= nth.unwrap_or(1) && (times == 0 || self.hits < times);
        let hit = due && probability.is_none_or(|probability| dice.happens(probability));
        self.hits += u64::from(hit);
        hit
    }
}

impl Faults {
    /// Adds a rule; the answer is its id.
    pub fn add(&mut self, spec: RuleSpec) -> Result<u64, String> {
        let path = match &spec.matches.path {
            Some(path) => Some(Regex::new(path).map_err(|error| error.to_string())?),
            None => None,
        };
        self.made += 1;
        self.rules.push(Rule { id: self.made, spec, path, seen: 0, hits: 0 });
        Ok(self.made)
    }

    /// Removes all rules, or one.
    pub fn remove(&mut self, id: Option<u64>) {
        self.rules.retain(|rule| id.is_some_and(|id| id != rule.id));
    }

    /// The effects on a call that has just arrived.
    pub fn pick(&mut self, subject: &Subject<'_>, dice: &mut Dice) -> Vec<Effect> {
        self.rules
            .iter_mut()
            .filter(|rule| rule.is_about(subject))
            .filter_map(|rule| rule.hits_now(dice).then(|| rule.spec.effect.clone()))
            .collect()
    }

    /// The rules with their counts.
    pub fn view(&self) -> Value {
        self.rules
            .iter()
            .map(|rule| serde_json::json!({"id": rule.id, "rule": rule.spec, "seen": rule.seen, "hits": rule.hits}))
            .collect()
    }
}

/// Renames members as a careless server would.
pub(crate) fn wrong_casing(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (other_spelling(name), wrong_casing(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(wrong_casing).collect(),
        other => other.clone(),
    }
}

fn other_spelling(name: &str) -> String {
    if name.contains("Jwe") {
        return name.replace("Jwe", "JWE");
    }
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |sum, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter();
        sum + &head.chain(letters).collect::<String>()
    })
}

/// Replaces every shipment state in an answer.
pub(crate) fn replace_state(value: &mut Value, state: i64) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "shipment_state_id" { *value = state.into() } else { replace_state(value, state) }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| replace_state(value, state)),
        _ => {}
    }
}

/// Waits as the rules ask for at this moment.
pub(crate) async fn delay(effects: &[Effect], now: When) {
    for effect in effects {
        if let Effect::Delay { ms, when } = effect
            && *when == now
        {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nth_and_times_choose_the_calls() {
        let mut faults = Faults::default();
        let spec =
            json!({"match": {"operation": "sendPin", "nth": 2, "times": 2}, "effect": {"kind": "drop"}});
        faults.add(serde_json::from_value(spec).unwrap()).unwrap();
        let subject = Subject { api: Api::Okta, method: "POST", path: "/x", operation: "sendPin" };
        let mut dice = Dice::new(Some(1));
        let hits: Vec<usize> = (0..5).map(|_| faults.pick(&subject, &mut dice).len()).collect();
        assert_eq!(hits, [0, 1, 1, 0, 0]);
    }

    #[test]
    fn names_are_respelt_and_states_replaced() {
        assert_eq!(
            wrong_casing(&json!({"credResponseJwe": 1, "a_b_c": [{"d_e": 2}]})),
            json!({"credResponseJWE": 1, "aBC": [{"dE": 2}]})
        );
        let mut value = json!({"shipment_state": {"shipment_state_id": 1}});
        replace_state(&mut value, 77);
        assert_eq!(value["shipment_state"]["shipment_state_id"], 77);
    }
}
