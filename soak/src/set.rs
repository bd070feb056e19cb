//! What every run is set on: a real API server and both vendors, who name a limit that is out of the way.

use crate::{Fault, Setup, cluster::Cluster, control_plane::ControlPlane, folder::Folder, vendors::Vendors};

/// Everything but people and the operator. Parcels move on after `step` seconds in a state.
pub(crate) struct Set {
    pub plane: ControlPlane,
    pub vendors: Vendors,
    pub cluster: Cluster,
    /// What `orderingCluster` names.
    pub cluster_id: String,
}

impl Set {
    pub(crate) async fn build(setup: &Setup, folder: &Folder, step: &str) -> Result<Self, Fault> {
        let (plane, vendors) =
            tokio::try_join!(ControlPlane::start(setup, folder), Vendors::start(setup, folder, step))?;
        vendors.set_pace().await?;
        let cluster = Cluster::open(&plane.kubeconfig).await?;
        let cluster_id = cluster.id().await?;
        Ok(Self { plane, vendors, cluster, cluster_id })
    }
}
