//! Helm without a cluster, and where the charts are.

use std::{path::Path, process::Command};

use kube_test::Output;

pub use crate::programs::{root, tool};

/// Namespace of the release where nobody says another.
pub const NAMESPACE: &str = "yubikey-shipments";

/// The programs under test: Helm of both major versions.
pub const HELM: &str = "helm";
pub const HELM_3: &str = "helm3";

/// The operator's chart.
pub fn chart() -> String {
    root().join("charts/yubikey-shipment-operator").display().to_string()
}

/// The chart of the definitions.
pub fn definitions_chart() -> String {
    chart() + "-crds"
}

/// Helm's argument for a set of values in the chart's folder `ci/`.
pub fn values(set: &str) -> String {
    format!("--values={}/ci/{set}-values.yaml", chart())
}

/// Runs Helm where it asks no cluster, with `input` as its stdin: `--values=-` reads it.
pub async fn run(program: &str, arguments: &[&str], input: &str) -> Output {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chart/helm");
    let mut helm = Command::new(tool(program));
    helm.args(arguments).env("KUBECONFIG", home.join("none"));
    for kind in ["CACHE", "CONFIG", "DATA"] {
        helm.env(format!("HELM_{kind}_HOME"), home.join(kind));
    }
    kube_test::run(helm, input).await.unwrap()
}

/// `helm template` of the operator's chart as the release `yks`.
pub async fn template(arguments: &[&str], input: &str) -> Output {
    let head = ["template", "yks", &chart(), "--namespace", NAMESPACE];
    run(HELM, &[&head, arguments].concat(), input).await
}

/// What it renders; it must not fail.
pub async fn rendered_with(arguments: &[&str]) -> String {
    template(arguments, "").await.ok().unwrap()
}

/// It failed, and said so in these words.
pub fn assert_fails(output: &Output, sentence: &str) {
    assert!(!output.is_ok(), "it succeeds: {}", output.command);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(said.contains(sentence), "`{}` does not say: {sentence}\n{said}", output.command);
}

/// Copies a whole folder to a place that is not there yet.
pub fn copy(from: &str, to: &Path) {
    let copied = Command::new("cp").args(["-R", from]).arg(to).status().unwrap();
    assert!(copied.success(), "cp -R {from} {}", to.display());
}
