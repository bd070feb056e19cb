//! What is generated into the charts, and who checks it.

use std::{path::Path, process::Command};

use crate::{
    helm::{HELM, assert_fails, definitions_chart, root, run, tool},
    sets::rendered,
};

/// Runs a script of the project, with our own Helm before the machine's.
async fn passes(program: &str, arguments: &[&str]) {
    let mut script = Command::new(program);
    let path = std::env::var("PATH").unwrap_or_default();
    script.args(arguments).current_dir(root());
    script.env("PATH", format!("{}:{path}", tool(HELM).parent().unwrap().display()));
    kube_test::run(script, "").await.unwrap().ok().unwrap();
}

/// Byte for byte: in `crds/`, in the chart of the definitions, and in its copy.
#[tokio::test]
async fn the_definitions_equal_the_rust_types_in_crds_and_in_both_charts() {
    let fresh = tempfile::tempdir().unwrap();
    let fresh = fresh.path().to_str().unwrap();
    passes(env!("CARGO_BIN_EXE_yubikey-shipment-operator"), &["crds", "--dir", fresh]).await;
    let copy = root().join("charts/yubikey-shipment-operator/charts/yubikey-shipment-operator-crds");
    passes("diff", &["-ru", "crds", fresh]).await;
    passes("diff", &["-ru", &format!("{}/files/crds", definitions_chart()), fresh]).await;
    passes("diff", &["-ru", &definitions_chart(), copy.to_str().unwrap()]).await;
}

#[tokio::test]
async fn the_table_of_values_equals_their_comments_and_the_schema_knows_the_same_values() {
    passes("python3", &["hack/chart-readme.py", "--check"]).await;
}

#[tokio::test]
async fn the_set_of_every_value_turns_every_value() {
    passes("python3", &["hack/chart-turned.py"]).await;
}

#[tokio::test]
async fn the_definitions_chart_is_clean_to_a_strict_lint() {
    run(HELM, &["lint", "--strict", &definitions_chart()], "").await.ok().unwrap();
}

async fn judge(file: &Path) -> kube_test::Output {
    let mut judge = Command::new(tool("judge"));
    judge.args(["strict", "-skip-unknown"]).arg(file);
    kube_test::run(judge, "").await.unwrap()
}

/// Into the types that the Prometheus operator publishes: the API server of the tests knows no such kinds.
#[tokio::test]
async fn kinds_of_the_prometheus_operator_have_only_fields_that_it_knows() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("everything.yaml");
    let text = rendered("everything").await;
    std::fs::write(&file, &text).unwrap();
    let said = judge(&file).await.ok().unwrap();
    for kind in [" ServiceMonitor ", " PrometheusRule "] {
        assert!(said.lines().any(|line| line.starts_with("ok ") && line.contains(kind)), "{kind}: {said}");
    }
    let wrong = text.replace("\n      interval: ", "\n      intervall: 1s\n      interval: ");
    assert_ne!(wrong, text);
    std::fs::write(&file, wrong).unwrap();
    assert_fails(&judge(&file).await, "intervall");
}
