//! The audit log: the API server's own count of what was asked of it.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{Error, Request, Requests, Result};

/// The audit log of a control plane: a line for each request, written before the request is answered. Whoever has an
/// answer finds its request here at once.
#[derive(Debug, Clone)]
pub struct AuditLog(PathBuf);

/// A place in an audit log: what was asked later comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64);

impl AuditLog {
    /// The audit log in a file, of whichever API server.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The file that the API server writes, one JSON object a line.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its end, as it is now.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn mark(&self) -> Result<Mark> {
        let length = std::fs::metadata(&self.0).map_err(self.unreadable())?.len();
        Ok(Mark(length))
    }

    /// All requests that are finished, in the order in which they were. An open watch is not finished.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::Json`] if it is not an audit log.
    pub fn read(&self) -> Result<Requests> {
        self.since(Mark(0))
    }

    /// The requests that were finished after a mark.
    ///
    /// # Errors
    /// As [`AuditLog::read`].
    pub fn since(&self, mark: Mark) -> Result<Requests> {
        let text = self.text_from(mark).map_err(self.unreadable())?;
        let mut requests = Vec::new();
        // The last line may be one that is being written.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let event: Value =
                serde_json::from_str(line).map_err(Error::json(self.0.display().to_string()))?;
            requests.extend(Some(Request::new(event)).filter(Request::is_finished));
        }
        Ok(Requests::new(requests))
    }

    fn text_from(&self, mark: Mark) -> std::io::Result<String> {
        let (mut file, mut bytes) = (File::open(&self.0)?, Vec::new());
        file.seek(SeekFrom::Start(mark.0))?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn unreadable(&self) -> impl FnOnce(std::io::Error) -> Error {
        Error::io(format!("reading {}", self.0.display()))
    }
}
