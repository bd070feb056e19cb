//! Shows the whole road of three shipments, from `helm install` to keys that sign in: a real API server, the operator as the
//! chart starts it, and the sandbox in the part of both vendors. Ends by itself and leaves nothing running.
//!
//! `hack/demo.sh` builds and runs it.

mod chart;
mod cli;
mod cluster;
mod examples;
mod keep;
mod leave;
mod operator;
mod road;
mod rollout;
mod sign_in;
mod stage;
mod summary;
mod told;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;
use testbed::setup::Fault;
use tokio::signal::unix::{SignalKind, signal};

use crate::{cli::Cli, stage::Stage};

/// How a shell names an end by these signals.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("demo: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(&cli));
    // A reader of the terminal may still wait for Enter.
    runtime.shutdown_background();
    let _ = std::fs::remove_file(&cli.pid_file);
    ExitCode::from(code)
}

/// Plays, and ends everything that was started, however the play ends.
async fn run(cli: &Cli) -> u8 {
    let mut stage = match Stage::prepare(cli) {
        Ok(stage) => stage,
        Err(fault) => return told::off(&fault),
    };
    let mut seen_everything = false;
    let code = tokio::select! {
        played = play(&mut stage, cli, &mut seen_everything) => match played {
            Ok(()) => 0,
            Err(fault) => told::off(&fault),
        },
        code = stopped() => code,
    };
    // Not to be interrupted once more.
    tokio::select! {
        () = leave::leave(&mut stage) => {}
        () = deaf() => {}
    }
    if seen_everything { 0 } else { code }
}

async fn play(stage: &mut Stage, cli: &Cli, seen_everything: &mut bool) -> Result<(), Fault> {
    if cli.current {
        cluster::use_current(stage).await?;
    } else {
        cluster::start(stage).await?;
    }
    chart::install(stage).await?;
    examples::apply(stage).await?;
    let mut cast = road::Cast::default();
    match cli.method {
        Some(method) => rollout::begin(stage, method, &mut cast).await?,
        None => examples::declare_shipments(stage).await?,
    }
    road::follow(stage, cli.method.is_some(), &mut cast).await?;
    sign_in::both(stage, &cast).await?;
    match cli.method {
        Some(method) => rollout::summary(stage, method).await?,
        None => summary::of_shipments(stage, &cast).await?,
    }
    if cli.keep {
        keep::explain(stage, cli.method, &cast);
        // Whoever ends it now has seen everything.
        *seen_everything = true;
        keep::until_enter(stage).await?;
    }
    Ok(())
}

/// The exit code of an end by a signal, once one comes.
async fn stopped() -> u8 {
    let Ok(mut terminated) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => INTERRUPTED,
        _ = terminated.recv() => TERMINATED,
    }
}

/// Takes signals and does nothing, for ever.
async fn deaf() {
    loop {
        stopped().await;
    }
}
