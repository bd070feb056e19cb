//! From the command line to the command.

use clap::CommandFactory as _;

use crate::{
    cli::{Cli, Command},
    commands::{
        approve, audit, check, completion, dashboard, decide, holds, import, look, order, report, resend_pin,
        status, suspend,
    },
    fault::{Exit, Result},
    terminal::Terminal,
};

/// Runs a command to its end.
///
/// # Errors
/// What stopped it.
pub async fn run(cli: &Cli, terminal: &mut Terminal) -> Result<Exit> {
    let global = &cli.global;
    match &cli.command {
        Command::Status(arguments) => status::run(global, arguments, terminal).await,
        Command::Holds(arguments) => holds::run(global, arguments, terminal).await,
        Command::Decide(arguments) => decide::run(global, arguments, terminal).await,
        Command::ResendPin(arguments) => resend_pin::run(global, arguments, terminal).await,
        Command::Approve(arguments) => approve::run(global, arguments, terminal).await,
        Command::Suspend(arguments) => suspend::run(global, arguments, true, terminal).await,
        Command::Resume(arguments) => suspend::run(global, arguments, false, terminal).await,
        Command::Look(arguments) => look::run(global, arguments, terminal).await,
        Command::Order(arguments) => order::run(global, arguments, terminal).await,
        Command::Check(arguments) => check::run(global, arguments, terminal).await,
        Command::Import(arguments) => import::run(global, arguments, terminal).await,
        Command::Audit(arguments) => audit::run(global, arguments, terminal).await,
        Command::Report(arguments) => report::run(global, arguments, terminal).await,
        Command::Dashboard(arguments) => dashboard::run(global, arguments, terminal).await,
        Command::Completion(arguments) => completion::run(*arguments, Cli::command(), terminal),
    }
}
