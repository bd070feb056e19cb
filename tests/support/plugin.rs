//! `kubectl yubikey`, run as a person runs it.

use std::{path::PathBuf, process::Command};

use kube_test::User;

use super::{operator_program, scene::Scene};

/// What a command said, and how it ended.
#[derive(Debug, Clone)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// It ended with this code.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// The output of a command that must not fail.
    #[track_caller]
    pub fn fine(self) -> String {
        self.ends(0).out
    }
}

/// A program of the plugin: the neighbour of the operator.
pub fn program(name: &str) -> PathBuf {
    let path = operator_program().with_file_name(name);
    assert!(path.exists(), "there is no {name}: run `cargo build --workspace --bins`");
    path
}

/// Runs a program of the plugin without a terminal.
pub async fn run(command: Command) -> Ran {
    let output = kube_test::run(command, "").await.expect("the program starts");
    Ran { code: output.status.code().unwrap_or(-1), out: output.stdout, err: output.stderr }
}

impl Scene {
    /// Runs the plugin as the admin, in the scene's namespace unless the arguments name others.
    pub async fn plugin(&self, arguments: &[&str]) -> Ran {
        self.plugin_as(None, arguments).await
    }

    /// Runs the plugin as another user.
    pub async fn plugin_as(&self, user: Option<&User>, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program("kubectl-yubikey"));
        command.env("KUBECONFIG", self.plane().cluster.kubeconfig_file()).args(arguments);
        if !arguments.contains(&"-A") && !arguments.contains(&"-n") {
            command.args(["-n", &self.name]);
        }
        if let Some(user) = user {
            command.args(["--as", user.name()]);
        }
        run(command).await
    }
}
