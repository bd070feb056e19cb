//! kubectl of the control plane's own version.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a command said.
#[derive(Debug, Clone)]
pub struct Said {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The output of a command that must not fail.
    pub fn fine(self) -> String {
        assert!(self.ok, "kubectl failed: {}", self.err);
        self.out
    }
}

/// kubectl with one kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubectl {
    kubeconfig: PathBuf,
}

impl Kubectl {
    pub fn new(kubeconfig: &Path) -> Self {
        Self { kubeconfig: kubeconfig.to_owned() }
    }

    /// Runs a command.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        self.with_input(arguments, "").await
    }

    /// Runs a command that reads `input`.
    pub async fn with_input(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = Command::new(super::tool("kubectl"));
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        run(command, input.to_owned()).await
    }

    /// Applies manifests, as YAML or JSON.
    pub async fn apply(&self, manifests: &str) -> Said {
        self.with_input(&["apply", "-f", "-"], manifests).await
    }
}

/// Runs a program to its end without holding up other tests.
pub async fn run(mut command: Command, input: String) -> Said {
    let run = move || {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take();
        let writer = std::thread::spawn(move || stdin.as_mut().map(|pipe| pipe.write_all(input.as_bytes())));
        let output = child.wait_with_output();
        // A program that does not read its input closes the pipe early.
        drop(writer.join());
        output
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().expect("the program starts");
    Said {
        ok: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
