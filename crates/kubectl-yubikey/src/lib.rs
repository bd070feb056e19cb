//! `kubectl yubikey`: what waits for a person, why, and the answer. A client of the API server like kubectl: it acts in
//! the name of whoever runs it and keeps nothing. It asks a vendor only with credential files that the caller names.
#![cfg_attr(
    test,
    allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing test should stop")
)]

pub mod cli;
pub mod cluster;
pub mod commands;
pub mod complete;
pub mod dispatch;
pub mod objects;
pub mod options;
pub mod printing;
pub mod terminal;
pub mod vendor;

// What is shown, how it is decided, and what stopped it: shared with the page.
pub use ::view::{self, fault};

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use self::{cli::Cli, fault::Exit, terminal::Terminal};

/// Runs the command that the arguments name, until it ends or Ctrl-C. A call to the API server is one request: an end
/// in between leaves nothing half.
#[must_use]
pub async fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let mut terminal = Terminal::of(cli.global.color);
    let ended = tokio::select! {
        ended = dispatch::run(&cli, &mut terminal) => ended,
        signal = tokio::signal::ctrl_c() => signal.map(|()| Exit::Interrupted).map_err(fault::Fault::from),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(fault) => {
            terminal.fault(&fault);
            fault.exit.into()
        }
    }
}
