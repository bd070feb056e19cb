//! A cluster, as tests see it.

use std::{
    fs,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use k8s_openapi::api::core::v1;
use kube::{Api, Client};

use crate::{
    AuditLog, ControlPlane, Error, Helm, Kubeconfig, Kubectl, Result, User, directory::Directory,
    tools::Tools,
};

/// A cluster: one that was started here, or the caller's.
///
/// Clones are the same cluster. When the last one is dropped, a control plane that was started here ends.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<Inner>);

/// Its members go in this order: the control plane before its directory.
#[derive(Debug)]
struct Inner {
    control_plane: Option<ControlPlane>,
    kubeconfig: PathBuf,
    tools: Tools,
    directory: Directory,
}

impl Cluster {
    pub(crate) fn around(directory: Directory, tools: Tools, control_plane: Option<ControlPlane>) -> Self {
        let own = control_plane.as_ref().map(|own| own.kubeconfig().to_owned());
        let kubeconfig = own.unwrap_or_else(|| directory.path().join("borrowed.kubeconfig"));
        Self(Arc::new(Inner { control_plane, kubeconfig, tools, directory }))
    }

    pub(crate) fn write_borrowed(&self, kubeconfig: &str) -> Result<()> {
        let path = self.kubeconfig_file();
        let options = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let written =
            options.and_then(|mut file| std::io::Write::write_all(&mut file, kubeconfig.as_bytes()));
        written.map_err(Error::io(format!("writing {}", path.display())))
    }

    /// Whether it is the caller's: nothing may be left behind there.
    #[must_use]
    pub fn is_borrowed(&self) -> bool {
        self.0.control_plane.is_none()
    }

    /// The control plane that was started here.
    ///
    /// # Errors
    /// [`Error::Borrowed`].
    pub fn control_plane(&self) -> Result<&ControlPlane> {
        self.0.control_plane.as_ref().ok_or(Error::Borrowed("the control plane"))
    }

    /// What the API server was asked.
    ///
    /// # Errors
    /// [`Error::Borrowed`].
    pub fn audit_log(&self) -> Result<AuditLog> {
        let own = self.0.control_plane.as_ref().ok_or(Error::Borrowed("the audit log"))?;
        Ok(AuditLog::at(own.audit_log()))
    }

    /// A directory for whatever belongs to the cluster; it goes with it, unless a test panics.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.0.directory.path()
    }

    /// The admin's kubeconfig, as a file.
    #[must_use]
    pub fn kubeconfig_file(&self) -> &Path {
        &self.0.kubeconfig
    }

    /// The admin's kubeconfig.
    ///
    /// # Errors
    /// [`Error::Kubeconfig`].
    pub fn kubeconfig(&self) -> Result<Kubeconfig> {
        Kubeconfig::read(self.kubeconfig_file())
    }

    /// A client of the admin. Make one in each test: it belongs to the runtime in which it is made.
    ///
    /// # Errors
    /// As [`Kubeconfig::client`].
    pub async fn client(&self) -> Result<Client> {
        self.kubeconfig()?.client().await
    }

    /// A client of a user by name, which the admin impersonates.
    ///
    /// # Errors
    /// As [`Kubeconfig::client`].
    pub async fn client_as(&self, user: &User) -> Result<Client> {
        self.kubeconfig()?.as_user(user).client().await
    }

    /// kubectl as the admin.
    #[must_use]
    pub fn kubectl(&self) -> Kubectl {
        Kubectl::new(self.0.tools.kubectl(), self.kubeconfig_file())
    }

    /// Helm as the admin.
    #[must_use]
    pub fn helm(&self) -> Helm {
        Helm::new(self.0.tools.helm(), self.kubeconfig_file(), self.directory().join("helm"))
    }

    /// What tells clusters apart: the uid of the namespace `kube-system`.
    ///
    /// # Errors
    /// [`Error::Api`].
    pub async fn id(&self) -> Result<String> {
        let api: Api<v1::Namespace> = Api::all(self.client().await?);
        let namespace =
            api.get("kube-system").await.map_err(Error::api("reading the namespace kube-system"))?;
        Ok(namespace.metadata.uid.unwrap_or_default())
    }
}
