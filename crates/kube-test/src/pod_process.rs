//! Pods that are processes of this machine.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt as _;

use crate::{ControlPlane, Error, Result};

/// A Pod of an image named with [`Builder::image`](crate::Builder::image), as it was when it was read.
#[derive(Debug, Clone)]
pub struct PodProcess {
    pod: Pod,
    logs: PathBuf,
}

impl ControlPlane {
    /// The processes of a Pod.
    #[must_use]
    pub fn pod_process(&self, pod: Pod) -> PodProcess {
        let name = format!(
            "{}_{}_{}",
            pod.namespace().unwrap_or_default(),
            pod.name_any(),
            pod.uid().unwrap_or_default()
        );
        PodProcess { pod, logs: self.state.join("pods").join(name) }
    }
}

impl PodProcess {
    /// The Pod as it was when this was made.
    #[must_use]
    pub fn pod(&self) -> &Pod {
        &self.pod
    }

    fn status(&self, container: &str) -> Option<&ContainerStatus> {
        let all = self.pod.status.as_ref()?.container_statuses.as_ref()?;
        all.iter().find(|status| status.name == container)
    }

    /// The id of a container's process; `None` if it has none yet.
    #[must_use]
    pub fn pid(&self, container: &str) -> Option<u32> {
        self.status(container)?.container_id.as_ref()?.strip_prefix("process://")?.parse().ok()
    }

    /// How often a container was started anew.
    #[must_use]
    pub fn restarts(&self, container: &str) -> u64 {
        let count = self.status(container).map(|status| status.restart_count);
        count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
    }

    /// Everything that a container said, and says no more when the Pod is gone; empty if it said nothing yet.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn log(&self, container: &str) -> Result<String> {
        let path = self.logs.join(format!("{container}.log"));
        match fs::read(&path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(Error::io(format!("reading {}", path.display()))(error)),
        }
    }

    /// Where it listens with a port: an address of 127/8 that stands for the Pod's IP. `None` if it has no IP yet.
    #[must_use]
    pub fn address(&self, port: u16) -> Option<SocketAddr> {
        let ip = self.pod.status.as_ref()?.pod_ip.as_ref()?;
        let loopback: IpAddr = format!("127.{}", ip.split_once('.')?.1).parse().ok()?;
        Some(SocketAddr::new(loopback, port))
    }
}
