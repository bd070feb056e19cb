//! Control planes: one for all ordinary tests, and others for tests that count, kill or restart.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{kubectl, kubectl::Kubectl, process::Process};

/// Namespace and name of the operator's service account, as the chart makes it.
const SYSTEM: &str = "yubikey-shipments";
const ACCOUNT: &str = "yubikey-shipment-operator";

/// Each costs some 320 MB.
static ROOM: Semaphore = Semaphore::const_new(2);

/// An API server with our definitions and the operator's rights.
#[derive(Debug)]
pub struct Plane {
    /// Where everything of it lies.
    pub dir: PathBuf,
    /// Of the admin.
    pub kubeconfig: PathBuf,
    /// Of the operator's service account.
    pub operator_kubeconfig: PathBuf,
    /// Only where the control plane is ours.
    pub audit_log: Option<PathBuf>,
    process: Option<Process>,
    _permit: Option<SemaphorePermit<'static>>,
}

impl Plane {
    /// The cluster of all ordinary tests: our own, or the caller's with `CLUSTER=current`.
    pub async fn for_all() -> Self {
        let dir = fresh_dir("shared");
        let plane = if std::env::var("CLUSTER").is_ok_and(|cluster| cluster == "current") {
            let kubeconfig = std::env::var_os("KUBECONFIG")
                .expect("CLUSTER=current needs KUBECONFIG, the file of one cluster");
            Self::around(dir, PathBuf::from(kubeconfig), None, None, None)
        } else {
            serve(dir, None).await
        };
        plane.install().await;
        plane
    }

    /// A cluster of its own.
    pub async fn own(name: &str) -> Self {
        let permit = ROOM.acquire().await.unwrap();
        let plane = serve(fresh_dir(name), Some(permit)).await;
        plane.install().await;
        plane
    }

    /// A cluster of its own that knows nothing of us yet.
    pub async fn bare(name: &str) -> Self {
        let permit = ROOM.acquire().await.unwrap();
        serve(fresh_dir(name), Some(permit)).await
    }

    fn around(
        dir: PathBuf,
        kubeconfig: PathBuf,
        audit_log: Option<PathBuf>,
        process: Option<Process>,
        permit: Option<SemaphorePermit<'static>>,
    ) -> Self {
        let operator_kubeconfig = dir.join("operator.kubeconfig");
        Self { dir, kubeconfig, operator_kubeconfig, audit_log, process, _permit: permit }
    }

    /// Is it the caller's cluster, where nothing may be left behind?
    pub fn is_borrowed(&self) -> bool {
        self.process.is_none()
    }

    /// kubectl as the admin.
    pub fn kubectl(&self) -> Kubectl {
        Kubectl::new(&self.kubeconfig)
    }

    /// A client as the admin; one a test, because each test has a runtime of its own.
    pub async fn client(&self) -> Client {
        let file = Kubeconfig::read_from(&self.kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
        Client::try_from(config).unwrap()
    }

    async fn install(&self) {
        self.install_definitions().await;
        self.install_rights().await;
    }

    /// As the README says: what the operator prints is applied.
    pub async fn install_definitions(&self) {
        let mut crds = Command::new(super::operator_program());
        crds.arg("crds");
        let crds = kubectl::run(crds, String::new()).await.fine();
        self.kubectl().apply(&crds).await.fine();
        let wait = ["wait", "--for=condition=Established", "--timeout=60s", "crd"];
        let names = super::schema::KINDS.map(|(_, plural)| format!("{plural}.fidoprereg.dev"));
        let wait = [wait.as_slice(), &names.each_ref().map(String::as_str)].concat();
        // kubectl gives up on a definition so fresh that it has no conditions yet.
        let served = super::until(async || self.kubectl().run(&wait).await.ok.then_some(())).await;
        assert!(served.is_some(), "the definitions are not served");
    }

    /// The chart's own rules, so that what is tested is what is installed.
    pub async fn install_rights(&self) {
        let mut helm = Command::new(super::tool("helm"));
        helm.args(["template", ACCOUNT]).arg(super::root().join("charts/yubikey-shipment-operator"));
        helm.args(["--namespace", SYSTEM, "--show-only", "templates/rbac.yaml"]);
        helm.args(["--show-only", "templates/admission.yaml"]);
        let rules = kubectl::run(helm, String::new()).await.fine();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}});
        self.kubectl().apply(&namespace.to_string()).await.fine();
        self.kubectl().apply(&rules).await.fine();
        self.write_operator_kubeconfig().await;
    }

    async fn write_operator_kubeconfig(&self) {
        let kubectl = self.kubectl();
        let view =
            kubectl.run(&["config", "view", "--minify", "--raw", "--flatten", "-o", "json"]).await.fine();
        let view: Value = serde_json::from_str(&view).unwrap();
        let token =
            kubectl.run(&["create", "token", ACCOUNT, "--namespace", SYSTEM, "--duration=12h"]).await.fine();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "operator",
            "clusters": [{"name": "cluster", "cluster": view["clusters"][0]["cluster"]}],
            "users": [{"name": "operator", "user": {"token": token.trim()}}],
            "contexts": [{"name": "operator", "context": {"cluster": "cluster", "user": "operator"}}],
        });
        fs::write(&self.operator_kubeconfig, config.to_string()).unwrap();
    }
}

async fn serve(dir: PathBuf, permit: Option<SemaphorePermit<'static>>) -> Plane {
    let mut command = Command::new(super::tool("control-plane"));
    command.args(["serve", "--dir"]).arg(dir.join("cluster"));
    let log = dir.join("control-plane.log");
    let started = tokio::task::spawn_blocking(move || Process::announced(command, &log));
    let (process, line) = started.await.unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let path = |name: &str| PathBuf::from(ready[name].as_str().unwrap());
    Plane::around(dir, path("kubeconfig"), Some(path("auditLog")), Some(process), permit)
}

/// Who writes, as the audit log names it.
pub fn operator_user() -> String {
    format!("system:serviceaccount:{SYSTEM}:{ACCOUNT}")
}

impl Drop for Plane {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop();
            if !std::thread::panicking() {
                let _ = fs::remove_dir_all(&self.dir);
            }
        }
    }
}

/// A directory of this run. Those of runs that ended are removed: a static is never dropped, so that nobody else does.
pub fn fresh_dir(name: &str) -> PathBuf {
    let runs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it");
    for run in fs::read_dir(&runs).into_iter().flatten().flatten() {
        if !Path::new("/proc").join(run.file_name()).exists() {
            let _ = fs::remove_dir_all(run.path());
        }
    }
    let dir = runs.join(std::process::id().to_string()).join(name);
    fs::create_dir_all(&dir).unwrap();
    dir
}
