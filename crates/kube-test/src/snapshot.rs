//! What is stored, at one moment.

use std::{fs, io, path::Path};

use tempfile::TempDir;

use crate::{ControlPlane, Error, Result, control_plane::blocking};

/// Everything that a control plane had stored at one moment; it is removed when this is dropped.
#[derive(Debug)]
pub struct Snapshot(TempDir);

impl ControlPlane {
    /// Copies everything that is stored, as a backup of etcd does. The control plane is stopped meanwhile, and runs
    /// afterwards.
    ///
    /// # Errors
    /// As [`ControlPlane::stop`] and [`ControlPlane::start`], and [`Error::Io`].
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.stop().await?;
        let (store, parent) = (self.state.join("etcd"), self.state.join(".."));
        let copied = blocking(move || {
            let copy = tempfile::Builder::new().prefix("snapshot-").tempdir_in(parent);
            let copy = copy.map_err(Error::io("a directory for a snapshot"))?;
            copy_all(&store, copy.path()).map_err(Error::io("taking a snapshot"))?;
            Ok(Snapshot(copy))
        });
        let copied = copied.await;
        self.start().await?;
        copied
    }

    /// Puts a snapshot back: the cluster forgets what happened since. Clients and watches see what they see when a
    /// backup of etcd is restored: resource versions that are older than those that they know.
    ///
    /// # Errors
    /// As [`ControlPlane::stop`] and [`ControlPlane::start`], and [`Error::Io`].
    pub async fn restore(&self, snapshot: &Snapshot) -> Result<()> {
        self.replace_store(Some(snapshot.0.path())).await
    }

    /// Begins anew: nothing is stored, as in a new cluster. Keys and tokens stay valid, so that a kubeconfig of the
    /// admin need not be read again; service accounts are gone, and their tokens with them.
    ///
    /// # Errors
    /// As [`ControlPlane::stop`] and [`ControlPlane::start`], and [`Error::Io`].
    pub async fn reset(&self) -> Result<()> {
        self.replace_store(None).await
    }

    async fn replace_store(&self, by: Option<&Path>) -> Result<()> {
        self.stop().await?;
        let (store, by) = (self.state.join("etcd"), by.map(Path::to_owned));
        let replace = move || {
            fs::remove_dir_all(&store)?;
            by.map_or(Ok(()), |copy| copy_all(&copy, &store))
        };
        blocking(move || replace().map_err(Error::io("replacing what is stored"))).await?;
        self.start().await
    }
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        // Sockets are no part of what is stored.
        if kind.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
