//! What `/readyz` says: what the operator waits for, and what it does without.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// One thing that the operator needs or would like to have.
#[derive(Debug, Default)]
struct Thing {
    required: bool,
    /// It was there at least once.
    came: bool,
    /// Why it is not there now.
    last_failure: Option<String>,
}

impl Thing {
    fn holds_up(&self) -> bool {
        self.required && !self.came
    }
}

type Role = Arc<dyn Fn() -> &'static str + Send + Sync>;

#[derive(Default)]
struct State {
    things: BTreeMap<String, Thing>,
    role: Option<Role>,
}

/// What has come and what has not. An API server that goes away later does not make the operator unready: it goes on
/// where it was as soon as the server is back.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Mutex<State>>);

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("ready", &self.is_ready()).finish_non_exhaustive()
    }
}

impl Readiness {
    /// Waits for all of these.
    #[must_use]
    pub fn missing(what: impl IntoIterator<Item = &'static str>) -> Self {
        let readiness = Self::default();
        for name in what {
            readiness.needs(name);
        }
        readiness
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The operator is not ready before this has come.
    pub fn needs(&self, what: &str) {
        self.with(|state| state.things.entry(what.to_owned()).or_default().required = true);
    }

    /// This has come, or is back.
    pub fn has(&self, what: &str) {
        self.with(|state| {
            let thing = state.things.entry(what.to_owned()).or_default();
            thing.came = true;
            thing.last_failure = None;
        });
    }

    /// This is not there. True if that is news.
    #[must_use]
    pub fn lacks(&self, what: &str, why: &str) -> bool {
        self.with(|state| {
            let thing = state.things.entry(what.to_owned()).or_default();
            let news = thing.last_failure.as_deref() != Some(why);
            thing.last_failure = Some(why.to_owned());
            news
        })
    }

    /// Whom to ask whether this process leads.
    pub fn set_role(&self, role: impl Fn() -> &'static str + Send + Sync + 'static) {
        self.with(|state| state.role = Some(Arc::new(role)));
    }

    /// May work be given to this process?
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.with(|state| !state.things.values().any(Thing::holds_up))
    }

    /// In short: `ok`, or what is waited for; then what the operator does without.
    #[must_use]
    pub fn text(&self) -> String {
        self.with(|state| {
            let named = |(name, thing): (&String, &Thing)| match &thing.last_failure {
                Some(why) => format!("{name} ({why})"),
                None => name.clone(),
            };
            let waiting: Vec<_> = state.things.iter().filter(|(_, t)| t.holds_up()).map(named).collect();
            let without: Vec<_> = state
                .things
                .iter()
                .filter(|(_, t)| !t.required && t.last_failure.is_some())
                .map(named)
                .collect();
            let mut text = if waiting.is_empty() {
                "ok\n".to_owned()
            } else {
                format!("waiting for: {}\n", waiting.join(", "))
            };
            for name in without {
                let _ = writeln!(text, "not watched: {name}");
            }
            text
        })
    }

    /// Everything, a line each, as the API server does it.
    #[must_use]
    pub fn verbose(&self) -> String {
        let mut text = String::new();
        self.with(|state| {
            for (name, thing) in &state.things {
                let sign = if thing.came && thing.last_failure.is_none() { '+' } else { '-' };
                let why = thing.last_failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                let _ = writeln!(text, "[{sign}]{name}{why}");
            }
            if let Some(role) = &state.role {
                let _ = writeln!(text, "role: {}", role());
            }
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_until_it_has_come_once() {
        let readiness = Readiness::missing(["connections", "shipments"]);
        assert_eq!(readiness.text(), "waiting for: connections, shipments\n");
        assert!(readiness.lacks("shipments", "forbidden"));
        assert!(!readiness.lacks("shipments", "forbidden"), "no news");
        readiness.has("connections");
        assert_eq!(readiness.text(), "waiting for: shipments (forbidden)\n");
        readiness.has("shipments");
        assert!(readiness.is_ready());
        assert!(readiness.lacks("shipments", "no answer"));
        assert_eq!(readiness.text(), "ok\n", "what came once does not hold up");
        assert_eq!(readiness.verbose(), "[+]connections\n[-]shipments: no answer\n");
    }

    #[test]
    fn what_it_does_without_is_named_and_holds_nothing_up() {
        let readiness = Readiness::missing([]);
        assert!(readiness.lacks("namespace b", "there is no such namespace"));
        assert!(readiness.is_ready());
        assert_eq!(readiness.text(), "ok\nnot watched: namespace b (there is no such namespace)\n");
        readiness.has("namespace b");
        readiness.set_role(|| "standby");
        assert_eq!(
            (readiness.text().as_str(), readiness.verbose().as_str()),
            ("ok\n", "[+]namespace b\nrole: standby\n")
        );
    }
}
