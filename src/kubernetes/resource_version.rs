//! Which of two states of one object is the newer one.

use kube::ResourceExt;

/// The `resourceVersion` as a number; 0 where there is none.
pub fn number(object: &impl ResourceExt) -> u64 {
    object.resource_version().and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// Is the first of two states of one object newer than the second?
pub fn is_newer<K: ResourceExt>(one: &K, than: &K) -> bool {
    number(one) > number(than)
}
