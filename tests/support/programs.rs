//! The programs that `make build` makes.

use std::path::{Path, PathBuf};

/// The project's directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program of `.cache/bin`. Where `CONTROL_PLANE_BIN` names a control plane, what lies beside it goes first: so
/// `hack/versions.sh` has everything of one version of Kubernetes.
pub fn tool(name: &str) -> PathBuf {
    let named = std::env::var_os("CONTROL_PLANE_BIN").map(|program| Path::new(&program).with_file_name(name));
    let path = named.filter(|path| path.exists()).unwrap_or_else(|| root().join(".cache/bin").join(name));
    assert!(path.exists(), "there is no {}: run `make build`", path.display());
    path
}
