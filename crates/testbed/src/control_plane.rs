//! A real API server with the operator's definitions and the chart's rights, which can be taken away and put back.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kube_test::Cluster;
use tokio::net::TcpListener;

use crate::{
    folder::Folder,
    install,
    setup::{Fault, Setup},
};

/// The API server and what is needed to start it again.
#[derive(Debug)]
pub struct ControlPlane {
    cluster: Cluster,
    /// Of the admin.
    pub kubeconfig: PathBuf,
    /// Of the operator's service account.
    pub operator_kubeconfig: PathBuf,
    /// What the API server was asked, a line of JSON each.
    pub audit_log: PathBuf,
}

impl ControlPlane {
    /// Starts it in the folder and installs definitions, rights and admission policies.
    ///
    /// # Errors
    /// The process cannot be started, reached or ended.
    pub async fn start(setup: &Setup, folder: &Folder) -> Result<Self, Fault> {
        // Free now, and asked for again after each outage: nobody else is given it at random.
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let tool = |name: &str| setup.tools.join(name);
        let builder = Cluster::builder().control_plane(tool("control-plane")).kubectl(tool("kubectl"));
        let builder = builder.helm(tool("helm")).directory(folder.path("control-plane")).port(port);
        let cluster = builder.start().await?;
        let plane = Self {
            kubeconfig: cluster.kubeconfig_file().to_owned(),
            operator_kubeconfig: folder.path("control-plane/operator.kubeconfig"),
            audit_log: cluster.audit_log()?.path().to_owned(),
            cluster,
        };
        plane.install(setup).await?;
        Ok(plane)
    }

    /// Takes the API server away, by force or asked.
    ///
    /// # Errors
    /// The process cannot be started, reached or ended.
    pub async fn take_away(&mut self, by_force: bool) -> Result<(), Fault> {
        let plane = self.cluster.control_plane()?;
        let ended = if by_force { plane.kill().await } else { plane.stop().await };
        Ok(ended?)
    }

    /// Puts it back on the same directory and port.
    ///
    /// # Errors
    /// The process cannot be started, reached or ended.
    pub async fn put_back(&mut self) -> Result<(), Fault> {
        let mut tries = 0;
        while let Err(fault) = self.cluster.control_plane()?.start().await {
            if tries >= 5 {
                return Err(fault.into());
            }
            eprintln!("the API server does not come back yet: {fault}");
            tries += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// The process cannot be started, reached or ended.
    pub async fn stop(&mut self) -> Result<(), Fault> {
        Ok(self.cluster.control_plane()?.stop().await?)
    }

    /// What `orderingCluster` names.
    ///
    /// # Errors
    /// The process cannot be started, reached or ended.
    pub async fn id(&self) -> Result<String, Fault> {
        Ok(self.cluster.id().await?)
    }

    /// Applies a file of manifests as the API server merges them: a large definition fits into no annotation.
    ///
    /// # Errors
    /// The API server does not take them.
    pub async fn apply_server_side(&self, file: &Path) -> Result<(), Fault> {
        let file = file.display().to_string();
        self.cluster.kubectl().run(&["apply", "--server-side", "--filename", &file]).await?;
        Ok(())
    }

    async fn install(&self, setup: &Setup) -> Result<(), Fault> {
        install::definitions(&self.cluster, &setup.operator).await?;
        install::rights(&self.cluster, &setup.chart, &["rbac", "admission"]).await?;
        install::kubeconfig(&self.cluster, &self.operator_kubeconfig).await
    }
}
