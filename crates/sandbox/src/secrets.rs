//! The list of everything real that must never show up elsewhere: in logs, events, status, metrics.

use std::collections::HashSet;

use serde::Serialize;

/// One value that must not leak.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, Hash)]
pub(crate) struct Secret {
    pub kind: &'static str,
    pub value: String,
}

/// All of them, in the order they came to be, each once.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    list: Vec<Secret>,
    known: HashSet<Secret>,
    values: HashSet<String>,
}

impl Secrets {
    /// Remembers a value; blank ones are nothing to look for.
    pub fn add(&mut self, kind: &'static str, value: &str) {
        let secret = Secret { kind, value: value.to_string() };
        if !value.trim().is_empty() && self.known.insert(secret.clone()) {
            self.values.insert(secret.value.clone());
            self.list.push(secret);
        }
    }

    /// Whether the value is listed, as whatever kind.
    pub fn knows(&self, value: &str) -> bool {
        self.values.contains(value)
    }

    pub fn list(&self) -> &[Secret] {
        &self.list
    }
}
