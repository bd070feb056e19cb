//! The commands, one a file.

pub mod approve;
pub mod audit;
pub mod check;
pub mod completion;
pub mod decide;
pub mod decision;
pub mod holds;
pub mod import;
pub mod look;
pub mod order;
pub mod report;
pub mod resend_pin;
pub mod status;
pub mod suspend;

use serde::Serialize;

use crate::{
    cli::{Cli, Command, Output},
    fault::{Exit, Fault, Result},
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
        Command::Completion(arguments) => completion::run(*arguments, terminal),
    }
}

/// A document for programs.
///
/// # Errors
/// If it cannot be written.
pub fn document(value: &impl Serialize, output: Output) -> Result<String> {
    let unwritable = |error: &dyn std::fmt::Display| {
        Fault::new(
            format!("the result cannot be written: {error}"),
            "leave out -o, and report this as a fault",
        )
    };
    match output {
        Output::Yaml => serde_saphyr::to_string(value).map_err(|error| unwritable(&error)),
        Output::Json | Output::Wide => {
            serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| unwritable(&error))
        }
    }
}
