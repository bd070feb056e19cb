//! kubectl of the control plane's own version.

use std::process::Command;

use kube_test::Output;

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

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self { ok: output.is_ok(), out: output.stdout, err: output.stderr }
    }
}

/// kubectl with one kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubectl(pub kube_test::Kubectl);

impl Kubectl {
    /// Runs a command.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        self.with_input(arguments, "").await
    }

    /// Runs a command that reads `input`.
    pub async fn with_input(&self, arguments: &[&str], input: &str) -> Said {
        self.0.output(arguments, input).await.unwrap().into()
    }

    /// Applies manifests, as YAML or JSON.
    pub async fn apply(&self, manifests: &str) -> Said {
        self.with_input(&["apply", "-f", "-"], manifests).await
    }
}

/// Runs a program to its end without holding up other tests.
pub async fn run(command: Command, input: String) -> Said {
    kube_test::run(command, &input).await.expect("the program starts").into()
}
