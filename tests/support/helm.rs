//! An installation of the chart, and the processes that its pods are.

use std::{fs, net::TcpListener, path::Path, process::Command};

use kube_test::PodProcess;
use serde_json::{Value, json};

use super::{
    kubectl::{self, Kubectl, Said},
    plane::Plane,
    until,
};

/// Namespace of the release, and its name.
pub const NAMESPACE: &str = "yubikey-shipments";
pub const RELEASE: &str = "yubikey-shipment-operator";

/// The container of the operator's pods.
const CONTAINER: &str = "operator";

/// Images as the chart names them when nobody says otherwise.
pub const OPERATOR_IMAGE: &str = "yubikey-shipment-operator";
pub const SANDBOX_IMAGE: &str = "yubikey-shipment-sandbox";

/// Helm with the cluster's kubeconfig and directories of its own.
pub fn helm(plane: &Plane) -> Command {
    plane.cluster.helm().command(&[])
}

/// A cluster that the chart is installed into. Its pods run.
#[derive(Debug)]
pub struct Installation {
    pub plane: Plane,
}

impl Installation {
    /// A cluster with an empty namespace for the release, where Pod Security enforces `restricted`.
    pub async fn prepare(name: &str) -> Self {
        let sandbox = super::sandbox_program();
        let images = [(OPERATOR_IMAGE, super::operator_program()), (SANDBOX_IMAGE, sandbox.as_path())];
        let plane = Plane::running(name, &images).await;
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        }});
        plane.kubectl().apply(&namespace.to_string()).await.fine();
        Self { plane }
    }

    /// kubectl as the admin.
    pub fn kubectl(&self) -> Kubectl {
        self.plane.kubectl()
    }

    /// Makes or replaces a Secret of all files of a directory, as the README says.
    pub async fn secret(&self, name: &str, from: &Path) {
        let files = format!("--from-file={}", from.display());
        let make =
            ["create", "secret", "generic", name, "-n", NAMESPACE, &files, "--dry-run=client", "-o", "json"];
        let secret = self.kubectl().run(&make).await.fine();
        self.kubectl().apply(&secret).await.fine();
    }

    /// `helm install` with these values; returns when all is ready.
    pub async fn install(&self, values: &str) -> Said {
        self.helm("install", &["--wait", "--timeout", "180s"], Some(values)).await
    }

    /// `helm install` that waits for nothing.
    pub async fn install_at_once(&self, values: &str) -> Said {
        self.helm("install", &[], Some(values)).await
    }

    /// `helm upgrade` to these values; returns when all is ready.
    pub async fn upgrade(&self, values: &str) -> Said {
        self.helm("upgrade", &["--reset-values", "--wait", "--timeout", "180s"], Some(values)).await
    }

    pub async fn uninstall(&self) -> Said {
        self.helm("uninstall", &["--wait", "--timeout", "180s"], None).await
    }

    /// `helm test`.
    pub async fn test(&self) -> Said {
        self.helm("test", &["--timeout", "180s"], None).await
    }

    async fn helm(&self, verb: &str, arguments: &[&str], values: Option<&str>) -> Said {
        let mut helm = helm(&self.plane);
        helm.args([verb, RELEASE, "--namespace", NAMESPACE]).args(arguments);
        if let Some(values) = values {
            let file = self.plane.dir.join("values.yaml");
            fs::write(&file, values).unwrap();
            if let Some(port) = another_port() {
                helm.args(["--set", &format!("port={port}")]);
            }
            helm.arg(super::root().join("charts/yubikey-shipment-operator")).arg("--values").arg(file);
        }
        kubectl::run(helm, String::new()).await
    }

    /// The operator's pods that are not about to go, oldest first.
    pub async fn pods(&self) -> Vec<Pod> {
        let select = ["get", "pods", "-n", NAMESPACE, "--sort-by=.metadata.creationTimestamp", "-o", "json"];
        let selector = format!("-lapp.kubernetes.io/name={OPERATOR_IMAGE}");
        let found = self.kubectl().run(&[&select[..], &[&selector]].concat()).await.fine();
        let found: Value = serde_json::from_str(&found).unwrap();
        let stays = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null();
        let pods = found["items"].as_array().unwrap().iter().filter(stays);
        pods.map(|pod| Pod { object: pod.clone(), process: self.process(pod) }).collect()
    }

    fn process(&self, pod: &Value) -> PodProcess {
        let pod = serde_json::from_value(pod.clone()).unwrap();
        self.plane.cluster.control_plane().unwrap().pod_process(pod)
    }

    /// The only pod of the operator, once no other is left and its process runs.
    pub async fn pod(&self) -> Pod {
        let only = until(async || {
            let mut pods = self.pods().await;
            if pods.len() == 1 { pods.pop().filter(|pod| pod.pid().is_some()) } else { None }
        });
        only.await.expect("one pod with a process")
    }
}

/// `None` where pods can listen on the chart's own port, each on its own address. A program of this machine that listens
/// on that port of all addresses is in their way.
pub fn another_port() -> Option<u16> {
    if TcpListener::bind("127.255.255.254:8080").is_ok() {
        return None;
    }
    Some(TcpListener::bind("127.255.255.254:0").unwrap().local_addr().unwrap().port())
}

/// A pod, and the process that stands for its container `operator`.
#[derive(Debug, Clone)]
pub struct Pod {
    pub object: Value,
    process: PodProcess,
}

impl Pod {
    pub fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap()
    }

    fn container(&self) -> &Value {
        let all = self.object["spec"]["containers"].as_array().unwrap();
        all.iter().find(|container| container["name"] == CONTAINER).unwrap()
    }

    /// The arguments in the Pod.
    pub fn arguments(&self) -> Vec<String> {
        let arguments = self.container()["args"].as_array().unwrap().iter();
        arguments.map(|argument| argument.as_str().unwrap().to_owned()).collect()
    }

    /// The process, as the container's id names it.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid(CONTAINER)
    }

    /// How often it was started anew.
    pub fn restarts(&self) -> u64 {
        self.process.restarts(CONTAINER)
    }

    /// The arguments that the process has, without its own name.
    pub fn process_arguments(&self) -> Vec<String> {
        self.of_process("cmdline").split_off(1)
    }

    /// The environment that the process has.
    pub fn process_environment(&self) -> Vec<String> {
        self.of_process("environ")
    }

    fn of_process(&self, file: &str) -> Vec<String> {
        let path = format!("/proc/{}/{file}", self.pid().expect("it has a process"));
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let parts = bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty());
        parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
    }

    /// Whether the process still runs.
    pub fn runs(&self) -> bool {
        self.pid().is_some_and(|pid| Path::new("/proc").join(pid.to_string()).exists())
    }

    /// Where it listens: the pod's address in 127/8, with the port that the Pod names.
    pub fn address(&self) -> String {
        let port = self.container()["ports"][0]["containerPort"].as_u64().unwrap();
        self.process.address(u16::try_from(port).unwrap()).unwrap().to_string()
    }

    /// What the process answers at a path: code and text.
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(format!("http://{}{path}", self.address())).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Everything it said; stays when the pod goes.
    pub fn log(&self) -> String {
        self.process.log(CONTAINER).unwrap()
    }
}
