//! The operator as a process of this machine, where no image of ours is.

use std::{env, process::Command, time::Duration};

use kube_test::{Deadline, Supervised};
use testbed::{
    install::{ACCOUNT, SYSTEM},
    setup::Fault,
};

use crate::stage::{Stage, free_port};

/// How long it may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts it with a token of the chart's `ServiceAccount` and nothing of the admin's.
pub(crate) async fn start(stage: &mut Stage) -> Result<(), Fault> {
    stage.listen = format!("127.0.0.1:{}", free_port()?);
    let kubeconfig = stage.cluster()?.service_account(SYSTEM, ACCOUNT).kubeconfig_file().await?;
    let mut command = Command::new(stage.operator_program());
    command.args(["run", "--listen", &stage.listen, "--log-format", "text", "--credentials-dir"]);
    command.arg(stage.vendors()?.credentials()).env("KUBECONFIG", kubeconfig);
    command.env(
        "RUST_LOG",
        env::var("RUST_LOG").ok().filter(|it| !it.is_empty()).unwrap_or_else(|| "info".to_owned()),
    );
    stage.operator = Some(Supervised::start(&command, &stage.operator_log)?);
    let (http, url) =
        (reqwest::Client::builder().no_proxy().build()?, format!("http://{}/readyz", stage.listen));
    let ready = async || {
        let answer = http.get(&url).send().await.ok()?;
        answer.status().is_success().then_some(())
    };
    if Deadline::after(PATIENCE).poll("the operator is ready", ready).await.is_err() {
        return Err(stage.fault("the operator is not ready after 30 s"));
    }
    stage.note("the operator, a process of this machine with the token of the chart's ServiceAccount");
    Ok(())
}
