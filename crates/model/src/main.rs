//! Explores every world, or those named, and says what was explored. Ends with 1 and a trace if a property fails.
//!
//!   model             every world
//!   model --fast      every world with small bounds
//!   model a1 c1       these worlds

use std::{process::ExitCode, thread, time::Instant};

use model::{bounds::Bounds, check, worlds};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let fast = args.iter().any(|arg| arg == "--fast");
    let named: Vec<_> = args.iter().filter(|arg| *arg != "--fast").collect();
    let all = if fast { worlds::smoke() } else { worlds::all() };
    let chosen: Vec<_> =
        all.into_iter().filter(|w| named.is_empty() || named.iter().any(|n| *n == w.name)).collect();
    if chosen.is_empty() {
        println!("no such world");
        return ExitCode::FAILURE;
    }
    run(&chosen)
}

fn run(chosen: &[Bounds]) -> ExitCode {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    println!("properties:");
    for (name, _) in check::PROPERTIES {
        println!("  {name}");
    }
    println!("worlds:");
    for bounds in chosen {
        println!("  {} {}\n     {}", bounds.name, bounds.about, bounds.line());
    }
    let began = Instant::now();
    let mut rows = Vec::new();
    let mut total = 0;
    for bounds in chosen {
        let explored = check::explore(bounds, threads);
        total += explored.states;
        let row = format!(
            "{:<3} {:>9} unique states, depth {:>3}, {:>6.1} s  {}",
            bounds.name, explored.states, explored.depth, explored.seconds, bounds.about
        );
        println!("{row}");
        rows.push(row);
        if let Some((property, trace)) = explored.broken {
            println!("\nFAILED in world {}: {property}", bounds.name);
            for (n, line) in trace.iter().enumerate() {
                println!("{n:>3} {line}");
            }
            return ExitCode::FAILURE;
        }
    }
    println!("\nwithin these bounds, every state:");
    for (bounds, row) in chosen.iter().zip(&rows) {
        println!("{row}\n    {}", bounds.line());
    }
    println!(
        "{total} unique states in {} worlds, {:.0} s on {threads} threads: all {} properties hold",
        chosen.len(),
        began.elapsed().as_secs_f64(),
        check::PROPERTIES.len()
    );
    ExitCode::SUCCESS
}
