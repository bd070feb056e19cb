//! What stands in `examples/`, applied.

use std::{fs, process::Command};

use testbed::{objects::message, setup::Fault};

use crate::stage::{PEOPLE, Stage, text};

/// The namespace of the shipments, and the connection, pointed at the sandbox.
pub(crate) async fn apply(stage: &Stage) -> Result<(), Fault> {
    let examples = stage.root.join("examples");
    let kubectl = stage.cluster()?.kubectl();
    kubectl.run(&["apply", "-f", text(&examples.join("namespace.yaml"))?]).await?;
    let connection = examples.join("connection.yaml");
    let patch = patch(stage).await?;
    let local =
        ["patch", "--local", "-f", text(&connection)?, "--type", "merge", "-o", "yaml", "--patch", &patch];
    let patched = kubectl.run(&local).await?;
    fs::write(stage.state.join("connection.yaml"), &patched)?;
    kubectl.apply(&patched).await?;
    let wait = ["wait", "--for=condition=Ready", "--timeout=30s", "yubikeyconnection", "default"];
    if !kubectl.output(&wait, "").await?.is_ok() {
        let connection = kubectl.json(&["get", "yubikeyconnection", "default"]).await?;
        return Err(stage.fault(format!("the connection is not ready: {}", message(&connection))));
    }
    stage.note("examples/connection.yaml, pointed at the sandbox: the operator reaches both vendors");
    Ok(())
}

/// What makes of the example a connection to the sandbox: the script that the tutorial uses says it.
async fn patch(stage: &Stage) -> Result<String, Fault> {
    let ready = stage.state.join("sandbox.json");
    fs::write(&ready, stage.vendors()?.ready().to_string())?;
    let mut ask = Command::new("python3");
    ask.arg(stage.root.join("hack/lib/ask.py")).args(["connection", text(&ready)?, PEOPLE]);
    Ok(kube_test::run(ask, "").await?.ok()?)
}

/// Three shipments, one by one.
pub(crate) async fn declare_shipments(stage: &Stage) -> Result<(), Fault> {
    let shipments = stage.root.join("examples/shipments");
    stage.kubectl()?.run(&["apply", "-f", text(&shipments)?]).await?;
    stage.note("examples/shipments: three people shall get a key");
    Ok(())
}
