//! What is on while people come and go.

use testbed::{
    cluster::Cluster,
    control_plane::ControlPlane,
    diary::Diary,
    replicas::Replica,
    vendors::{Org, Vendors},
};
use tokio::sync::Mutex;

use super::cast::Cast;

/// Everything that acts.
pub(super) struct Stage {
    pub(super) plane: ControlPlane,
    pub(super) cluster: Cluster,
    pub(super) vendors: Vendors,
    pub(super) org: Org,
    pub(super) cast: Cast,
    pub(super) replica: Mutex<Replica>,
    pub(super) diary: Diary,
    pub(super) http: reqwest::Client,
}
