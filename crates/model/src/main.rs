//! Explores every world, or those named, and says what was explored. Ends with 1 and a trace if a property fails.
//!
//!   model             every world
//!   model --fast      every world with small bounds
//!   model a1 c1       these worlds

use std::{process::ExitCode, thread, time::Instant};

use model::{
    check::{self, Explored},
    rollouts, worlds,
};

/// A world of shipments or of rollouts.
struct World {
    name: &'static str,
    about: &'static str,
    line: String,
    explore: Box<dyn Fn(usize) -> Explored>,
}

fn every(fast: bool) -> Vec<World> {
    let (shipments, rollouts) =
        if fast { (worlds::smoke(), rollouts::smoke()) } else { (worlds::all(), rollouts::all()) };
    let shipments = shipments.into_iter().map(|bounds| World {
        name: bounds.name,
        about: bounds.about,
        line: bounds.line(),
        explore: Box::new(move |threads| check::explore(&bounds, threads)),
    });
    let rollouts = rollouts.into_iter().map(|bounds| World {
        name: bounds.name,
        about: bounds.about,
        line: bounds.line(),
        explore: Box::new(move |threads| rollouts::explore(&bounds, threads)),
    });
    // The small ones first: a fault there is found in seconds.
    rollouts.chain(shipments).collect()
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let fast = args.iter().any(|arg| arg == "--fast");
    let named: Vec<_> = args.iter().filter(|arg| *arg != "--fast").collect();
    let chosen: Vec<_> =
        every(fast).into_iter().filter(|w| named.is_empty() || named.iter().any(|n| *n == w.name)).collect();
    if chosen.is_empty() {
        println!("no such world");
        return ExitCode::FAILURE;
    }
    run(&chosen)
}

fn run(chosen: &[World]) -> ExitCode {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let properties = || {
        let of_shipments = check::PROPERTIES.iter().map(|(name, _)| *name);
        of_shipments.chain(rollouts::PROPERTIES.iter().map(|(name, _)| *name))
    };
    println!("properties:");
    for name in properties() {
        println!("  {name}");
    }
    println!("worlds:");
    for world in chosen {
        println!("  {} {}\n     {}", world.name, world.about, world.line);
    }
    let began = Instant::now();
    let mut rows = Vec::new();
    let mut total = 0;
    for world in chosen {
        let explored = (world.explore)(threads);
        total += explored.states;
        let row = format!(
            "{:<3} {:>9} unique states, depth {:>3}, {:>6.1} s  {}",
            world.name, explored.states, explored.depth, explored.seconds, world.about
        );
        println!("{row}");
        rows.push(row);
        if let Some((property, trace)) = explored.broken {
            println!("\nFAILED in world {}: {property}", world.name);
            for (n, line) in trace.iter().enumerate() {
                println!("{n:>3} {line}");
            }
            return ExitCode::FAILURE;
        }
    }
    println!("\nwithin these bounds, every state:");
    for (world, row) in chosen.iter().zip(&rows) {
        println!("{row}\n    {}", world.line);
    }
    println!(
        "{total} unique states in {} worlds, {:.0} s on {threads} threads: all {} properties hold",
        chosen.len(),
        began.elapsed().as_secs_f64(),
        properties().count()
    );
    ExitCode::SUCCESS
}
