//! Namespaces that isolate tests from each other.

use std::{fmt, process::Stdio};

use k8s_openapi::{
    NamespaceResourceScope,
    api::core::v1::{self, Event},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client, Resource,
    api::{DeleteParams, PostParams},
};

use crate::{Cluster, Error, Helm, Kubectl, Result, ServiceAccount, events};

/// A namespace that nobody else has, with a client of the admin.
///
/// In a cluster that is borrowed it is deleted when this is dropped, even if the test panics; in one of our own it
/// stays until that ends, because deleting it takes seconds.
pub struct Namespace {
    name: String,
    client: Client,
    cluster: Cluster,
    is_deleted: bool,
}

impl Cluster {
    /// Makes a namespace; the API server appends something unique to the prefix, which may be 55 characters long.
    ///
    /// # Errors
    /// [`Error::Api`], and as [`Cluster::client`].
    pub async fn namespace(&self, prefix: &str) -> Result<Namespace> {
        let client = self.client().await?;
        let metadata = ObjectMeta { generate_name: Some(format!("{prefix}-")), ..ObjectMeta::default() };
        let wanted = v1::Namespace { metadata, ..v1::Namespace::default() };
        let made = Api::all(client.clone()).create(&PostParams::default(), &wanted).await;
        let made = made.map_err(Error::api(format!("making the namespace {prefix}-…")))?;
        let name = made.metadata.name.unwrap_or_default();
        Ok(Namespace { name, client, cluster: self.clone(), is_deleted: false })
    }
}

impl Namespace {
    /// The name that the API server gave it: the prefix and some letters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster that it is in.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A client of the admin, of the runtime in which the namespace was made.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The objects of one kind in it, as the admin sees them.
    #[must_use]
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client(), &self.name)
    }

    /// kubectl as the admin, in it.
    #[must_use]
    pub fn kubectl(&self) -> Kubectl {
        self.cluster.kubectl().in_namespace(&self.name)
    }

    /// Helm as the admin, in it.
    #[must_use]
    pub fn helm(&self) -> Helm {
        self.cluster.helm().in_namespace(&self.name)
    }

    /// Makes a service account in it, without any rights.
    ///
    /// # Errors
    /// [`Error::Api`].
    pub async fn service_account(&self, name: &str) -> Result<ServiceAccount> {
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let account = v1::ServiceAccount { metadata, ..v1::ServiceAccount::default() };
        let made = self.api().create(&PostParams::default(), &account).await;
        made.map_err(Error::api(format!("making the service account {name}")))?;
        Ok(self.cluster.service_account(&self.name, name))
    }

    /// Events about objects of this name, oldest first.
    ///
    /// # Errors
    /// [`Error::Api`].
    pub async fn events(&self, name: &str) -> Result<Vec<Event>> {
        let found = events::about(&self.api(), &format!("involvedObject.name={name}")).await;
        found.map_err(Error::api(format!("reading the Events about {name}")))
    }

    /// Deletes it, and does not wait until it is gone, which takes seconds.
    ///
    /// # Errors
    /// [`Error::Api`].
    pub async fn delete(mut self) -> Result<()> {
        let api: Api<v1::Namespace> = Api::all(self.client());
        let deleted = api.delete(&self.name, &DeleteParams::default()).await;
        deleted.map_err(Error::api(format!("deleting the namespace {}", self.name)))?;
        self.is_deleted = true;
        Ok(())
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("name", &self.name).finish_non_exhaustive()
    }
}

/// With kubectl, because the runtime of the client may be gone by now.
impl Drop for Namespace {
    fn drop(&mut self) {
        if self.is_deleted || !self.cluster.is_borrowed() {
            return;
        }
        let mut delete = self.cluster.kubectl().command(&["delete", "namespace", &self.name, "--wait=false"]);
        let deleted = delete.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !deleted.is_ok_and(|status| status.success()) {
            eprintln!("the namespace {} could not be deleted", self.name);
        }
    }
}
