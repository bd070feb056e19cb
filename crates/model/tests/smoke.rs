//! Every world with small bounds: with any other test, in seconds.
#![allow(clippy::panic, reason = "a failing test should stop")]

use std::{fs, path::Path, process::Command};

use model::{check, worlds};

#[test]
fn every_small_world_keeps_every_property() {
    for bounds in worlds::smoke() {
        let name = bounds.name;
        let explored = check::explore(&bounds, 2);
        if let Some((property, trace)) = explored.broken {
            panic!("world {name}: {property}\n{}", trace.join("\n"));
        }
        assert!(explored.states > 100, "world {name} is not empty: {}", explored.states);
    }
}

/// `make mutants` spoils the planner by these; a change of the planner must not leave one behind.
#[test]
fn every_mutant_still_applies() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut applied = 0;
    for entry in fs::read_dir(here.join("mutants")).unwrap() {
        let patch = entry.unwrap().path();
        let root = here.join("../..");
        let checked = Command::new("git").args(["apply", "--check"]).arg(&patch).current_dir(root).output();
        let told = checked.unwrap();
        assert!(told.status.success(), "{}: {}", patch.display(), String::from_utf8_lossy(&told.stderr));
        applied += 1;
    }
    assert!(applied > 30, "only {applied} mutants were found");
}
