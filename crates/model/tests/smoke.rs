//! Every world with small bounds: with any other test, in seconds.
#![allow(clippy::panic, reason = "a failing test should stop")]

use std::{fs, path::Path, process::Command};

use model::{
    check::{self, Explored},
    rollouts, worlds,
};

fn holds(name: &str, explored: Explored) {
    if let Some((property, trace)) = explored.broken {
        panic!("world {name}: {property}\n{}", trace.join("\n"));
    }
    assert!(explored.states > 100, "world {name} is not empty: {}", explored.states);
}

#[test]
fn every_small_world_keeps_every_property() {
    for bounds in worlds::smoke() {
        holds(bounds.name, check::explore(&bounds, 2));
    }
}

#[test]
fn every_small_world_of_rollouts_keeps_every_property() {
    for bounds in rollouts::smoke() {
        holds(bounds.name, rollouts::explore(&bounds, 2));
    }
}

/// `make mutants` spoils the planner by these, `hack/operations.sh planted` the operator: a change of either must not leave
/// one behind.
#[test]
fn every_mutant_and_every_planted_fault_still_applies() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.join("../..");
    for (folder, at_least) in [("mutants", 70), ("../operations/planted", 2)] {
        let patches: Vec<_> =
            fs::read_dir(here.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(patches.len() >= at_least, "{folder} has only {} patches", patches.len());
        for patch in patches {
            let checked =
                Command::new("git").args(["apply", "--check"]).arg(&patch).current_dir(&root).output();
            let told = checked.unwrap();
            assert!(told.status.success(), "{}: {}", patch.display(), String::from_utf8_lossy(&told.stderr));
        }
    }
}
