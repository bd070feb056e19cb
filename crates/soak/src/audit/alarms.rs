//! Looks for alarms that nothing in a run gives a cause for.

use testbed::{folder::Folder, setup::Fault};

/// No run changes the definitions: a write that came back otherwise than it was sent is a fault of ours.
const NEVER: &str = "CRDOutdated";

/// One sentence for each log with such a line.
pub(crate) fn find(folder: &Folder) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    for place in folder.logs()? {
        let lines = folder.text(&place)?.lines().filter(|line| line.contains(NEVER)).count();
        if lines > 0 {
            found.push(format!("unexplained: {lines} lines of {place} speak of {NEVER}"));
        }
    }
    Ok(found)
}
