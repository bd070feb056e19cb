//! Commands that run to their end.

use std::{ffi::OsStr, process::Command, process::Stdio};

use tokio::io::AsyncWriteExt as _;

use crate::{CommandFailure, Error, Output, Result};

impl Output {
    /// Whether its exit code was 0.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status.success()
    }

    /// Its stdout, if its exit code was 0.
    ///
    /// # Errors
    /// [`Error::Command`], which tells the command and everything that it said.
    pub fn ok(self) -> Result<String> {
        if self.is_ok() { Ok(self.stdout) } else { Err(Box::new(CommandFailure(self)).into()) }
    }
}

/// Runs a command to its end, with `input` as its stdin. It is killed if the future is dropped, so that it can be put
/// into a timeout.
///
/// # Errors
/// [`Error::Start`] if it cannot be started. An exit code other than 0 is no error here: see [`Output::ok`].
pub async fn run(command: Command, input: &str) -> Result<Output> {
    let (shown, program) = (shown(&command), name(&command));
    let mut command = tokio::process::Command::from(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|source| Error::Start { program, source })?;
    let stdin = child.stdin.take();
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input closes the pipe early.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    let output = output.map_err(Error::io(format!("the output of {shown}")))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Ok(Output { command: shown, status: output.status, stdout, stderr })
}

pub(crate) fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// The last lines of a log, for reports.
pub(crate) fn tail(text: &str) -> String {
    const LINES: usize = 20;
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_tells_the_command_and_all_that_it_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "cat; echo why >&2; exit 3"]);
        let error = run(command, "some input").await.unwrap().ok().unwrap_err();
        let text = format!("{error:?}");
        for part in ["sh -c cat", "exit status: 3", "stdout: some input", "stderr: why"] {
            assert!(text.contains(part), "{part} is missing: {text}");
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let error = run(Command::new("no-such-program"), "").await.unwrap_err();
        assert!(format!("{error:?}").starts_with("no-such-program does not start: "), "{error:?}");
    }
}
