//! Conditions of Kubernetes: built whole each time, keeping the time of the last transition.

use domain::short_message;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// A condition before it has a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// `type` of the condition, one `CamelCase` word.
    pub kind: &'static str,
    /// True, False; `None` is Unknown.
    pub status: Option<bool>,
    /// One `CamelCase` word, for programs; docs/reasons.md tells what each means.
    pub reason: String,
    /// What happened and what to do next, for people.
    pub message: String,
}

impl Fact {
    /// A known fact.
    #[must_use]
    pub fn new(
        kind: &'static str,
        status: bool,
        reason: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, status: Some(status), reason: reason.into(), message: message.into() }
    }
}

/// Longest message that the API server's convention admits.
const LONGEST: usize = 32 * 1024;

/// Turns facts into conditions; a transition time stays while the status stays.
#[must_use]
pub fn build(facts: Vec<Fact>, before: &[Condition], generation: i64, now: Timestamp) -> Vec<Condition> {
    facts
        .into_iter()
        .map(|fact| {
            let status = match fact.status {
                Some(true) => "True",
                Some(false) => "False",
                None => "Unknown",
            };
            let since = before
                .iter()
                .find(|c| c.type_ == fact.kind && c.status == status)
                .map(|c| c.last_transition_time.0);
            Condition {
                type_: fact.kind.to_owned(),
                status: status.to_owned(),
                reason: fact.reason,
                message: fact.message.chars().take(LONGEST).collect(),
                observed_generation: Some(generation),
                last_transition_time: Time(since.unwrap_or_else(|| whole_second(now))),
            }
        })
        .collect()
}

/// Kubernetes writes these times without fractions.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// True, False; `None` is Unknown.
#[must_use]
pub fn truth(condition: &Condition) -> Option<bool> {
    match condition.status.as_str() {
        "True" => Some(true),
        "False" => Some(false),
        _ => None,
    }
}

/// The condition of this type.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == kind)
}

/// What the column shows of them: Ready's message, shortened. `None` without one.
#[must_use]
pub fn summary(conditions: &[Condition]) -> Option<String> {
    find(conditions, "Ready").map(|ready| short_message::of(&ready.message)).filter(|short| !short.is_empty())
}
