//! Service accounts, which operators run as.

use std::{path::PathBuf, time::Duration};

use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1,
};
use kube::{Api, Client, api::PostParams};

use crate::{Cluster, Error, Kubeconfig, Result, User};

/// How long the token of a kubeconfig is valid.
const LIFETIME: Duration = Duration::from_hours(12);

/// A service account, and its ways to the API server.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    cluster: Cluster,
    namespace: String,
    name: String,
}

impl ServiceAccount {
    pub(crate) fn new(cluster: Cluster, namespace: &str, name: &str) -> Self {
        Self { cluster, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// `metadata.name`, without the namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user that it is to RBAC and to the audit log.
    #[must_use]
    pub fn user(&self) -> User {
        User::of_service_account(&self.namespace, &self.name)
    }

    /// A new token. An API server may shorten the lifetime, and refuses less than ten minutes.
    ///
    /// # Errors
    /// [`Error::Api`], and as [`Cluster::client`].
    pub async fn token(&self, lifetime: Duration) -> Result<String> {
        let api: Api<v1::ServiceAccount> = Api::namespaced(self.cluster.client().await?, &self.namespace);
        let expiration_seconds = i64::try_from(lifetime.as_secs()).ok();
        let spec = TokenRequestSpec { expiration_seconds, ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let made = api.create_token_request(&self.name, &PostParams::default(), &request).await;
        let made = made.map_err(Error::api(format!("a token of {}", self.user().name())))?;
        Ok(made.status.map(|status| status.token).unwrap_or_default())
    }

    /// A kubeconfig with a new token that is valid for twelve hours. The audit log tells tokens apart
    /// ([`Request::credential`](crate::Request::credential)), and so several programs with the same account.
    ///
    /// # Errors
    /// As [`ServiceAccount::token`].
    pub async fn kubeconfig(&self) -> Result<Kubeconfig> {
        Ok(self.cluster.kubeconfig()?.with_token(&self.token(LIFETIME).await?))
    }

    /// A file with [`ServiceAccount::kubeconfig`], for a program. It goes with the cluster.
    ///
    /// # Errors
    /// As [`ServiceAccount::token`], and [`Error::Io`].
    pub async fn kubeconfig_file(&self) -> Result<PathBuf> {
        let path = self.cluster.directory().join(format!("{}.{}.kubeconfig", self.namespace, self.name));
        self.kubeconfig().await?.write(&path)?;
        Ok(path)
    }

    /// A client with its rights, and no others.
    ///
    /// # Errors
    /// As [`ServiceAccount::token`].
    pub async fn client(&self) -> Result<Client> {
        self.kubeconfig().await?.client().await
    }
}

impl Cluster {
    /// A service account that is there already, such as one of a chart.
    #[must_use]
    pub fn service_account(&self, namespace: &str, name: &str) -> ServiceAccount {
        ServiceAccount::new(self.clone(), namespace, name)
    }
}
