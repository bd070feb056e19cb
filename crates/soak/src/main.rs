//! Fault storms: the operator on a real API server, two replicas of it, vendors that misbehave, processes that are
//! killed, and an auditor that says from what was left behind whether a key was ordered twice, lost, activated too
//! late for its PIN, or a secret leaked.

mod audit;
mod bench;
mod calm;
mod clock;
mod cluster;
mod control_plane;
mod diary;
mod folder;
mod people;
mod programs;
mod replicas;
mod rollout;
mod run;
mod set;
mod storm;
mod usage;
mod vendors;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

/// Anything that ends a run before its verdict.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;

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

/// One storm.
#[derive(Debug, Clone, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    setup: Setup,
    /// People who are to get a key.
    #[arg(long)]
    shipments: usize,
    /// Length of the storm; fractions are fine.
    #[arg(long)]
    minutes: f64,
    /// Longest wait for rest after the storm.
    #[arg(long, default_value_t = 8.0)]
    calm_minutes: f64,
}

/// What every run needs.
#[derive(Debug, Clone, Args)]
pub(crate) struct Setup {
    /// Everything random follows from it. In a storm, odd: both replicas act, without a lease.
    #[arg(long)]
    seed: u64,
    /// Where everything is kept; what an earlier run left there is removed.
    #[arg(long)]
    dir: PathBuf,
    /// Directory with control-plane, kubectl and helm.
    #[arg(long)]
    tools: PathBuf,
    /// The operator's program.
    #[arg(long)]
    operator: PathBuf,
    /// The sandbox's program.
    #[arg(long)]
    sandbox: PathBuf,
    /// The operator's chart: its rights are what the replicas run under.
    #[arg(long)]
    chart: PathBuf,
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
