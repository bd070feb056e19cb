//! What is on the stage: the cluster, the vendors, the operator, and where everything of them lies.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use kube_test::{Cluster, Helm, Kubectl, Supervised};
use testbed::{install::SYSTEM, setup::Fault, vendors::Vendors};
use tokio::task::JoinHandle;

use crate::{cli::Cli, told::fault_in};

/// Namespace of the shipments, as in `examples/`.
pub(crate) const PEOPLE: &str = "onboarding";

/// Everything that is started, and what is known of it.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The project's directory.
    pub(crate) root: PathBuf,
    /// Directory of operator and sandbox.
    programs: PathBuf,
    /// Directory of control plane, kubectl and Helm.
    pub(crate) tools: PathBuf,
    /// Everything of this demo lies here.
    pub(crate) state: PathBuf,
    /// In the caller's cluster?
    pub(crate) current: bool,
    /// Something was made in the caller's cluster, and must go.
    pub(crate) current_prepared: bool,
    began: Instant,
    /// The start of an API server of our own, until it is the cluster: who leaves meanwhile waits for it and ends it.
    pub(crate) starting: Option<JoinHandle<kube_test::Result<Cluster>>>,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) vendors: Option<Vendors>,
    /// As a process beside the cluster; where the cluster is ours, its pod is the process.
    pub(crate) operator: Option<Supervised>,
    pub(crate) operator_log: PathBuf,
    /// Where the operator serves its metrics.
    pub(crate) listen: String,
}

impl Stage {
    /// An empty one; what an earlier demo left is removed.
    pub(crate) fn prepare(cli: &Cli) -> Result<Self, Fault> {
        let root = cli.root.canonicalize()?;
        let state = root.join(".state/demo");
        if state.exists() {
            fs::remove_dir_all(&state)?;
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&state)?;
        Ok(Self {
            programs: cli.programs.canonicalize()?,
            tools: cli.tools.canonicalize()?,
            current: cli.current,
            current_prepared: false,
            began: Instant::now(),
            starting: None,
            cluster: None,
            vendors: None,
            operator: None,
            operator_log: state.join("operator.log"),
            listen: String::new(),
            root,
            state,
        })
    }

    /// Says something, with the time since the beginning.
    pub(crate) fn note(&self, text: &str) {
        println!("{:3} s  {text}", self.elapsed().as_secs());
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The operator's program.
    pub(crate) fn operator_program(&self) -> PathBuf {
        self.programs.join("yubikey-shipment-operator")
    }

    /// The sandbox's program.
    pub(crate) fn sandbox_program(&self) -> PathBuf {
        self.programs.join("yubikey-shipment-sandbox")
    }

    /// The cluster, which is there when the play has begun.
    pub(crate) fn cluster(&self) -> Result<&Cluster, Fault> {
        self.cluster.as_ref().ok_or_else(|| "there is no cluster yet".into())
    }

    /// The vendors, who are there when the play has begun.
    pub(crate) fn vendors(&self) -> Result<&Vendors, Fault> {
        self.vendors.as_ref().ok_or_else(|| "there are no vendors yet".into())
    }

    /// kubectl where the shipments are.
    pub(crate) fn kubectl(&self) -> Result<Kubectl, Fault> {
        Ok(self.cluster()?.kubectl().in_namespace(PEOPLE))
    }

    /// kubectl where the operator is.
    pub(crate) fn system_kubectl(&self) -> Result<Kubectl, Fault> {
        Ok(self.cluster()?.kubectl().in_namespace(SYSTEM))
    }

    /// Helm where the operator is.
    pub(crate) fn helm(&self) -> Result<Helm, Fault> {
        Ok(self.cluster()?.helm().in_namespace(SYSTEM))
    }

    /// A failure that the operator's log explains.
    pub(crate) fn fault(&self, what: impl Into<String>) -> Fault {
        fault_in(what, &self.operator_log)
    }

    /// Nothing of what was started has ended by itself.
    pub(crate) fn check_alive(&mut self) -> Result<(), Fault> {
        if self.vendors.as_mut().is_some_and(Vendors::has_ended) {
            return Err(fault_in("sandbox ended by itself", &self.state.join("sandbox.log")));
        }
        Ok(())
    }
}

/// A port of loopback that is free now.
pub(crate) fn free_port() -> Result<u16, Fault> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A path for a command's arguments.
pub(crate) fn text(path: &Path) -> Result<&str, Fault> {
    path.to_str().ok_or_else(|| format!("{} is no text", path.display()).into())
}
