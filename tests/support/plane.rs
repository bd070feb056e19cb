//! Control planes with our definitions and rights: one for all ordinary tests, and others for tests that count, kill or
//! restart.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use kube::Client;
pub use kube_test::Snapshot as Backup;
use kube_test::{Access, Builder, Cluster, ControlPlane, Kubeconfig, ServiceAccount, User};
use testbed::install::{self, ACCOUNT, SYSTEM};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::kubectl::Kubectl;

/// Each costs some 320 MB.
static ROOM: Semaphore = Semaphore::const_new(4);

/// An API server with our definitions and the operator's rights.
#[derive(Debug)]
pub struct Plane {
    pub cluster: Cluster,
    /// Where everything of it lies.
    pub dir: PathBuf,
    /// Of the operator's service account.
    pub operator_kubeconfig: PathBuf,
    /// Only where the control plane is ours.
    pub audit_log: Option<PathBuf>,
    _permit: Option<SemaphorePermit<'static>>,
}

impl Plane {
    /// The cluster of all ordinary tests: our own, or the caller's with `CLUSTER=current`.
    pub async fn for_all() -> Self {
        let builder = builder("shared");
        let cluster = if std::env::var("CLUSTER").is_ok_and(|cluster| cluster == "current") {
            let kubeconfig = std::env::var_os("KUBECONFIG");
            builder
                .borrow(kubeconfig.expect("CLUSTER=current needs KUBECONFIG, the file of one cluster"))
                .await
        } else {
            builder.open().await
        };
        let plane = Self::around(cluster.unwrap(), None);
        plane.install().await;
        plane
    }

    /// A cluster of its own.
    pub async fn own(name: &str) -> Self {
        let plane = Self::bare(name).await;
        plane.install().await;
        plane
    }

    /// A cluster of its own that knows nothing of us yet.
    pub async fn bare(name: &str) -> Self {
        Self::running(name, &[]).await
    }

    /// As [`Plane::bare`], and pods of these images run: the program of each is its entry point.
    pub async fn running(name: &str, images: &[(&str, &Path)]) -> Self {
        let permit = ROOM.acquire().await.unwrap();
        let all =
            images.iter().fold(builder(name), |builder, (image, program)| builder.image(image, program));
        Self::around(all.start().await.unwrap(), Some(permit))
    }

    fn around(cluster: Cluster, permit: Option<SemaphorePermit<'static>>) -> Self {
        let dir = cluster.directory().to_owned();
        Self {
            operator_kubeconfig: dir.join("operator.kubeconfig"),
            audit_log: cluster.audit_log().ok().map(|log| log.path().to_owned()),
            dir,
            cluster,
            _permit: permit,
        }
    }

    /// Is it the caller's cluster, where nothing may be left behind?
    pub fn is_borrowed(&self) -> bool {
        self.cluster.is_borrowed()
    }

    fn control_plane(&self) -> &ControlPlane {
        self.cluster.control_plane().unwrap()
    }

    fn account(&self) -> ServiceAccount {
        install::account(&self.cluster)
    }

    /// kubectl as the admin.
    pub fn kubectl(&self) -> Kubectl {
        Kubectl(self.cluster.kubectl())
    }

    /// A client as the admin; one a test, because each test has a runtime of its own.
    pub async fn client(&self) -> Client {
        self.cluster.client().await.unwrap()
    }

    /// Stops the control plane; what it stored stays.
    pub async fn stop(&self) {
        self.control_plane().stop().await.unwrap();
    }

    /// It stands still: it keeps its connections, takes new ones, and answers nothing.
    pub fn pause(&self) {
        self.control_plane().pause().unwrap();
    }

    /// It goes on after [`Plane::pause`].
    pub fn go_on(&self) {
        self.control_plane().resume().unwrap();
    }

    /// Copies everything that is stored, as a backup does; the control plane stands still meanwhile.
    pub async fn back_up(&self) -> Backup {
        let backup = self.control_plane().snapshot().await.unwrap();
        // Its port may be another one.
        self.write_operator_kubeconfig().await;
        backup
    }

    /// Puts a copy back: the cluster forgets what happened since.
    pub async fn restore(&self, backup: &Backup) {
        self.control_plane().restore(backup).await.unwrap();
        self.write_operator_kubeconfig().await;
    }

    /// A new cluster in the place of this one, with our definitions and rights and nothing else. Its certificates are
    /// the old ones, so that clients need not be made anew.
    pub async fn rebuild(&self) {
        self.control_plane().reset().await.unwrap();
        self.install().await;
    }

    /// The cluster's id, as `orderingCluster` names it.
    pub async fn id(&self) -> String {
        self.cluster.id().await.unwrap()
    }

    /// Another token of the operator's account, so that the audit log tells two operators apart.
    pub async fn another_kubeconfig(&self, name: &str) -> PathBuf {
        let path = self.dir.join(format!("operator.{name}.kubeconfig"));
        self.account().kubeconfig().await.unwrap().write(&path).unwrap();
        path
    }

    /// Server and port of the API server.
    pub fn address(&self) -> SocketAddr {
        self.operator_config().server().trim_start_matches("https://").parse().unwrap()
    }

    /// The operator's kubeconfig with another server in it.
    pub fn operator_kubeconfig_by(&self, server: SocketAddr) -> PathBuf {
        let path = self.dir.join(format!("operator.{}.kubeconfig", server.port()));
        self.operator_config().with_server(&format!("https://{server}")).write(&path).unwrap();
        path
    }

    fn operator_config(&self) -> Kubeconfig {
        Kubeconfig::read(&self.operator_kubeconfig).unwrap()
    }

    async fn write_operator_kubeconfig(&self) {
        install::kubeconfig(&self.cluster, &self.operator_kubeconfig).await.unwrap();
    }

    async fn install(&self) {
        self.install_definitions().await;
        self.install_rights().await;
    }

    /// As the README says: what the operator prints is applied.
    pub async fn install_definitions(&self) {
        install::definitions(&self.cluster, super::operator_program()).await.unwrap();
    }

    /// The chart's own rules, so that what is tested is what is installed.
    pub async fn install_rights(&self) {
        let chart = super::root().join("charts/yubikey-shipment-operator");
        install::rights(&self.cluster, &chart, &["rbac", "admission", "roles"]).await.unwrap();
        self.write_operator_kubeconfig().await;
        // Something that is there before our definitions are.
        self.until_operator_may("list", "namespaces", true).await;
    }

    /// The API server takes up a changed rule when it has heard of it, which is not at once.
    pub async fn until_operator_may(&self, verb: &str, resource: &str, allowed: bool) {
        let access = Access::new(verb, resource);
        self.cluster.until_allowed(&self.account().user(), &access, allowed).await.unwrap();
    }
}

/// With the programs that `make build` makes, whatever the environment names.
fn builder(name: &str) -> Builder {
    let builder = Cluster::builder().control_plane(super::tool("control-plane"));
    let builder = builder.kubectl(super::tool("kubectl")).helm(super::tool("helm"));
    builder.parent(Path::new(env!("CARGO_TARGET_TMPDIR")).join("it")).name(name)
}

/// Who writes, as the audit log names it.
pub fn operator_user() -> String {
    User::of_service_account(SYSTEM, ACCOUNT).name().to_owned()
}
