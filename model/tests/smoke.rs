//! Every world with small bounds: with any other test, in seconds.
#![allow(clippy::panic, reason = "a failing test should stop")]

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
