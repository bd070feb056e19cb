//! Rules that `hack/operations.sh planted` takes away.
#![allow(clippy::unwrap_used, reason = "a failing test should stop")]

use std::{fs, path::Path, process::Command};

/// A change of the driver must not leave one behind.
#[test]
fn every_planted_fault_still_applies() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut applied = 0;
    for entry in fs::read_dir(here.join("planted")).unwrap() {
        let patch = entry.unwrap().path();
        let root = here.join("../..");
        let checked = Command::new("git").args(["apply", "--check"]).arg(&patch).current_dir(root).output();
        let told = checked.unwrap();
        assert!(told.status.success(), "{}: {}", patch.display(), String::from_utf8_lossy(&told.stderr));
        applied += 1;
    }
    assert!(applied > 1, "only {applied} planted faults were found");
}
