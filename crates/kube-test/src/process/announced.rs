//! A program that says when it is ready.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use super::signal;
use crate::{Deadline, Error, Result, command};

/// How often it is looked whether a program has ended.
const INTERVAL: Duration = Duration::from_millis(20);

/// Longest wait for the end of a program that is dropped, before it is killed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program that says one line on stdout when it is ready, and ends when its stdin does.
///
/// It ends when this is dropped, and when the test process ends, even if that is killed. The methods block; in
/// asynchronous code call them in `spawn_blocking`.
#[derive(Debug)]
pub struct Announced {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Announced {
    /// Starts it and waits for its line, which is the second part of the answer. Its stderr is appended to `log`.
    ///
    /// # Errors
    /// [`Error::Start`], [`Error::EndedEarly`], [`Error::NotReady`] once that time has passed, and [`Error::Io`] for
    /// the log.
    pub fn start(mut command: Command, log: &Path, within: Duration) -> Result<(Self, String)> {
        let program = command::name(&command);
        let stderr = OpenOptions::new().append(true).create(true).open(log);
        let stderr = stderr.map_err(Error::io(format!("opening {}", log.display())))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut child =
            command.spawn().map_err(|source| Error::Start { program: program.clone(), source })?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut announced = Self { child, stdin };
        let line = stdout
            .map(first_line)
            .map_or(Err(RecvTimeoutError::Disconnected), |line| line.recv_timeout(within));
        let said = || command::tail(&fs::read_to_string(log).unwrap_or_default());
        match line {
            Ok(line) if !line.is_empty() => Ok((announced, line)),
            Err(RecvTimeoutError::Timeout) => {
                announced.kill()?;
                Err(Error::NotReady { program, after: within, log: said() })
            }
            Ok(_) | Err(RecvTimeoutError::Disconnected) => Err(Error::EndedEarly { program, log: said() }),
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it in its tracks (SIGSTOP): it keeps its connections, takes new ones, and answers nothing.
    pub fn pause(&self) {
        signal("STOP", self.pid());
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        signal("CONT", self.pid());
    }

    /// Closes its stdin and waits for its end; `None` if that does not come within that time.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be waited for.
    pub fn stop(&mut self, within: Duration) -> Result<Option<ExitStatus>> {
        drop(self.stdin.take());
        let deadline = Deadline::after(within);
        loop {
            let ended = self.child.try_wait().map_err(Error::io("waiting for the end of a program"))?;
            if ended.is_some() || deadline.has_passed() {
                return Ok(ended);
            }
            thread::sleep(INTERVAL);
        }
    }

    /// SIGKILL, and waits for its end.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be killed or waited for.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill().map_err(Error::io("killing a program"))?;
        self.child.wait().map_err(Error::io("waiting for the end of a program"))
    }
}

/// Its first line as soon as there is one; what follows is read too, so that the program can always say more.
fn first_line(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
        let _ = stdout.read_line(&mut line);
        let _ = sender.send(line);
        let _ = io::copy(&mut stdout, &mut io::sink());
    });
    receiver
}

impl Drop for Announced {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // One that stands still would never end.
        self.resume();
        if !matches!(self.stop(PATIENCE), Ok(Some(_))) {
            let _ = self.kill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Duration = Deadline::DEFAULT;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn it_says_a_line_and_ends_with_its_stdin() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let (mut program, line) =
            Announced::start(shell("echo ready; echo more; cat >/dev/null; exit 7"), log.path(), PATIENT)
                .unwrap();
        assert_eq!(line, "ready\n");
        assert_eq!(program.stop(PATIENT).unwrap().unwrap().code(), Some(7));
    }

    #[test]
    fn one_that_stands_still_ends_too() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let (program, _) = Announced::start(shell("echo ready; exec cat"), log.path(), PATIENT).unwrap();
        program.pause();
        drop(program);
    }

    #[test]
    fn one_that_ends_early_says_why() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let error =
            Announced::start(shell("echo no port is left >&2; exit 1"), log.path(), PATIENT).unwrap_err();
        assert!(matches!(&error, Error::EndedEarly { log, .. } if log == "no port is left"), "{error:?}");
    }

    #[test]
    fn one_that_is_never_ready_is_killed() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let error = Announced::start(shell("exec cat"), log.path(), Duration::from_millis(1)).unwrap_err();
        assert!(matches!(error, Error::NotReady { .. }), "{error:?}");
    }
}
