//! Fault storms: the operator on a real API server, two replicas of it, vendors that misbehave, processes that are
//! killed, and an auditor that says from what was left behind whether a key was ordered twice, lost, activated too
//! late for its PIN, or a secret leaked.

mod audit;
mod bench;
mod calm;
mod plan;
mod rollout;
mod run;
mod storm;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::plan::Plan;

/// Fault storms against the operator, and their audit.
#[derive(Debug, Parser)]
#[command(name = "yubikey-shipment-soak", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a storm, waits until all have come to rest, and audits what was left behind.
    Run(Plan),
    /// Runs three rollouts, dry and for real, while people come and go and the operator dies, and audits their books.
    Rollout(rollout::Plan),
    /// Measures what a shipment costs, and what many at rest do.
    Bench(bench::Plan),
    /// Recomputes the verdict of a run from its folder alone.
    Audit {
        /// The folder of the run.
        #[arg(long)]
        dir: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(plan) => run::run(&plan).await,
        Command::Rollout(plan) => rollout::run(&plan).await,
        Command::Bench(plan) => bench::run(&plan).await,
        Command::Audit { dir } if rollout::is_of(&dir) => rollout::audit(&dir),
        Command::Audit { dir } => audit::audit(&dir),
    };
    match outcome {
        Ok(verdict) => {
            for finding in &verdict.findings {
                eprintln!("{finding}");
            }
            println!("{}", verdict.line);
            if verdict.is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) => {
            eprintln!("soak: {fault}");
            ExitCode::from(2)
        }
    }
}
