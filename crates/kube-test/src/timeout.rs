//! The report of something that did not come true.

use std::{
    fmt::{self, Write as _},
    panic::Location,
    time::Duration,
};

use serde_json::Value;

/// What was waited for in vain, and how things stood at the end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub struct Timeout {
    /// What was waited for.
    pub what: String,
    /// The path of the object; empty if it was not about one.
    pub object: String,
    /// How long the test waited.
    pub waited: Duration,
    /// Where in the test.
    pub at: &'static Location<'static>,
    /// The object when it was last seen, without its managed fields; `None` if it was not there.
    pub last: Option<Value>,
    /// Why the object could not be read when it was last asked for.
    pub problem: Option<String>,
    /// The Events about the object, oldest first.
    pub events: Vec<String>,
}

impl Timeout {
    pub(crate) fn of(what: &str, waited: Duration, at: &'static Location<'static>) -> Self {
        Self {
            what: what.to_owned(),
            object: String::new(),
            waited,
            at,
            last: None,
            problem: None,
            events: Vec::new(),
        }
    }

    fn about_object(&self) -> String {
        let mut text = match (&self.problem, &self.last) {
            (Some(problem), _) => format!("\nit could not be read: {problem}"),
            (None, Some(object)) => format!("\nits last state: {object:#}"),
            (None, None) => "\nit is not there".to_owned(),
        };
        match self.events.as_slice() {
            [] => text.push_str("\nno Events about it"),
            events => {
                let _ = write!(text, "\nEvents about it:\n  {}", events.join("\n  "));
            }
        }
        text
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, object, waited, at, .. } = self;
        let seconds = waited.as_secs_f64();
        if object.is_empty() {
            return write!(f, "{at}: waited {seconds:.1} s in vain for: {what}");
        }
        write!(f, "{at}: waited {seconds:.1} s in vain for {object}: {what}{}", self.about_object())
    }
}
