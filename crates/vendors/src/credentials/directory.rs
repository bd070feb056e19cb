//! The folder with one connection's files.

use std::path::PathBuf;

use domain::failure::{Failure, Reason};

/// The kubelet changes all files at once, by swapping this link.
const SWAPPED: &str = "..data";

/// A connection's name as Kubernetes allows it is one plain directory name.
pub(super) fn plain_name(name: &str) -> Result<&str, Failure> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let plain = !name.is_empty() && name.len() <= 253 && name.bytes().all(allowed);
    if plain && !name.starts_with('.') && !name.ends_with('.') {
        return Ok(name);
    }
    Err(Failure::new(
        Reason::ConnectionInvalid,
        "the connection's name is no Kubernetes name, so it has no credentials directory",
    ))
}

/// Where one connection's files are.
pub(super) struct Directory<'a> {
    pub(super) path: PathBuf,
    pub(super) connection: &'a str,
}

impl Directory<'_> {
    /// Which of the swapped versions stands there; `None` where nobody swaps.
    pub(super) async fn version(&self) -> Option<PathBuf> {
        tokio::fs::read_link(self.path.join(SWAPPED)).await.ok()
    }
}
