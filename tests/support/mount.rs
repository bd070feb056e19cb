//! A directory of credentials as the kubelet mounts a Secret.

use std::{fs, path::Path};

use kube_test::{MountedSecret, read_files};

/// The mounted Secret of one connection.
#[derive(Debug)]
pub struct Mount(MountedSecret);

impl Mount {
    /// Mounts copies of all files of `from` at `dir`.
    pub fn copy(from: &Path, dir: &Path) -> Self {
        Self(MountedSecret::mount(dir, &read_files(from).unwrap()).unwrap())
    }

    /// Replaces all files at once.
    pub fn swap(&self, files: &[(String, Vec<u8>)]) {
        self.0.replace(&files.iter().cloned().collect()).unwrap();
    }

    /// The files as they are.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        self.0.files().unwrap().into_iter().collect()
    }

    /// Replaces one file.
    pub fn set(&self, name: &str, content: &[u8]) {
        self.0.set(name, content).unwrap();
    }

    /// Replaces one file by that of another directory.
    pub fn copy_file(&self, from: &Path, name: &str) {
        self.set(name, &fs::read(from.join(name)).unwrap());
    }

    /// Where it is mounted.
    pub fn dir(&self) -> &Path {
        self.0.directory()
    }

    /// Unmounts it.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(self.dir());
    }
}
