//! A directory of credentials as the kubelet mounts a Secret: files are links through `..data`, which is swapped whole.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

static VERSION: AtomicUsize = AtomicUsize::new(0);

/// The mounted Secret of one connection.
#[derive(Debug)]
pub struct Mount {
    dir: PathBuf,
}

impl Mount {
    /// Mounts copies of all files of `from` at `dir`.
    pub fn copy(from: &Path, dir: &Path) -> Self {
        let mount = Self { dir: dir.to_owned() };
        let files = fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<_> = files.filter(|path| path.is_file()).collect();
        let named = files
            .iter()
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()));
        mount.swap(&named.collect::<Vec<_>>());
        mount
    }

    /// Replaces all files at once.
    pub fn swap(&self, files: &[(String, Vec<u8>)]) {
        let version = format!("..version_{}", VERSION.fetch_add(1, Ordering::Relaxed));
        fs::create_dir_all(self.dir.join(&version)).unwrap();
        for (name, content) in files {
            fs::write(self.dir.join(&version).join(name), content).unwrap();
            let link = self.dir.join(name);
            if link.symlink_metadata().is_err() {
                symlink(Path::new("..data").join(name), link).unwrap();
            }
        }
        let next = self.dir.join("..data_tmp");
        symlink(&version, &next).unwrap();
        fs::rename(next, self.dir.join("..data")).unwrap();
    }

    /// The files as they are.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let data = fs::read_dir(self.dir.join("..data")).unwrap().map(|entry| entry.unwrap().path());
        data.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
            .collect()
    }

    /// Replaces one file.
    pub fn set(&self, name: &str, content: &[u8]) {
        let mut files = self.files();
        files.retain(|(known, _)| known != name);
        files.push((name.to_owned(), content.to_vec()));
        self.swap(&files);
    }

    /// Replaces one file by that of another directory.
    pub fn copy_file(&self, from: &Path, name: &str) {
        self.set(name, &fs::read(from.join(name)).unwrap());
    }

    /// Where it is mounted.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Unmounts it.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
