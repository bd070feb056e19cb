//! Operations on the four kinds, generated from their schemas and played against the operator on a real API server and both
//! vendors, and what must hold whatever was done: docs/operations-testing.md.

mod activity;
mod bed;
mod generate;
mod known;
mod merge;
mod oracle;
mod outcome;
mod play;
mod report;
mod rest;
mod run;
mod schema;
mod shrink;
mod step;
mod witness;
mod world;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use testbed::{
    folder::Folder,
    leaks,
    programs::unless_stopped,
    setup::{Fault, Setup},
};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    bed::Bed,
    report::{Failure, Verdict},
    run::Played,
    step::Step,
};

/// Generated operations against the operator, and their verdict.
#[derive(Debug, Parser)]
#[command(name = "yubikey-shipment-operations", version)]
struct Cli {
    #[command(flatten)]
    setup: Setup,
    /// Steps over all worlds.
    #[arg(long, default_value_t = 1000)]
    steps: usize,
    /// Worlds side by side.
    #[arg(long, default_value_t = 12)]
    worlds: usize,
    /// Rests of each world.
    #[arg(long, default_value_t = 3)]
    bursts: usize,
    /// Failing sequences are kept as they are.
    #[arg(long)]
    no_shrink: bool,
    /// Plays the sequence of this file in place of generated ones.
    #[arg(long)]
    replay: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run_all(&Cli::parse())).await {
        Ok(verdict) => {
            for finding in &verdict.findings {
                eprintln!("{finding}");
            }
            println!("{}", verdict.line);
            if verdict.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) => {
            eprintln!("operations: {fault}");
            ExitCode::from(2)
        }
    }
}

async fn run_all(cli: &Cli) -> Result<Verdict, Fault> {
    let line =
        format!("{} generated steps in {} worlds with seed {}.", cli.steps, cli.worlds, cli.setup.seed);
    let replayed = cli.replay.as_deref().map(report::read).transpose()?;
    let folder = Folder::fresh(&cli.setup.dir, &line)?;
    eprintln!("{line} Everything is kept in {}", folder.path("").display());
    let verdict = Mutex::new(None);
    unless_stopped(Box::pin(async {
        *verdict.lock().await = Some(Box::pin(judge(cli, &folder, replayed)).await?);
        Ok(())
    }))
    .await?;
    verdict.into_inner().ok_or_else(|| "the run came to no verdict".into())
}

async fn judge(cli: &Cli, folder: &Folder, replayed: Option<Vec<Step>>) -> Result<Verdict, Fault> {
    let bed = Bed::build(&cli.setup, folder).await?;
    let prefix = format!("seed{}", cli.setup.seed);
    let sequences = replayed.map_or_else(|| sequences(cli, &bed), |steps| vec![steps]);
    let begun = Instant::now();
    let (played, compared) = Box::pin(run::play(&bed, &prefix, &sequences)).await?;
    let took = begun.elapsed();
    bed.collect().await?;
    // Before the sequences lie there: they tell addresses.
    let leaks = leaks::find(folder)?;
    let mut failures = failures(cli, sequences, &played);
    // Whoever has no time to wait for the short ones has the long ones.
    for failure in &failures {
        folder.save(&failure.file(), failure)?;
    }
    if !cli.no_shrink && cli.replay.is_none() {
        for failure in &mut failures {
            shorten(&bed, failure).await?;
            folder.save(&failure.file(), failure)?;
        }
    }
    let verdict =
        report::verdict(cli.setup.seed, &played, compared, took, &bed.diary.pages(), leaks, &failures)?;
    bed.end().await?;
    Ok(verdict)
}

/// What the seed and the schemas give for each world.
fn sequences(cli: &Cli, bed: &Bed) -> Vec<Vec<Step>> {
    let worlds = cli.worlds.max(1);
    let length = |world: usize| cli.steps * (world + 1) / worlds - cli.steps * world / worlds;
    let one =
        |world| generate::sequence(cli.setup.seed, world, length(world), cli.bursts.max(1), &bed.schemas);
    (0..worlds).map(one).collect()
}

/// The sequences that broke a rule.
fn failures(cli: &Cli, sequences: Vec<Vec<Step>>, played: &[Played]) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (world, (steps, played)) in sequences.into_iter().zip(played).enumerate() {
        if let Some(first) = played.violations.first() {
            eprintln!("world {world}: {}: {}", first.oracle, first.what);
            let violations = played.violations.clone();
            failures.push(Failure { seed: cli.setup.seed, world, shrunk: false, violations, steps });
        }
    }
    failures
}

/// Makes the sequence as short as it can be.
async fn shorten(bed: &Bed, failure: &mut Failure) -> Result<(), Fault> {
    let Some(first) = failure.violations.first() else { return Ok(()) };
    let prefix = format!("seed{}-w{:02}", failure.seed, failure.world);
    if let Some(shorter) = Box::pin(shrink::shrink(bed, &prefix, &failure.steps, &first.oracle)).await? {
        failure.steps = shorter;
        failure.shrunk = true;
    }
    Ok(())
}
