//! Secrets and `ConfigMap`s as containers see them.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{Error, Result};

const DATA: &str = "..data";

static VERSION: AtomicUsize = AtomicUsize::new(0);

/// A directory as the kubelet mounts a `Secret` or a `ConfigMap`, for an operator that runs as a process beside the
/// test.
///
/// Files are links through `..data`, which is swapped whole: a reader sees all files of one version, and whoever
/// watches a file sees its link stay the same. What was replaced stays readable until the directory is removed, for
/// readers that have begun.
#[derive(Debug)]
pub struct MountedSecret {
    directory: PathBuf,
}

impl MountedSecret {
    /// Makes the directory, with these files in it.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn mount(directory: impl Into<PathBuf>, files: &BTreeMap<String, Vec<u8>>) -> Result<Self> {
        let mounted = Self { directory: directory.into() };
        mounted.replace(files)?;
        Ok(mounted)
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its files, by name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        read_files(&self.directory.join(DATA))
    }

    /// Replaces all files at once.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn replace(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        self.swap(files).map_err(Error::io(format!("mounting {}", self.directory.display())))
    }

    /// Makes or replaces one file; the others stay as they are.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn set(&self, name: &str, content: impl Into<Vec<u8>>) -> Result<()> {
        let mut files = self.files()?;
        files.insert(name.to_owned(), content.into());
        self.replace(&files)
    }

    fn swap(&self, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
        let version = format!("..version_{}", VERSION.fetch_add(1, Ordering::Relaxed));
        fs::create_dir_all(self.directory.join(&version))?;
        for (name, content) in files {
            fs::write(self.directory.join(&version).join(name), content)?;
        }
        let next = self.directory.join("..data_tmp");
        symlink(&version, &next)?;
        fs::rename(next, self.directory.join(DATA))?;
        self.link(files)
    }

    /// As the kubelet does: what is new is linked after the swap, and so is never a link to nothing.
    fn link(&self, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
        for name in files.keys() {
            let link = self.directory.join(name);
            if link.symlink_metadata().is_err() {
                symlink(Path::new(DATA).join(name), link)?;
            }
        }
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !name.starts_with("..") && !files.contains_key(&name) {
                fs::remove_file(self.directory.join(name))?;
            }
        }
        Ok(())
    }
}

/// The files of a directory, for [`MountedSecret::mount`]; directories in it are passed over.
///
/// # Errors
/// [`Error::Io`].
pub fn read_files(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let read = || {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.path().is_file() {
                files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
            }
        }
        Ok(files)
    };
    read().map_err(Error::io(format!("reading {}", directory.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        all.iter().map(|(name, content)| ((*name).to_owned(), content.as_bytes().to_vec())).collect()
    }

    #[test]
    fn all_files_change_at_once_and_their_links_stay() {
        let parent = tempfile::tempdir().unwrap();
        let first = files(&[("token", "one"), ("ca.crt", "a")]);
        let mounted = MountedSecret::mount(parent.path().join("secret"), &first).unwrap();
        let token = mounted.directory().join("token");
        assert_eq!(fs::read_link(&token).unwrap(), Path::new("..data/token"));
        mounted.set("token", "two").unwrap();
        assert_eq!(fs::read_to_string(&token).unwrap(), "two");
        assert_eq!(mounted.files().unwrap(), files(&[("token", "two"), ("ca.crt", "a")]));
        mounted.replace(&files(&[("ca.crt", "b")])).unwrap();
        assert!(token.symlink_metadata().is_err(), "the link is gone with the file");
        assert_eq!(read_files(mounted.directory()).unwrap(), files(&[("ca.crt", "b")]));
    }
}
