//! Which cluster may order with a connection.

/// What a connection says instead of a uid where no other cluster holds it: manifests in Git know no uid.
pub const THIS_CLUSTER: &str = "ThisCluster";

/// `spec.orderingCluster`, as it concerns this cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binding {
    /// Nothing is said: every cluster may order, and none may conclude that nobody else does.
    Unbound,
    /// This cluster alone may order.
    Here,
    /// Another one may, or none: here the vendors are only read.
    Elsewhere,
}

impl Binding {
    /// Reads the field. `here`: uid of this cluster's `kube-system`, where it could be read. Whatever is neither that
    /// uid nor [`THIS_CLUSTER`], letter by letter, names another cluster.
    #[must_use]
    pub fn read(declared: Option<&str>, here: Option<&str>) -> Self {
        match declared {
            None => Self::Unbound,
            Some(THIS_CLUSTER) => Self::Here,
            Some(uid) if Some(uid) == here => Self::Here,
            Some(_) => Self::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_bound_by_this_clusters_uid_and_by_the_promise_and_by_nothing_else() {
        let here = Some("3c7f1e0a");
        for bound in [here, Some("ThisCluster")] {
            assert_eq!(Binding::read(bound, here), Binding::Here);
        }
        assert_eq!(Binding::read(Some("ThisCluster"), None), Binding::Here, "the promise needs no uid");
        for elsewhere in ["none", "thiscluster", " ThisCluster", "3c7f1e0b", ""] {
            assert_eq!(Binding::read(Some(elsewhere), here), Binding::Elsewhere, "{elsewhere}");
        }
        assert_eq!(Binding::read(Some("3c7f1e0a"), None), Binding::Elsewhere, "unknown is not ours");
        assert_eq!(Binding::read(None, here), Binding::Unbound);
    }
}
