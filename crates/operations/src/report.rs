//! What a run tells: one line, and a file for each sequence that broke a rule.

use std::{path::Path, time::Duration};

use serde::{Deserialize, Serialize};
use testbed::{diary::Pages, setup::Fault};

use crate::{oracle::Violation, run::Played, step::Step};

/// A sequence that broke a rule; its file can be played again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub seed: u64,
    pub world: usize,
    /// It was made as short as it can be, and breaks the rule by itself.
    pub shrunk: bool,
    pub violations: Vec<Violation>,
    pub steps: Vec<Step>,
}

impl Failure {
    /// The name of its file in the folder of the run.
    pub(crate) fn file(&self) -> String {
        format!("failing-{}.json", self.world)
    }
}

/// The steps of such a file.
pub(crate) fn read(file: &Path) -> Result<Vec<Step>, Fault> {
    let told =
        |error: String| format!("{}: {error}; give a file failing-N.json of an earlier run", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| told(error.to_string()))?;
    let failure: Failure = serde_json::from_str(&text).map_err(|error| told(error.to_string()))?;
    Ok(failure.steps)
}

/// The line, and what stands behind its numbers.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub line: String,
    pub findings: Vec<String>,
}

/// The line's members, in its order.
#[derive(Debug, Serialize)]
struct Sums {
    seed: u64,
    steps: usize,
    refused: usize,
    idle: usize,
    answers: usize,
    compared: usize,
    kills: usize,
    seconds: u64,
    steps_per_second: f64,
    leaks: usize,
    violations: usize,
}

/// Sums up a run: what was played, what was compared, what was found.
pub(crate) fn verdict(
    seed: u64,
    played: &[Played],
    compared: usize,
    took: Duration,
    pages: &Pages,
    leaks: Vec<String>,
    failures: &[Failure],
) -> Result<Verdict, Fault> {
    let sum = |of: fn(&Played) -> usize| played.iter().map(of).sum::<usize>();
    let leaked = leaks.len();
    let mut findings = leaks;
    for failure in failures {
        for violation in &failure.violations {
            let Violation { oracle, what } = violation;
            findings.push(format!("{oracle}: {what} (world {}, {})", failure.world, failure.file()));
        }
    }
    if pages.exits > 0 {
        findings.push(format!("the operator ended by itself {} times; see operator.log", pages.exits));
    }
    let steps = sum(|played| played.done + played.refused + played.idle);
    let sums = Sums {
        seed,
        steps,
        refused: sum(|played| played.refused),
        idle: sum(|played| played.idle),
        answers: sum(|played| played.answers),
        compared,
        kills: pages.kills.len(),
        seconds: took.as_secs(),
        steps_per_second: rate(steps, took),
        leaks: leaked,
        violations: findings.len(),
    };
    Ok(Verdict { line: serde_json::to_string(&sums)?, findings })
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people, with one digit")]
fn rate(steps: usize, took: Duration) -> f64 {
    (steps as f64 / took.as_secs_f64().max(0.1) * 10.0).round() / 10.0
}
