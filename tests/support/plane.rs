//! Control planes: one for all ordinary tests, and others for tests that count, kill or restart.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
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
    /// `None` where it is the caller's.
    process: Option<Mutex<Option<Process>>>,
    /// Images whose pods really run, as `IMAGE=PROGRAM`.
    images: Vec<String>,
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
            serve(dir, Vec::new(), None).await
        };
        plane.install().await;
        plane
    }

    /// A cluster of its own.
    pub async fn own(name: &str) -> Self {
        let permit = ROOM.acquire().await.unwrap();
        let plane = serve(fresh_dir(name), Vec::new(), Some(permit)).await;
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
        let images = images.iter().map(|(image, program)| format!("{image}={}", program.display()));
        serve(fresh_dir(name), images.collect(), Some(permit)).await
    }

    fn around(
        dir: PathBuf,
        kubeconfig: PathBuf,
        audit_log: Option<PathBuf>,
        process: Option<Process>,
        permit: Option<SemaphorePermit<'static>>,
    ) -> Self {
        let operator_kubeconfig = dir.join("operator.kubeconfig");
        let process = process.map(|process| Mutex::new(Some(process)));
        let images = Vec::new();
        Self { dir, kubeconfig, operator_kubeconfig, audit_log, process, images, _permit: permit }
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

    /// Stops the control plane; what it stored stays.
    pub fn stop(&self) {
        let process = self.process.as_ref().expect("the control plane is ours").lock().unwrap().take();
        process.expect("it runs").stop();
    }

    /// It stands still: it keeps its connections, takes new ones, and answers nothing.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// It goes on after [`Plane::pause`].
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("the control plane is ours").lock().unwrap();
        process.as_ref().expect("it runs").signal(name);
    }

    /// Starts it again, on what is stored now.
    pub async fn start(&self) {
        let (process, _) = announced(&self.dir, &self.images).await;
        *self.process.as_ref().unwrap().lock().unwrap() = Some(process);
        // Its port may be another one.
        self.write_operator_kubeconfig().await;
    }

    /// Copies everything that is stored, as a backup does; the control plane stands still meanwhile.
    pub async fn back_up(&self) -> Backup {
        self.stop();
        let copy = tempfile::tempdir().unwrap();
        copy_all(&self.store(), copy.path());
        self.start().await;
        Backup(copy)
    }

    /// Puts a copy back: the cluster forgets what happened since.
    pub async fn restore(&self, backup: &Backup) {
        self.stop();
        fs::remove_dir_all(self.store()).unwrap();
        copy_all(backup.0.path(), &self.store());
        self.start().await;
    }

    /// A new cluster in the place of this one, with our definitions and rights and nothing else. Its certificates are
    /// the old ones, so that clients need not be made anew.
    pub async fn rebuild(&self) {
        self.stop();
        fs::remove_dir_all(self.store()).unwrap();
        let (process, _) = announced(&self.dir, &self.images).await;
        *self.process.as_ref().unwrap().lock().unwrap() = Some(process);
        self.install().await;
    }

    /// The cluster's id, as `orderingCluster` names it.
    pub async fn id(&self) -> String {
        let arguments = ["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"];
        self.kubectl().run(&arguments).await.fine()
    }

    /// Another token of the operator's account, so that the audit log tells two operators apart.
    pub async fn another_kubeconfig(&self, name: &str) -> PathBuf {
        let mut config = self.operator_config();
        config["users"][0]["user"]["token"] = json!(self.operator_token().await);
        let path = self.dir.join(format!("operator.{name}.kubeconfig"));
        fs::write(&path, config.to_string()).unwrap();
        path
    }

    async fn operator_token(&self) -> String {
        let arguments = ["create", "token", ACCOUNT, "--namespace", SYSTEM, "--duration=12h"];
        self.kubectl().run(&arguments).await.fine().trim().to_owned()
    }

    fn store(&self) -> PathBuf {
        self.dir.join("cluster/etcd")
    }

    /// Server and port of the API server.
    pub fn address(&self) -> SocketAddr {
        let server = self.operator_config()["clusters"][0]["cluster"]["server"].take();
        server.as_str().unwrap().trim_start_matches("https://").parse().unwrap()
    }

    /// The operator's kubeconfig with another server in it.
    pub fn operator_kubeconfig_by(&self, server: SocketAddr) -> PathBuf {
        let mut config = self.operator_config();
        config["clusters"][0]["cluster"]["server"] = json!(format!("https://{server}"));
        let path = self.dir.join(format!("operator.{}.kubeconfig", server.port()));
        fs::write(&path, config.to_string()).unwrap();
        path
    }

    fn operator_config(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(&self.operator_kubeconfig).unwrap()).unwrap()
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
        // Something that is there before our definitions are.
        self.until_operator_may("list", "namespaces", true).await;
    }

    /// The API server takes up a changed rule when it has heard of it, which is not at once.
    pub async fn until_operator_may(&self, verb: &str, resource: &str, allowed: bool) {
        let (kubectl, user) = (self.kubectl(), operator_user());
        let ask = ["auth", "can-i", verb, resource, "--all-namespaces", "--as", &user];
        let said = super::until(async || (kubectl.run(&ask).await.ok == allowed).then_some(())).await;
        assert!(said.is_some(), "{user} {verb} {resource}: it does not become {allowed}");
    }

    async fn write_operator_kubeconfig(&self) {
        let kubectl = self.kubectl();
        let view =
            kubectl.run(&["config", "view", "--minify", "--raw", "--flatten", "-o", "json"]).await.fine();
        let view: Value = serde_json::from_str(&view).unwrap();
        let token = self.operator_token().await;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "operator",
            "clusters": [{"name": "cluster", "cluster": view["clusters"][0]["cluster"]}],
            "users": [{"name": "operator", "user": {"token": token}}],
            "contexts": [{"name": "operator", "context": {"cluster": "cluster", "user": "operator"}}],
        });
        fs::write(&self.operator_kubeconfig, config.to_string()).unwrap();
    }
}

/// What was stored at one moment.
#[derive(Debug)]
pub struct Backup(tempfile::TempDir);

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    // Locks and sockets of a running store are no part of what is stored.
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (kind, target) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_all(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn announced(dir: &Path, images: &[String]) -> (Process, Value) {
    let mut command = Command::new(super::tool("control-plane"));
    command.args(["serve", "--dir"]).arg(dir.join("cluster"));
    for image in images {
        command.args(["--run", image]);
    }
    let log = dir.join("control-plane.log");
    let started = tokio::task::spawn_blocking(move || Process::announced(command, &log));
    let (process, line) = started.await.unwrap();
    (process, serde_json::from_str(&line).unwrap())
}

async fn serve(dir: PathBuf, images: Vec<String>, permit: Option<SemaphorePermit<'static>>) -> Plane {
    let (process, ready) = announced(&dir, &images).await;
    let path = |name: &str| PathBuf::from(ready[name].as_str().unwrap());
    let mut plane = Plane::around(dir, path("kubeconfig"), Some(path("auditLog")), Some(process), permit);
    plane.images = images;
    plane
}

/// Who writes, as the audit log names it.
pub fn operator_user() -> String {
    format!("system:serviceaccount:{SYSTEM}:{ACCOUNT}")
}

impl Drop for Plane {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            if let Some(mut process) = process.into_inner().unwrap() {
                process.stop();
            }
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
