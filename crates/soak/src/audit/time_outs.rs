//! Calls whose answer the operator waited for in vain, as its logs tell.

use jiff::Timestamp;
use testbed::{diary::Declared, folder::Folder, setup::Fault};

const WORDS: &str = "did not answer in time";

/// A line of a log.
pub(crate) struct TimeOut {
    at: Timestamp,
    line: String,
}

impl TimeOut {
    fn read(line: &str) -> Option<Self> {
        // A run's logs have many lines, and few of these.
        let found = Some(line).filter(|line| line.contains(WORDS))?;
        let at = found.split_whitespace().next()?.parse().ok()?;
        Some(Self { at, line: found.to_owned() })
    }

    /// Is it about this operation for this shipment, and of this time?
    pub(crate) fn is_of(&self, declared: &Declared, operation: &str, from: Timestamp, to: Timestamp) -> bool {
        let shipment = format!("shipment=\"{}/{}\"", declared.namespace, declared.name);
        let operation = format!("operation=\"{operation}\"");
        self.at >= from && self.at <= to && self.line.contains(&shipment) && self.line.contains(&operation)
    }
}

/// All of a run.
pub(crate) fn read(folder: &Folder) -> Result<Vec<TimeOut>, Fault> {
    let mut found = Vec::new();
    for place in folder.logs()? {
        found.extend(folder.text(&place)?.lines().filter_map(TimeOut::read));
    }
    Ok(found)
}
