//! Names of objects as people write them.

use kube::ResourceExt;

/// Namespace and name: `onboarding/ann-lee`.
pub fn whole_name(object: &impl ResourceExt) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}
