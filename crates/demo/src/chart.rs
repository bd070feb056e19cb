//! The chart, installed as a user installs it.

use std::{env, fs, net::TcpListener, process::Command};

use serde_json::{Value, json};
use testbed::{
    install::{ACCOUNT, SYSTEM},
    setup::Fault,
};

use crate::{
    cluster::{DEFINITIONS, IMAGE},
    operator,
    stage::{Stage, free_port, text},
    told::{end_of, fault_in, indented},
};

/// Below the project's directory, as it is typed.
const CHART: &str = "charts/yubikey-shipment-operator";

/// The Secret with the credentials of the connection.
const SECRET: &str = "okta-yubico";

/// The port of the operator, in its pod.
const PORT: u16 = 8080;

/// Installs it, and waits until the operator runs.
pub(crate) async fn install(stage: &mut Stage) -> Result<(), Fault> {
    make_namespace(stage).await?;
    let port = if stage.current { PORT } else { pod_port()? };
    let (values, file) = (values(stage, port), stage.state.join("values.yaml"));
    fs::write(&file, &values)?;
    println!("\nvalues.yaml\n{}", indented(&values, 7));
    println!("$ helm install {ACCOUNT} {CHART} --namespace {SYSTEM} --values values.yaml --wait");
    let install = ["install", ACCOUNT, CHART, "--values", text(&file)?, "--wait", "--timeout", "60s"];
    let mut helm: Command = stage.helm()?.command(&install);
    helm.current_dir(&stage.root);
    let said = kube_test::run(helm, "").await?;
    let log = stage.state.join("helm.log");
    fs::write(&log, format!("{}{}", said.stdout, said.stderr))?;
    if !said.is_ok() {
        explain(stage, port).await;
        return Err(fault_in("the chart could not be installed", &log));
    }
    let wait = ["wait", "--for=condition=Established", "--timeout=30s", "crd"];
    stage.cluster()?.kubectl().run(&[&wait[..], &DEFINITIONS].concat()).await?;
    if stage.current {
        stage.note("definitions, rights and a Deployment without replicas");
        operator::start(stage).await?;
    } else {
        find_pod(stage, port).await?;
        stage.note(
            "definitions, rights, and the operator: a process of this machine, started as its Pod says",
        );
    }
    println!();
    Ok(())
}

async fn make_namespace(stage: &Stage) -> Result<(), Fault> {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM, "labels": labels}});
    let kubectl = stage.system_kubectl()?;
    kubectl.apply(&namespace.to_string()).await?;
    if !stage.current {
        let files = format!("--from-file={}", stage.vendors()?.credentials().join("default").display());
        kubectl.run(&["create", "secret", "generic", SECRET, &files]).await?;
        stage
            .note("a namespace that enforces Pod Security \"restricted\", and a Secret with the credentials");
    }
    Ok(())
}

/// The whole of what the chart is told. In a cluster where no image of ours is, there is nothing to run.
fn values(stage: &Stage, port: u16) -> String {
    if stage.current {
        return "replicas: 0\n".to_owned();
    }
    let level = env::var("RUST_LOG").ok().filter(|level| !level.is_empty());
    let level = level.unwrap_or_else(|| "info".to_owned());
    let port = if port == PORT { String::new() } else { format!("port: {port}\n") };
    format!(
        "connections:\n  - name: default\n    existingSecret: {SECRET}\nlog:\n  format: text\n  level: {level}\n{port}"
    )
}

/// Each pod has an address of its own in 127/8, but a program that listens on a port of all addresses is in the way of all
/// of them.
fn pod_port() -> Result<u16, Fault> {
    match TcpListener::bind(("127.255.255.254", PORT)) {
        Ok(_) => Ok(PORT),
        Err(_) => free_port(),
    }
}

/// Shows why the operator does not become ready.
async fn explain(stage: &mut Stage, port: u16) {
    let pods = match stage.system_kubectl() {
        Ok(kubectl) => kubectl.run(&["get", "pods", "-o", "wide"]).await.unwrap_or_default(),
        Err(_) => String::new(),
    };
    eprint!("{pods}");
    if find_pod(stage, port).await.is_ok() {
        end_of(&stage.operator_log);
    }
}

/// Where the operator's pod keeps its log, and where it listens.
async fn find_pod(stage: &mut Stage, port: u16) -> Result<(), Fault> {
    let select = format!("--selector=app.kubernetes.io/name={IMAGE}");
    let pods = stage.system_kubectl()?.json(&["get", "pods", &select]).await?;
    let pod = &pods["items"][0];
    let word = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, uid, ip) = (word("/metadata/name"), word("/metadata/uid"), word("/status/podIP"));
    let (_, rest) = ip.split_once('.').ok_or("the operator's pod has no address yet")?;
    let logs = stage.cluster()?.control_plane()?.state().join("pods");
    stage.operator_log = logs.join(format!("{SYSTEM}_{name}_{uid}/operator.log"));
    stage.listen = format!("127.{rest}:{port}");
    Ok(())
}
