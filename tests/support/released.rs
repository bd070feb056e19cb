//! Definitions as they were released, and objects that were stored under them.

use std::{fs, path::PathBuf};

use serde_json::Value;

/// What a release had.
#[derive(Debug)]
pub struct Release {
    /// Its tag.
    pub version: String,
    dir: PathBuf,
}

impl Release {
    /// Every release from the first on; each left its definitions in the tree.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<_> =
            fs::read_dir(place()).unwrap().map(|entry| Self::at(entry.unwrap().path())).collect();
        all.sort_by(|one, other| one.version.cmp(&other.version));
        all
    }

    /// The release of that version.
    pub fn named(version: &str) -> Self {
        Self::at(place().join(version))
    }

    fn at(dir: PathBuf) -> Self {
        Self { version: dir.file_name().unwrap().to_string_lossy().into_owned(), dir }
    }

    /// Its definitions, as one text for kubectl.
    pub fn manifests(&self) -> String {
        texts(&self.dir).join("---\n")
    }

    /// Its definitions.
    pub fn definitions(&self) -> Vec<Value> {
        texts(&self.dir).iter().map(|text| serde_saphyr::from_str(text).unwrap()).collect()
    }

    /// Objects in several phases that its operator left in the store.
    pub fn objects(&self) -> Vec<Value> {
        serde_json::from_str(&fs::read_to_string(self.dir.join("objects.json")).unwrap()).unwrap()
    }

    /// Keeps such objects for the tests to come.
    pub fn record(&self, objects: &str) {
        fs::write(self.dir.join("objects.json"), format!("{objects}\n")).unwrap();
    }
}

/// The definitions of this tree.
pub fn present() -> Vec<Value> {
    texts(&super::root().join("crds")).iter().map(|text| serde_saphyr::from_str(text).unwrap()).collect()
}

fn place() -> PathBuf {
    super::root().join("tests/data/crds")
}

fn texts(dir: &std::path::Path) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}
