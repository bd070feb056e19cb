//! What the integration tests stand on: a real API server, the operator as a process with the chart's rights, and the
//! sandbox in the part of both vendors. Nothing here knows the operator's types: tests see what a user sees.

pub mod answers;
pub mod audit;
pub mod calls;
pub mod dashboard;
pub mod elsewhere;
pub mod helm;
pub mod judge;
pub mod kubectl;
pub mod leak;
pub mod manifest;
pub mod mount;
pub mod narrower;
pub mod object;
pub mod operator;
pub mod page;
pub mod plane;
pub mod plugin;
pub mod ports;
pub mod programs;
pub mod proxy;
pub mod released;
pub mod rollout;
pub mod sandbox;
pub mod scene;
pub mod schema;
pub mod scrape;
pub mod shipment;
pub mod testdata;
pub mod workflows_template;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kube_test::Deadline;

pub use self::programs::{root, tool};

/// Longest wait for anything. Generous: a busy machine is no fault of the operator.
pub const DEADLINE: Duration = Duration::from_mins(3);

/// A port where nobody listens. One that was free a moment ago may be somebody's by now; this one is given to nobody.
pub const NOBODY: u16 = 1;

/// The operator under test.
pub fn operator_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_yubikey-shipment-operator"))
}

/// The sandbox: `SANDBOX_BIN`, else the neighbour of the operator.
pub fn sandbox_program() -> PathBuf {
    let path = std::env::var_os("SANDBOX_BIN")
        .map_or_else(|| operator_program().with_file_name("yubikey-shipment-sandbox"), PathBuf::from);
    assert!(
        path.exists(),
        "there is no sandbox at {}: run `cargo build --workspace --bins` (or name it with SANDBOX_BIN)",
        path.display()
    );
    path
}

/// Asks until there is an answer; `None` after [`DEADLINE`].
pub async fn until<T>(ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    Deadline::after(DEADLINE).poll("an answer", ask).await.ok()
}

/// The time of this machine (UTC), as logs and journals have it.
#[expect(clippy::disallowed_methods, reason = "tests see the same clock as everybody else")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// A moment so many hours ago, as status shows times.
pub fn hours_ago(hours: i64) -> String {
    let then = now() - jiff::SignedDuration::from_hours(hours);
    format!("{then:.6}")
}

/// The end of a text, for reports.
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
