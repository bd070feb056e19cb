//! Where everything of a cluster lies, until nobody needs it.

use std::{
    fs::{self, File},
    mem,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

const PREFIX: &str = "kube-test-";
const LOCK: &str = "in-use";

/// A directory of the caller's, or one that goes with its owner, unless a test panics: then it stays, to be looked at,
/// until the next run.
///
/// Owners in a `static` are never dropped. What they leave is removed by whoever comes next: the lock on a file tells
/// what is still in use, whatever ended the process.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// `None` if it is the caller's, and while it is dropped.
    lock: Option<File>,
}

impl Directory {
    pub(crate) fn make(parent: &Path, name: &str) -> Result<Self> {
        let what = || Error::io(format!("creating {}", parent.display()));
        fs::create_dir_all(parent).map_err(what())?;
        let parent = &parent.canonicalize().map_err(what())?;
        remove_abandoned(parent);
        let prefix = if name.is_empty() { PREFIX.to_owned() } else { format!("{PREFIX}{name}-") };
        let made = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        let path = made.map_err(Error::io(format!("a directory in {}", parent.display())))?.keep();
        let lock = lock(&path).map_err(Error::io(format!("locking {}", path.display())))?;
        Ok(Self { path, lock: Some(lock) })
    }

    pub(crate) fn of_the_caller(path: &Path) -> Result<Self> {
        let what = || Error::io(format!("creating {}", path.display()));
        fs::create_dir_all(path).map_err(what())?;
        Ok(Self { path: path.canonicalize().map_err(what())?, lock: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The file has its name only when it is locked: without a name nobody takes it for abandoned.
fn lock(directory: &Path) -> std::io::Result<File> {
    let unnamed = directory.join("in-use.new");
    let lock = File::create(&unnamed)?;
    lock.lock()?;
    fs::rename(unnamed, directory.join(LOCK))?;
    Ok(lock)
}

fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let lock = if ours { File::open(entry.path().join(LOCK)).ok() } else { None };
        if lock.is_some_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        if std::thread::panicking() {
            eprintln!("kept until the next run: {}", self.path.display());
            // Locked for as long as the process lives.
            mem::forget(lock);
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_stays_and_what_is_abandoned_goes() {
        let parent = tempfile::tempdir().unwrap();
        let used = Directory::make(parent.path(), "used").unwrap();
        let mut abandoned = Directory::make(parent.path(), "abandoned").unwrap();
        drop(abandoned.lock.take());
        let path = abandoned.path().to_owned();
        mem::forget(abandoned);
        let next = Directory::make(parent.path(), "").unwrap();
        assert!(used.path().exists() && next.path().exists());
        assert!(!path.exists());
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
    }

    #[test]
    fn a_panic_leaves_it_to_be_looked_at() {
        let parent = tempfile::tempdir().unwrap();
        let at = parent.path().to_owned();
        let panicked = std::thread::spawn(move || {
            let _kept = Directory::make(&at, "kept").unwrap();
            panic!("as a failed test does");
        });
        assert!(panicked.join().is_err());
        let _next = Directory::make(parent.path(), "next").unwrap();
        let names: Vec<_> = fs::read_dir(parent.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(names.iter().any(|name| name.to_string_lossy().starts_with("kube-test-kept-")), "{names:?}");
    }
}
