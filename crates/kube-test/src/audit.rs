//! The audit log: the API server's own count of what was asked of it.

use std::{
    fs::File,
    io::{BufRead, BufReader, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use crate::{Error, Request, Requests, Result};

/// The audit log of a control plane: a line for each request, written before the request is answered. Whoever has an
/// answer finds its request here at once.
#[derive(Debug, Clone)]
pub struct AuditLog(PathBuf);

/// How the API server begins each line. Within a string of an event it would have backslashes.
const EVENT: &str = "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\"";

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
        Ok(Requests::new(self.each_since(mark)?.collect::<Result<_>>()?))
    }

    /// All of them one after another, each read when it is asked for: of a log that is larger than memory should be.
    ///
    /// # Errors
    /// [`Error::Io`]; each item as [`AuditLog::read`].
    pub fn each(&self) -> Result<impl Iterator<Item = Result<Request>> + use<>> {
        self.each_since(Mark(0))
    }

    fn each_since(&self, mark: Mark) -> Result<impl Iterator<Item = Result<Request>> + use<>> {
        let mut file = File::open(&self.0).map_err(self.unreadable())?;
        file.seek(SeekFrom::Start(mark.0)).map_err(self.unreadable())?;
        let (log, mut lines) = (self.clone(), BufReader::new(file));
        let lines = std::iter::from_fn(move || log.line(&mut lines).transpose());
        let log = self.clone();
        let requests = lines.map(move |line| line.and_then(|line| log.request(&line)));
        Ok(requests.filter(|request| request.as_ref().map_or(true, Request::is_finished)))
    }

    /// The next whole line. The last one may be one that is being written, and is not read yet.
    fn line(&self, lines: &mut impl BufRead) -> Result<Option<String>> {
        let mut line = Vec::new();
        lines.read_until(b'\n', &mut line).map_err(self.unreadable())?;
        Ok(line.ends_with(b"\n").then(|| String::from_utf8_lossy(&line).into_owned()))
    }

    /// An API server that was killed leaves half a line, and the next one goes on behind it.
    fn request(&self, line: &str) -> Result<Request> {
        let event = serde_json::from_str(line).or_else(|error| match line.rfind(EVENT) {
            Some(start @ 1..) => serde_json::from_str(&line[start..]),
            _ => Err(error),
        });
        event.map(Request::new).map_err(Error::json(self.0.display().to_string()))
    }

    fn unreadable(&self) -> impl FnOnce(std::io::Error) -> Error {
        Error::io(format!("reading {}", self.0.display()))
    }
}
