//! What a command said, and that it failed.

use std::process::ExitStatus;

/// What a command said, whatever its exit code.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Output {
    /// The command, as one would type it.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Its stdout; what is not UTF-8 is replaced.
    pub stdout: String,
    /// Its stderr; what is not UTF-8 is replaced.
    pub stderr: String,
}

/// A command that ended with another exit code than 0.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{}` ended with {}\nstdout: {}\nstderr: {}",
    .0.command, .0.status, .0.stdout.trim_end(), .0.stderr.trim_end()
)]
pub struct CommandFailure(
    /// What it said.
    pub Output,
);
