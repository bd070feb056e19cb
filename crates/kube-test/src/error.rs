//! Everything that can go wrong, in words that say what to do.

use std::{fmt, io, path::PathBuf, time::Duration};

use crate::{CommandFailure, Timeout, variables::CONTROL_PLANE};

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
///
/// `Debug` shows the same text as `Display`, with its causes: it is what `unwrap` and a test that returns a `Result`
/// print.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody said where the control plane program is.
    #[error(
        "no control plane program is named: set {CONTROL_PLANE} to its path, or call `Builder::control_plane`; \
         `tools/control-plane/build.sh` builds it"
    )]
    ControlPlaneUnnamed,

    /// The control plane program is not where it should be.
    #[error(
        "there is no control plane program at {}: {CONTROL_PLANE} or `Builder::control_plane` names it, and \
         `tools/control-plane/build.sh` builds it",
        .0.display()
    )]
    ControlPlaneMissing(PathBuf),

    /// An environment variable that does not say what it should.
    #[error("{variable} {problem}")]
    Environment {
        /// Name of the variable.
        variable: &'static str,
        /// What is wrong with it.
        problem: String,
    },

    /// A program that cannot be started.
    #[error("{program} does not start")]
    Start {
        /// The program, as it was called.
        program: String,
        /// Why the system did not start it.
        source: io::Error,
    },

    /// A program that ended before it said that it is ready.
    #[error("{program} ended before it was ready; the end of its log:\n{log}")]
    EndedEarly {
        /// The program, as it was called.
        program: String,
        /// The last lines of its stderr.
        log: String,
    },

    /// A program that did not say in time that it is ready.
    #[error("{program} was not ready after {after:?}; the end of its log:\n{log}")]
    NotReady {
        /// The program, as it was called.
        program: String,
        /// How long it was waited for.
        after: Duration,
        /// The last lines of its stderr.
        log: String,
    },

    /// A command that ended with another exit code than 0.
    #[error(transparent)]
    Command(#[from] Box<CommandFailure>),

    /// Something did not come true before its deadline.
    #[error(transparent)]
    Timeout(#[from] Box<Timeout>),

    /// The API server said no, or could not be asked.
    #[error("{what}")]
    Api {
        /// What was asked of it.
        what: String,
        /// What the API server answered, or why it was not reached.
        source: Box<kube::Error>,
    },

    /// A kubeconfig that cannot be used.
    #[error("the kubeconfig {what} cannot be used")]
    Kubeconfig {
        /// Which kubeconfig, as it was named.
        what: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// Text that should be JSON.
    #[error("{what} is not the JSON that was expected")]
    Json {
        /// Whose text it is.
        what: String,
        /// Where it stops being JSON.
        source: serde_json::Error,
    },

    /// A file or directory.
    #[error("{what}")]
    Io {
        /// What was done to which one.
        what: String,
        /// Why it failed.
        source: io::Error,
    },

    /// Something that only a control plane of our own can do.
    #[error("{0}: the cluster is the caller's, and only a control plane that was started here can do that")]
    Borrowed(&'static str),

    /// Something that only a running control plane can do.
    #[error("{0}: the control plane is stopped")]
    Stopped(&'static str),
}

impl Error {
    pub(crate) fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        |source| Self::Api { what: what.into(), source: Box::new(source) }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Io { what: what.into(), source }
    }

    pub(crate) fn json(what: impl Into<String>) -> impl FnOnce(serde_json::Error) -> Self {
        |source| Self::Json { what: what.into(), source }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
