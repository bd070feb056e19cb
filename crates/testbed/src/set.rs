//! What every run is set on: a real API server and both vendors, who name a limit that is out of the way.

use crate::{
    cluster::Cluster,
    control_plane::ControlPlane,
    folder::Folder,
    setup::{Fault, Setup},
    vendors::Vendors,
};

/// Everything but people and the operator. Parcels move on after `step` seconds in a state.
pub struct Set {
    /// The API server.
    pub plane: ControlPlane,
    /// The sandbox that plays both vendors.
    pub vendors: Vendors,
    /// The admin's client.
    pub cluster: Cluster,
    /// What `orderingCluster` says: by the seed this cluster's uid, or the promise that there is no other.
    pub bound_to: String,
}

impl Set {
    /// Starts the API server and the vendors side by side.
    ///
    /// # Errors
    /// The API server or the sandbox does not start.
    pub async fn build(setup: &Setup, folder: &Folder, step: &str) -> Result<Self, Fault> {
        let (plane, vendors) =
            tokio::try_join!(ControlPlane::start(setup, folder), Vendors::start(setup, folder, step))?;
        vendors.set_pace().await?;
        let cluster = Cluster::open(&plane.kubeconfig).await?;
        // Odd seeds run two replicas: the word alternates in both halves.
        let promised = setup.seed / 2 % 2 == 1;
        let bound_to = if promised { "ThisCluster".to_owned() } else { plane.id().await? };
        Ok(Self { plane, vendors, cluster, bound_to })
    }
}
