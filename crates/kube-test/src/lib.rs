#![doc = include_str!("../README.md")]

mod access;
mod audit;
mod breaking_changes;
mod builder;
mod cluster;
mod command;
mod condition;
mod control_plane;
mod deadline;
mod definitions;
mod directory;
mod error;
mod events;
mod helm;
mod kubeconfig;
mod kubectl;
mod mounted_secret;
mod namespace;
mod pod_process;
mod process;
mod request;
mod requests;
mod service_account;
mod snapshot;
mod timeout;
mod tools;
mod user;
mod wait;

/// The names of the environment variables.
pub mod variables {
    pub use crate::builder::{CLUSTER, CONTROL_PLANE, HELM, KUBECTL};
}

pub use access::Access;
pub use audit::{AuditLog, Mark};
pub use breaking_changes::breaking_changes;
pub use builder::Builder;
pub use cluster::Cluster;
pub use command::{CommandFailure, Output, run};
pub use condition::Condition;
pub use control_plane::ControlPlane;
pub use deadline::Deadline;
pub use error::{Error, Result};
pub use helm::Helm;
pub use kubeconfig::Kubeconfig;
pub use kubectl::Kubectl;
pub use mounted_secret::{MountedSecret, read_files};
pub use namespace::Namespace;
pub use pod_process::PodProcess;
pub use process::{Announced, Supervised};
pub use request::Request;
pub use requests::Requests;
pub use service_account::ServiceAccount;
pub use snapshot::Snapshot;
pub use timeout::Timeout;
pub use user::User;
pub use wait::{Wait, wait};
