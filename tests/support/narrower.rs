//! Does a definition still take everything that an older one took?

pub use kube_test::breaking_changes as definition;
