//! What a run leaves behind, by name.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::setup::Fault;

/// Every call that the vendors received.
pub(crate) const JOURNAL: &str = "journal.json";
/// The vendors' world at the end, without secrets.
pub(crate) const STATE: &str = "state.json";
/// Everything that must not leak. The values are made up and worthless; the file is the owner's alone all the same.
pub(crate) const SECRETS: &str = "secrets.json";
/// What we did: kills, outages, declared shipments.
pub(crate) const DIARY: &str = "kills.json";
pub(crate) const SHIPMENTS: &str = "shipments.json";
pub(crate) const ROLLOUTS: &str = "rollouts.json";
/// The rollouts as the dry run told them.
pub(crate) const DRY: &str = "dry-rollouts.json";
/// Of rollouts: who there was, and what was wrong with whom.
pub(crate) const CAST: &str = "cast.json";
pub(crate) const CONNECTIONS: &str = "connections.json";
pub(crate) const EVENTS: &str = "events.json";
/// One sample after the other.
pub(crate) const METRICS: &str = "metrics.txt";
const README: &str = "README";

/// The folder of a run.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An existing one.
    pub(crate) fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// A fresh one; what an earlier run left is removed, anything else is not.
    pub(crate) fn fresh(dir: &Path, line: &str) -> Result<Self, Fault> {
        if dir.join(README).is_file() && dir.join("control-plane").exists() {
            fs::remove_dir_all(dir)?;
        }
        fs::create_dir_all(dir.join("control-plane"))?;
        if fs::read_dir(dir)?.count() > 1 {
            return Err(format!("{} is no folder of a run and not empty", dir.display()).into());
        }
        let folder = Self(fs::canonicalize(dir)?);
        fs::write(folder.path(README), format!("{line}\n"))?;
        Ok(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The log of a replica, over all its lives.
    pub(crate) fn log(&self, replica: &str) -> PathBuf {
        self.path(&format!("{replica}.log"))
    }

    pub(crate) fn save(&self, name: &str, value: &impl Serialize) -> Result<(), Fault> {
        Ok(fs::write(self.path(name), serde_json::to_vec(value)?)?)
    }

    /// For the owner's eyes only.
    pub(crate) fn save_privately(&self, name: &str, value: &impl Serialize) -> Result<(), Fault> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path(name))?;
        Ok(file.write_all(&serde_json::to_vec(value)?)?)
    }

    pub(crate) fn append(&self, name: &str, text: &str) -> Result<(), Fault> {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.path(name))?;
        Ok(file.write_all(text.as_bytes())?)
    }

    pub(crate) fn load<T: DeserializeOwned>(&self, name: &str) -> Result<T, Fault> {
        let text = self.text(name)?;
        serde_json::from_str(&text).map_err(|error| format!("{name} cannot be read: {error}").into())
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, Fault> {
        let bytes = fs::read(self.path(name)).map_err(|error| format!("{name}: {error}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Names of the replicas' logs.
    pub(crate) fn logs(&self) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with("operator") && Path::new(&name).extension().is_some_and(|end| end == "log") {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}
