//! A real API server with the operator's definitions and the chart's rights, which can be taken away and put back.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    Fault, Setup,
    folder::Folder,
    programs::{Program, output},
};

/// Namespace and name of the operator's service account, as the chart makes it; the lease has the same.
pub(crate) const SYSTEM: &str = "yubikey-shipments";
pub(crate) const ACCOUNT: &str = "yubikey-shipment-operator";

/// The API server and what is needed to start it again.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    program: Program,
    setup: Setup,
    folder: Folder,
    port: String,
    /// Of the admin.
    pub kubeconfig: PathBuf,
    /// Of the operator's service account.
    pub operator_kubeconfig: PathBuf,
    /// What the API server was asked, a line of JSON each.
    pub audit_log: PathBuf,
}

impl ControlPlane {
    pub(crate) async fn start(setup: &Setup, folder: &Folder) -> Result<Self, Fault> {
        let (program, ready) = serve(setup, folder, "0").await?;
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        let port = text("server").rsplit(':').next().unwrap_or_default().to_owned();
        let mut plane = Self {
            program,
            setup: setup.clone(),
            folder: folder.clone(),
            port,
            kubeconfig: PathBuf::from(text("kubeconfig")),
            operator_kubeconfig: folder.path("control-plane/operator.kubeconfig"),
            audit_log: PathBuf::from(text("auditLog")),
        };
        plane.install().await?;
        Ok(plane)
    }

    /// Takes the API server away, by force or asked.
    pub(crate) async fn take_away(&mut self, by_force: bool) -> Result<(), Fault> {
        if by_force { self.program.kill().await } else { self.program.stop().await }
    }

    /// Puts it back on the same directory and port.
    pub(crate) async fn put_back(&mut self) -> Result<(), Fault> {
        let mut tries = 0;
        loop {
            match serve(&self.setup, &self.folder, &self.port).await {
                Ok((program, _)) => {
                    self.program = program;
                    return Ok(());
                }
                Err(fault) if tries >= 5 => return Err(fault),
                Err(fault) => eprintln!("the API server does not come back yet: {fault}"),
            }
            tries += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    pub(crate) async fn stop(&mut self) -> Result<(), Fault> {
        self.program.stop().await
    }

    fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.setup.tools.join("kubectl"));
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        command
    }

    async fn apply(&self, manifests: &str) -> Result<(), Fault> {
        output(self.kubectl(&["apply", "-f", "-"]), manifests.as_bytes()).await.map(drop)
    }

    /// What is installed is what the operator prints and the chart renders.
    async fn install(&mut self) -> Result<(), Fault> {
        let mut crds = Command::new(&self.setup.operator);
        crds.arg("crds");
        self.apply(&output(crds, b"").await?).await?;
        let mut helm = Command::new(self.setup.tools.join("helm"));
        helm.args(["template", ACCOUNT]).arg(&self.setup.chart).args(["--namespace", SYSTEM]);
        helm.args(["--show-only", "templates/rbac.yaml", "--show-only", "templates/admission.yaml"]);
        let rules = output(helm, b"").await?;
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}});
        self.apply(&namespace.to_string()).await?;
        self.apply(&rules).await?;
        self.await_definitions().await?;
        self.write_operator_kubeconfig().await
    }

    async fn await_definitions(&self) -> Result<(), Fault> {
        let kinds = ["yubikeyshipments", "yubikeyconnections", "yubikeydecisions", "yubikeyrollouts"];
        let names = kinds.map(|plural| format!("crd/{plural}.fidoprereg.dev"));
        let mut wait = vec!["wait", "--for=condition=Established", "--timeout=60s"];
        wait.extend(names.iter().map(String::as_str));
        let mut tries = 0;
        // kubectl gives up on a definition so fresh that it has no conditions yet.
        while let Err(fault) = output(self.kubectl(&wait), b"").await {
            tries += 1;
            if tries > 20 {
                return Err(fault);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(())
    }

    async fn write_operator_kubeconfig(&self) -> Result<(), Fault> {
        let view = self.kubectl(&["config", "view", "--minify", "--raw", "--flatten", "-o", "json"]);
        let view: Value = serde_json::from_str(&output(view, b"").await?)?;
        let token = self.kubectl(&["create", "token", ACCOUNT, "--namespace", SYSTEM, "--duration=12h"]);
        let token = output(token, b"").await?;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "operator",
            "clusters": [{"name": "cluster", "cluster": view["clusters"][0]["cluster"]}],
            "users": [{"name": "operator", "user": {"token": token.trim()}}],
            "contexts": [{"name": "operator", "context": {"cluster": "cluster", "user": "operator"}}],
        });
        self.folder.save_privately("control-plane/operator.kubeconfig", &config)
    }
}

async fn serve(setup: &Setup, folder: &Folder, port: &str) -> Result<(Program, Value), Fault> {
    let mut command = Command::new(setup.tools.join("control-plane"));
    command.args(["serve", "--port", port, "--dir"]).arg(folder.path("control-plane/state"));
    let (program, line) =
        Program::announced(command, &folder.path("control-plane/control-plane.stderr")).await?;
    Ok((program, serde_json::from_str(&line)?))
}
