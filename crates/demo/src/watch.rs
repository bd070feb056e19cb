//! Shipments as `kubectl get --watch` shows them: a line whenever one changes.

use std::{
    fs::OpenOptions,
    process::{Command, Stdio},
    time::Duration,
};

use testbed::setup::Fault;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout},
    time::timeout,
};

use crate::{stage::Stage, told::fault_in};

/// Longest wait for a line before somebody looks around.
const GLANCE: Duration = Duration::from_secs(1);

/// The process; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// One line of `kubectl get --watch`.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// The person's id at Okta.
    pub(crate) id: String,
    pub(crate) phase: String,
    pub(crate) ready: String,
    pub(crate) reason: String,
}

impl Watch {
    pub(crate) fn start(stage: &Stage) -> Result<Self, Fault> {
        let columns = "custom-columns=NAME:.metadata.name,ID:.spec.userRef.id,PHASE:.status.phase,\
             READY:.status.conditions[?(@.type==\"Ready\")].status,\
             REASON:.status.conditions[?(@.type==\"Ready\")].reason";
        let get = ["get", "yubikeyshipments", "--watch", "--no-headers", "-o", columns];
        let command: Command = stage.kubectl()?.command(&get);
        let mut command = tokio::process::Command::from(command);
        let log = OpenOptions::new().append(true).create(true).open(stage.state.join("watch.log"))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().ok_or("kubectl has no stdout")?;
        Ok(Self { _process: process, lines: BufReader::new(stdout).lines() })
    }

    /// The next line that shows a phase; `None` if there is none yet.
    pub(crate) async fn next(&mut self, stage: &Stage) -> Result<Option<Line>, Fault> {
        let line = match timeout(GLANCE, self.lines.next_line()).await {
            Err(_) => return Ok(None),
            Ok(line) => line?,
        };
        let ended = || fault_in("watch ended by itself", &stage.state.join("watch.log"));
        Ok(read(&line.ok_or_else(ended)?))
    }
}

fn read(line: &str) -> Option<Line> {
    let mut columns = line.split_whitespace().map(str::to_owned);
    let line = Line {
        name: columns.next()?,
        id: columns.next()?,
        phase: columns.next()?,
        ready: columns.next()?,
        reason: columns.next()?,
    };
    (line.phase != "<none>").then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_once_there_is_a_phase() {
        let line = read("ann-lee  00u1   Ordered   False   AwaitingShipment").unwrap();
        assert_eq!((line.name.as_str(), line.phase.as_str()), ("ann-lee", "Ordered"));
        assert_eq!((line.ready.as_str(), line.reason.as_str()), ("False", "AwaitingShipment"));
        assert!(read("ann-lee  00u1   <none>   <none>   <none>").is_none());
        assert!(read("").is_none());
    }
}
