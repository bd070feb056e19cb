//! The names of the environment variables.

/// Names the control plane program.
pub const CONTROL_PLANE: &str = "KUBE_TEST_CONTROL_PLANE";

/// `current`: the cluster of `KUBECONFIG` is used, and none is started.
pub const CLUSTER: &str = "KUBE_TEST_CLUSTER";

/// Names kubectl, where it is not to be the control plane's own.
pub const KUBECTL: &str = "KUBE_TEST_KUBECTL";

/// Names Helm, where it is not to be the one beside the control plane.
pub const HELM: &str = "KUBE_TEST_HELM";
