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
pub const JOURNAL: &str = "journal.json";
/// The vendors' world at the end, without secrets.
pub const STATE: &str = "state.json";
/// Everything that must not leak. The values are made up and worthless; the file is the owner's alone all the same.
pub const SECRETS: &str = "secrets.json";
/// What we did: kills, outages, declared shipments.
pub const DIARY: &str = "kills.json";
/// The shipments at the end.
pub const SHIPMENTS: &str = "shipments.json";
/// The rollouts at the end.
pub const ROLLOUTS: &str = "rollouts.json";
/// The rollouts as the dry run told them.
pub const DRY: &str = "dry-rollouts.json";
/// Of rollouts: who there was, and what was wrong with whom.
pub const CAST: &str = "cast.json";
/// The connections at the end.
pub const CONNECTIONS: &str = "connections.json";
/// The Events at the end.
pub const EVENTS: &str = "events.json";
/// One sample after the other.
pub const METRICS: &str = "metrics.txt";
const README: &str = "README";

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// An existing one.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// A fresh one; what an earlier run left is removed, anything else is not.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn fresh(dir: &Path, line: &str) -> Result<Self, Fault> {
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

    /// Where something of that name is kept.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The log of a replica, over all its lives.
    #[must_use]
    pub fn log(&self, replica: &str) -> PathBuf {
        self.path(&format!("{replica}.log"))
    }

    /// What the API server was asked, a line of JSON each.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.path("control-plane/control-plane/audit.log")
    }

    /// Keeps a value as JSON.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn save(&self, name: &str, value: &impl Serialize) -> Result<(), Fault> {
        Ok(fs::write(self.path(name), serde_json::to_vec(value)?)?)
    }

    /// For the owner's eyes only.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn save_privately(&self, name: &str, value: &impl Serialize) -> Result<(), Fault> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path(name))?;
        Ok(file.write_all(&serde_json::to_vec(value)?)?)
    }

    /// Adds text to the end of a file.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn append(&self, name: &str, text: &str) -> Result<(), Fault> {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.path(name))?;
        Ok(file.write_all(text.as_bytes())?)
    }

    /// Reads a value that was kept as JSON.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn load<T: DeserializeOwned>(&self, name: &str) -> Result<T, Fault> {
        let text = self.text(name)?;
        serde_json::from_str(&text).map_err(|error| format!("{name} cannot be read: {error}").into())
    }

    /// A file as text; what is no UTF-8 is replaced.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn text(&self, name: &str) -> Result<String, Fault> {
        let bytes = fs::read(self.path(name)).map_err(|error| format!("{name}: {error}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Names of the replicas' logs.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn logs(&self) -> Result<Vec<String>, Fault> {
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
