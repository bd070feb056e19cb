//! Processes that end with us.

use std::{fs::OpenOptions, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::setup::Fault;

/// Longest wait for a program to say that it is ready, or to end when asked.
const PATIENCE: Duration = Duration::from_mins(3);

/// A program that ends when its stdin does.
#[derive(Debug)]
pub struct Program {
    child: Child,
}

impl Program {
    /// Starts one that says one line when it is ready.
    ///
    /// # Errors
    /// The process cannot be started, waited for or ended.
    pub async fn announced(mut command: Command, log: &Path) -> Result<(Self, String), Fault> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(appended(log)?).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut line = String::new();
        timeout(PATIENCE, BufReader::new(stdout).read_line(&mut line)).await??;
        if line.is_empty() {
            return Err(format!("a program ended before it was ready; see {}", log.display()).into());
        }
        Ok((Self { child }, line))
    }

    /// Starts one that is ready when it says so elsewhere.
    ///
    /// # Errors
    /// The process cannot be started, waited for or ended.
    pub fn silent(mut command: Command, log: &Path) -> Result<Self, Fault> {
        command.stdin(Stdio::null()).stdout(appended(log)?).stderr(appended(log)?).kill_on_drop(true);
        Ok(Self { child: command.spawn()? })
    }

    /// Closes its stdin and waits for the end.
    ///
    /// # Errors
    /// The process cannot be started, waited for or ended.
    pub async fn stop(&mut self) -> Result<(), Fault> {
        drop(self.child.stdin.take());
        if timeout(PATIENCE, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }

    /// SIGKILL, and waits for the end.
    ///
    /// # Errors
    /// The process cannot be started, waited for or ended.
    pub async fn kill(&mut self) -> Result<(), Fault> {
        Ok(self.child.kill().await?)
    }

    /// The process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Has it ended by itself?
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

fn appended(log: &Path) -> Result<std::fs::File, Fault> {
    Ok(OpenOptions::new().append(true).create(true).open(log)?)
}

/// Plays to the end, unless somebody interrupts it or asks it to end; everything started ends with it.
///
/// # Errors
/// The process cannot be started, waited for or ended.
pub async fn unless_stopped(play: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = play => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        _ = terminated.recv() => Err("asked to end".into()),
    }
}
