//! What must hold before the operator starts; each fault is one line with its remedy.

use std::{path::Path, sync::Arc, time::Duration};

use api::definitions;
use connect::clients;
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Config, ResourceExt,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
    core::PartialObjectMeta,
};
use thiserror::Error;
use vendors::http::{Proxies, UnreadableProxy};

use crate::{
    kubernetes::client::{ApiServer, Silences},
    readiness::Readiness,
};

/// Longest wait for the API server at the start. Less than a call may take, so that one line says it.
const PATIENCE: Duration = Duration::from_secs(8);

/// Stands in a kubeconfig for "no proxy", and leads nowhere (RFC 2606).
const NO_PROXY_URL: &str = "http://proxy.invalid/";

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
    /// A variable that names a proxy, or what is called past it, cannot be understood.
    #[error("{0}")]
    Proxy(#[from] UnreadableProxy),
    /// The kubeconfig names a proxy.
    #[error(
        "the cluster of KUBECONFIG has a proxy-url, and the API server is reached directly only; take proxy-url out of the kubeconfig this process uses"
    )]
    ClusterProxy,
    /// Neither a kubeconfig nor the service account of a Pod was found.
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
    /// The log cannot be set up, so nothing that follows would be told.
    #[error("logging cannot start: {0}")]
    Logging(String),
}

/// Which way the vendors are called, as the variables of the environment say.
///
/// # Errors
/// [`Fault::Proxy`].
pub fn proxies() -> Result<Proxies, Fault> {
    Ok(Proxies::read(|name| std::env::var_os(name))?)
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
    clients::shared_ca(file).await.map(drop).map_err(|failure| Fault::ExtraCa(failure.message))
}

/// Finds the cluster of KUBECONFIG, else of the Pod.
///
/// # Errors
/// [`Fault::NoCluster`], [`Fault::ClusterProxy`].
pub async fn api_server(silences: Arc<Silences>, readiness: Readiness) -> Result<ApiServer, Fault> {
    let no_cluster = |error: &dyn std::fmt::Display| Fault::NoCluster(one_line(&error.to_string()));
    let mut config = match of_kubeconfig().await? {
        Ok(config) => config,
        Err(kubeconfig) => Config::incluster().map_err(|in_cluster| {
            no_cluster(&format!("by kubeconfig: {kubeconfig}; by the Pod: {in_cluster}"))
        })?,
    };
    config.apply_debug_overrides();
    ApiServer::new(config, silences, readiness).map_err(|error| no_cluster(&error))
}

/// The cluster of the kubeconfig's context. The API server is reached directly: the proxy of the environment is meant for
/// the vendors, whatever `NO_PROXY` says.
///
/// # Errors
/// [`Fault::ClusterProxy`]; within it, why there is no usable kubeconfig.
async fn of_kubeconfig() -> Result<Result<Config, KubeconfigError>, Fault> {
    let mut kubeconfig = match Kubeconfig::read() {
        Ok(kubeconfig) => kubeconfig,
        Err(error) => return Ok(Err(error)),
    };
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        if cluster.proxy_url.as_ref().is_none_or(|own| own.is_empty() || own == NO_PROXY_URL) {
            // Where there is none, the library takes that of the environment.
            cluster.proxy_url = Some(NO_PROXY_URL.to_owned());
        }
    }
    let mut config = match Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await {
        Ok(config) => config,
        // Not told as it is: its words may hold the proxy's password.
        Err(KubeconfigError::ParseProxyUrl(_)) => return Err(Fault::ClusterProxy),
        Err(error) => return Ok(Err(error)),
    };
    if config.proxy_url.take().is_some_and(|own| own != NO_PROXY_URL) {
        return Err(Fault::ClusterProxy);
    }
    Ok(Ok(config))
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
