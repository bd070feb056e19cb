//! Helm.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Output, Result, command, tools::Program};

/// Helm with the kubeconfig of one cluster. Its caches and settings are the cluster's own, never the user's.
#[derive(Debug, Clone)]
pub struct Helm {
    program: Program,
    kubeconfig: PathBuf,
    home: PathBuf,
    flags: Vec<String>,
}

impl Helm {
    pub(crate) fn new(program: Program, kubeconfig: &Path, home: PathBuf) -> Self {
        Self { program, kubeconfig: kubeconfig.to_owned(), home, flags: Vec::new() }
    }

    /// In this namespace.
    #[must_use]
    pub fn in_namespace(mut self, name: &str) -> Self {
        self.flags.push(format!("--namespace={name}"));
        self
    }

    /// The command, for what [`Helm::run`] does not do.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program.command();
        command.args(&self.flags).args(arguments).env("KUBECONFIG", &self.kubeconfig);
        for kind in ["CACHE", "CONFIG", "DATA"] {
            command.env(format!("HELM_{kind}_HOME"), self.home.join(kind));
        }
        command
    }

    /// Runs a command that may fail, with `input` as its stdin; `--values -` reads values from there.
    ///
    /// # Errors
    /// [`Error::Start`](crate::Error::Start) if there is no Helm.
    pub async fn output(&self, arguments: &[&str], input: &str) -> Result<Output> {
        command::run(self.command(arguments), input).await
    }

    /// Runs a command that must not fail; the answer is its stdout.
    ///
    /// # Errors
    /// [`Error::Command`](crate::Error::Command) with everything that it said, and
    /// [`Error::Start`](crate::Error::Start) if there is no Helm.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        self.output(arguments, "").await?.ok()
    }
}
