//! What must hold before the operator starts; each fault is one line with its remedy.

use std::{path::Path, sync::Arc, time::Duration};

use api::definitions;
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, Client, Config, ResourceExt, core::PartialObjectMeta};
use thiserror::Error;

use crate::{
    connection::preflight,
    kubernetes::client::{ApiServer, Silences},
    readiness::Readiness,
};

/// Longest wait for the API server at the start. Less than a call may take, so that one line says it.
const PATIENCE: Duration = Duration::from_secs(8);

/// A fault of the process: it ends with this line.
#[derive(Debug, Error)]
pub enum Fault {
    /// No directory of credentials.
    #[error(
        "the credentials directory {0} does not exist or cannot be read; create it, or mount the Secrets there and name it with --credentials-dir"
    )]
    NoCredentials(String),
    /// The shared certificates cannot be used.
    #[error("--extra-ca: {0}")]
    ExtraCa(String),
    /// No cluster.
    #[error(
        "no cluster is configured: {0}; set KUBECONFIG to a kubeconfig file, or run in a Pod with a service account"
    )]
    NoCluster(String),
    /// The cluster does not answer.
    #[error("the cluster does not answer: {0}; check the server of KUBECONFIG and the network")]
    Unreachable(String),
    /// Definitions are missing.
    #[error(
        "the custom resource definition {0} is missing; apply the CRDs of this version (`yubikey-shipment-operator crds | kubectl apply -f -`)"
    )]
    CrdMissing(String),
    /// Definitions are older.
    #[error(
        "the served custom resource definition {0} lacks the field {1}; apply the CRDs of this version (`yubikey-shipment-operator crds | kubectl apply -f -`)"
    )]
    CrdOutdated(String, String),
    /// The operator may not look.
    #[error(
        "the cluster refuses to show {0} ({1}); grant the operator's service account the RBAC of the chart"
    )]
    Forbidden(String, String),
    /// The address is taken.
    #[error("cannot listen on {0}: {1}; choose another address with --listen")]
    Listen(String, String),
    /// Logging failed.
    #[error("logging cannot start: {0}")]
    Logging(String),
}

/// Checks the directory.
///
/// # Errors
/// [`Fault::NoCredentials`].
pub fn check_credentials(dir: &Path) -> Result<(), Fault> {
    std::fs::read_dir(dir).map(drop).map_err(|_| Fault::NoCredentials(dir.display().to_string()))
}

/// Checks the certificates that all connections shall trust. Later changes are told by the connections.
///
/// # Errors
/// [`Fault::ExtraCa`].
pub async fn check_extra_ca(file: Option<&Path>) -> Result<(), Fault> {
    let Some(file) = file else { return Ok(()) };
    preflight::shared_ca(file).await.map(drop).map_err(|failure| Fault::ExtraCa(failure.message))
}

/// Finds the cluster of KUBECONFIG, else of the Pod.
///
/// # Errors
/// [`Fault::NoCluster`].
pub async fn api_server(silences: Arc<Silences>, readiness: Readiness) -> Result<ApiServer, Fault> {
    let no_cluster = |error: &dyn std::fmt::Display| Fault::NoCluster(one_line(&error.to_string()));
    let mut config = Config::infer().await.map_err(|error| no_cluster(&error))?;
    if config.proxy_url.as_ref().is_some_and(|url| names_a_proxy(&url.to_string())) {
        // Meant for the vendors; the API server is reached directly, whatever NO_PROXY says of it.
        config.proxy_url = None;
    }
    ApiServer::new(config, silences, readiness).map_err(|error| no_cluster(&error))
}

/// Is this proxy that of the environment, and not the kubeconfig's own?
fn names_a_proxy(url: &str) -> bool {
    let bare = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
    let mut variables =
        ["HTTPS_PROXY", "https_proxy"].into_iter().filter_map(|name| std::env::var(name).ok());
    variables.any(|text| bare(&text) == bare(url))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Compares the served definitions with our own: an older one would drop a mark and answer 200.
///
/// # Errors
/// What is missing, older or refused.
pub async fn check_crds(client: &Client) -> Result<(), Fault> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for ours in definitions::all() {
        let name = ours.name_any();
        let served = within(&name, api.get(&name)).await?;
        if let Some(field) = lacks(&ours, &served) {
            return Err(Fault::CrdOutdated(name, field));
        }
    }
    Ok(())
}

/// Uid of the `kube-system` namespace: the cluster's id.
///
/// # Errors
/// If it is refused.
pub async fn cluster_id(client: &Client) -> Result<Option<String>, Fault> {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(client.clone());
    Ok(within("namespace kube-system", api.get("kube-system")).await?.uid())
}

async fn within<T>(what: &str, call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Fault> {
    match tokio::time::timeout(PATIENCE, call).await {
        Err(_) => Err(Fault::Unreachable("no answer within 10 s".to_owned())),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(kube::Error::Api(status))) if status.is_not_found() => Err(Fault::CrdMissing(what.to_owned())),
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 401 | 403) => {
            Err(Fault::Forbidden(what.to_owned(), one_line(&status.message)))
        }
        Ok(Err(error)) => Err(Fault::Unreachable(one_line(&error.to_string()))),
    }
}

/// First field of ours that the served definition does not have.
fn lacks(ours: &CustomResourceDefinition, served: &CustomResourceDefinition) -> Option<String> {
    let version = &ours.spec.versions.first()?;
    let schema = |crd: &CustomResourceDefinition| {
        let found = crd.spec.versions.iter().find(|v| v.name == version.name && v.served)?;
        serde_json::to_value(found.schema.as_ref()?.open_api_v3_schema.as_ref()?).ok()
    };
    let Some(theirs) = schema(served) else { return Some(format!("version {}", version.name)) };
    missing_property(&schema(ours)?, &theirs, "")
}

fn missing_property(ours: &serde_json::Value, theirs: &serde_json::Value, path: &str) -> Option<String> {
    let properties = |value: &serde_json::Value| value.get("properties").and_then(|p| p.as_object()).cloned();
    for (name, mine) in properties(ours).unwrap_or_default() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match theirs.get("properties").and_then(|p| p.get(&name)) {
            None => return Some(path),
            Some(their) => {
                if let Some(missing) = missing_property(&mine, their, &path) {
                    return Some(missing);
                }
            }
        }
    }
    match (ours.get("items"), theirs.get("items")) {
        (Some(mine), Some(their)) => missing_property(mine, their, path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_definition_is_told_apart() {
        for ours in definitions::all() {
            assert_eq!(lacks(&ours, &ours), None);
            let mut text = serde_json::to_value(&ours).expect("encodes");
            let status = &mut text["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
                ["properties"];
            status.as_object_mut().expect("object").remove("conditions");
            let older = serde_json::from_value(text).expect("decodes");
            assert_eq!(lacks(&ours, &older), Some("status.conditions".to_owned()));
        }
    }
}
