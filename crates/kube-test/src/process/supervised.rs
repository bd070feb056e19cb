//! Any program, behind a shell that ends it.

use std::{
    path::Path,
    process::{Command, ExitStatus},
    time::Duration,
};

use super::{Announced, signal};
use crate::{Deadline, Error, Result};

/// Runs a program that does not watch its stdin, says its pid, and sends SIGTERM when our end of the pipe closes. The
/// exit code is the program's.
const SUPERVISOR: &str = concat!(
    r#"log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & pid=$!; echo $pid; "#,
    r"cat >/dev/null; kill $pid 2>/dev/null; wait $pid"
);

/// Longer than most programs wait for what is under way.
const PATIENCE: Duration = Duration::from_secs(90);

/// Any program, such as the operator under test.
///
/// It gets SIGTERM when this is dropped, and when the test process ends, even if that is killed. The methods block; in
/// asynchronous code call them in `spawn_blocking`.
#[derive(Debug)]
pub struct Supervised {
    supervisor: Announced,
    pid: u32,
}

impl Supervised {
    /// Starts it with the arguments, the variables and the directory of `command`. Its stdout and stderr are appended
    /// to `log`, its stdin is empty. It inherits the variables of this process, even after `Command::env_clear`.
    ///
    /// # Errors
    /// [`Error::Start`] and [`Error::Io`]. A program that cannot be executed is no error here: it ends with exit code
    /// 127, and the log says why.
    pub fn start(command: &Command, log: &Path) -> Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", SUPERVISOR, "supervisor"]).arg(log);
        shell.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            shell.current_dir(directory);
        }
        let own_log = log.with_extension("supervisor");
        let (supervisor, line) = Announced::start(shell, &own_log, Deadline::DEFAULT)?;
        let pid =
            line.trim().parse().map_err(|_| Error::EndedEarly { program: "sh".to_owned(), log: line })?;
        Ok(Self { supervisor, pid })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Stops it in its tracks (SIGSTOP).
    pub fn pause(&self) {
        signal("STOP", self.pid);
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        signal("CONT", self.pid);
    }

    /// SIGTERM, and how it ended; `None` if that took longer, and it was killed.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be waited for.
    pub fn terminate(mut self, within: Duration) -> Result<Option<ExitStatus>> {
        let ended = self.supervisor.stop(within)?;
        if ended.is_none() {
            self.end();
        }
        Ok(ended)
    }

    /// SIGKILL, as when a node is lost.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be waited for.
    pub fn kill(mut self) -> Result<()> {
        self.end();
        self.supervisor.stop(PATIENCE).map(drop)
    }

    fn end(&self) {
        signal("KILL", self.pid);
    }
}

/// Before the supervisor is dropped, which waits for the program.
impl Drop for Supervised {
    fn drop(&mut self) {
        if matches!(self.supervisor.stop(Duration::ZERO), Ok(Some(_))) {
            return;
        }
        // One that stands still takes no SIGTERM.
        self.resume();
        if !matches!(self.supervisor.stop(PATIENCE), Ok(Some(_))) {
            self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).env("GREETING", "hello");
        command
    }

    fn until_said(log: &Path, words: &str) {
        let deadline = Deadline::default();
        while !fs::read_to_string(log).unwrap_or_default().contains(words) {
            assert!(!deadline.has_passed(), "it never says {words}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn it_is_asked_to_end_and_its_exit_code_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let script = r#"trap 'echo bye; exit 5' TERM; echo "$GREETING"; while :; do sleep 0.1; done"#;
        let program = Supervised::start(&shell(script), &log).unwrap();
        until_said(&log, "hello");
        assert_eq!(program.terminate(Deadline::DEFAULT).unwrap().unwrap().code(), Some(5));
        assert_eq!(fs::read_to_string(log).unwrap(), "hello\nbye\n");
    }

    #[test]
    fn one_that_stands_still_ends_too() {
        let dir = tempfile::tempdir().unwrap();
        let program = Supervised::start(&shell("exec sleep 600"), &dir.path().join("log")).unwrap();
        program.pause();
        drop(program);
    }

    #[test]
    fn one_that_does_not_end_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let script = "trap 'echo not yet' TERM; echo up; while :; do sleep 0.1; done";
        let program = Supervised::start(&shell(script), &log).unwrap();
        until_said(&log, "up");
        assert!(program.terminate(Duration::from_millis(1)).unwrap().is_none());
    }
}
