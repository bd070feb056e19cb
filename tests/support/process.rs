//! Processes that end with the test process, however that ends: they watch the end of a pipe that only we hold.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// A process that ends when its stdin does.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts a program that says one line when it is ready; its stderr goes to `log`.
    pub fn announced(mut command: Command, log: &Path) -> (Self, String) {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(log).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let stdin = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = std::fs::read_to_string(log).unwrap_or_default();
        assert!(!line.is_empty(), "{program} ended before it was ready:\n{}", super::tail(&said, 20));
        (Self { child, stdin }, line)
    }

    /// Sends it a signal, by name.
    pub fn signal(&self, name: &str) {
        signal(name, &self.child.id().to_string());
    }

    /// Asks it to end and waits for that.
    pub fn stop(&mut self) -> ExitStatus {
        drop(self.stdin.take());
        self.child.wait().unwrap()
    }

    /// Asks it to end; `None` if it does not within that time.
    fn stop_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        drop(self.stdin.take());
        let end = Instant::now() + patience;
        loop {
            match self.child.try_wait().unwrap() {
                None if Instant::now() < end => std::thread::sleep(Duration::from_millis(20)),
                ended => return ended,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that stands still would never end.
        self.signal("CONT");
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Runs a program that does not watch its stdin, says its pid, and sends SIGTERM when our end of the pipe closes. The
/// exit code is the program's.
const KEEPER: &str = r#"log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & pid=$!; echo $pid; cat >/dev/null; kill $pid 2>/dev/null; wait $pid"#;

/// Longer than calls under way are waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// To one process, which may be gone.
fn signal(name: &str, pid: &str) {
    let _ = Command::new("kill").args([&format!("-{name}"), pid]).stderr(Stdio::null()).status();
}

/// A process behind a keeper.
#[derive(Debug)]
pub struct Kept {
    keeper: Process,
    pid: String,
}

impl Kept {
    /// Starts it; stdout and stderr are appended to `log`.
    pub fn start(program: &Path, arguments: &[&str], environment: &[(&str, &str)], log: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(log).arg(program).args(arguments);
        command.envs(environment.iter().copied());
        let (keeper, line) = Process::announced(command, &log.with_extension("keeper"));
        Self { keeper, pid: line.trim().to_owned() }
    }

    /// Its process id.
    pub fn pid(&self) -> &str {
        &self.pid
    }

    /// SIGTERM, and the exit code; `None` if it had to be killed after all.
    pub fn stop(mut self) -> Option<ExitStatus> {
        let ended = self.keeper.stop_within(PATIENCE);
        if ended.is_none() {
            self.end();
        }
        ended
    }

    /// SIGKILL: what a lost node does to it.
    pub fn kill(mut self) {
        self.end();
        self.keeper.stop();
    }

    fn end(&self) {
        signal("KILL", &self.pid);
    }
}

/// Before the keeper is dropped, which waits for it.
impl Drop for Kept {
    fn drop(&mut self) {
        if self.keeper.stop_within(PATIENCE).is_none() {
            self.end();
        }
    }
}
