//! What a cluster is given before the operator runs there: what the operator prints and what the chart renders, so that
//! what is tested is what is installed.

use std::{path::Path, process::Command};

use kube_test::{Cluster, ServiceAccount, run};
use serde_json::json;

use crate::setup::Fault;

/// Namespace of the operator, of its service account and of its lease, as the chart makes them.
pub const SYSTEM: &str = "yubikey-shipments";
/// Name of the release, of the service account and of the lease.
pub const ACCOUNT: &str = "yubikey-shipment-operator";

/// The operator's service account.
#[must_use]
pub fn account(cluster: &Cluster) -> ServiceAccount {
    cluster.service_account(SYSTEM, ACCOUNT)
}

/// The definitions that this operator prints, once they are served.
///
/// # Errors
/// The program cannot be run, or the API server does not take what it prints.
pub async fn definitions(cluster: &Cluster, operator: &Path) -> Result<(), Fault> {
    let mut crds = Command::new(operator);
    crds.arg("crds");
    let crds = run(crds, "").await?.ok()?;
    Ok(cluster.apply_definition_manifests(&crds).await?)
}

/// The namespace, and what these templates of the chart render: `rbac`, for one.
///
/// # Errors
/// Helm cannot render them, or the API server does not take them.
pub async fn rights(cluster: &Cluster, chart: &Path, templates: &[&str]) -> Result<(), Fault> {
    let mut helm = cluster.helm().command(&["template", ACCOUNT]);
    helm.arg(chart).args(["--namespace", SYSTEM]);
    helm.args(templates.iter().map(|name| format!("--show-only=templates/{name}.yaml")));
    let rules = run(helm, "").await?.ok()?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}});
    cluster.kubectl().apply(&namespace.to_string()).await?;
    cluster.kubectl().apply(&rules).await?;
    Ok(())
}

/// Writes the kubeconfig of the operator's account into this file.
///
/// # Errors
/// The account has none yet, or the file cannot be written.
pub async fn kubeconfig(cluster: &Cluster, file: &Path) -> Result<(), Fault> {
    Ok(account(cluster).kubeconfig().await?.write(file)?)
}
