//! kubectl.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{Error, Output, Result, User, command, tools::Program};

/// kubectl of the control plane's own version, with the kubeconfig of one cluster.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: Program,
    kubeconfig: PathBuf,
    flags: Vec<String>,
}

impl Kubectl {
    pub(crate) fn new(program: Program, kubeconfig: &Path) -> Self {
        Self { program, kubeconfig: kubeconfig.to_owned(), flags: Vec::new() }
    }

    /// With another kubeconfig, such as that of a service account.
    #[must_use]
    pub fn with_kubeconfig(mut self, path: impl Into<PathBuf>) -> Self {
        self.kubeconfig = path.into();
        self
    }

    /// In this namespace, unless the arguments name another.
    #[must_use]
    pub fn in_namespace(mut self, name: &str) -> Self {
        self.flags.push(format!("--namespace={name}"));
        self
    }

    /// As this user, by impersonation.
    #[must_use]
    pub fn as_user(mut self, user: &User) -> Self {
        self.flags.push(format!("--as={}", user.name()));
        self.flags.extend(user.groups().iter().map(|group| format!("--as-group={group}")));
        self
    }

    /// The command, for what [`Kubectl::run`] does not do: to follow logs, or to give it to another program.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program.command();
        command.args(&self.flags).args(arguments).env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Runs a command that may fail, with `input` as its stdin.
    ///
    /// # Errors
    /// [`Error::Start`] if there is no kubectl.
    pub async fn output(&self, arguments: &[&str], input: &str) -> Result<Output> {
        command::run(self.command(arguments), input).await
    }

    /// Runs a command that must not fail; the answer is its stdout.
    ///
    /// # Errors
    /// [`Error::Command`] with everything that it said, and [`Error::Start`] if there is no kubectl.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        self.output(arguments, "").await?.ok()
    }

    /// Runs a command that must not fail and has JSON for an answer (`-o json` is added).
    ///
    /// # Errors
    /// As [`Kubectl::run`], and [`Error::Json`].
    pub async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.run(&[arguments, &["-o", "json"]].concat()).await?;
        serde_json::from_str(&text).map_err(Error::json(format!("kubectl {}", arguments.join(" "))))
    }

    /// Applies manifests, as YAML or JSON, or both in one stream.
    ///
    /// # Errors
    /// As [`Kubectl::run`].
    pub async fn apply(&self, manifests: &str) -> Result<String> {
        self.output(&["apply", "-f", "-"], &stream(manifests)).await?.ok()
    }
}

/// As a stream of YAML, of which JSON is a part. kubectl 1.32 takes what begins with a brace for one object of JSON, and
/// refuses the next.
pub(crate) fn stream(manifests: &str) -> String {
    format!("---\n{manifests}")
}
