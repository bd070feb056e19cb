//! The arguments.

use clap::{Parser, Subcommand};

use crate::{commands, options::Global};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-yubikey",
    bin_name = "kubectl yubikey",
    version,
    about = "Follows pre-registered YubiKeys and answers what waits for a person",
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Everything is done in your own name, with your own rights in the cluster (docs/rights.md).\n\
                  Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 something waits or faults were found,\n\
                  4 not allowed, 130 ended by Ctrl-C. More: docs/kubectl-plugin.md"
)]
pub struct Cli {
    /// Where, and as whom.
    #[command(flatten)]
    pub global: Global,
    /// What.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows where each key is, what it waits for, and what comes next
    Status(commands::status::Arguments),
    /// Lists what waits for a person, oldest first, with the question in plain words
    Holds(commands::holds::Arguments),
    /// Answers a hold: shows the question and where each choice leads, asks, and decides in your name
    Decide(commands::decide::Arguments),
    /// Has Okta mail the PIN once more
    ResendPin(commands::resend_pin::Arguments),
    /// Approves the activation, the PIN mail, or the next wave of a rollout
    Approve(commands::approve::Arguments),
    /// Stops every effect at the vendors; parcels are followed on
    Suspend(commands::suspend::Arguments),
    /// Ends a suspension
    Resume(commands::suspend::Arguments),
    /// Has the operator look at both vendors now
    Look(commands::look::Arguments),
    /// Orders a key for one person, or prints the manifest for Git
    Order(commands::order::Arguments),
    /// Shows what the connections' checks found
    Check(commands::check::Arguments),
    /// Reads a list of people, reports every fault by row, and writes the manifests
    Import(commands::import::Arguments),
    /// Looks for contradictions after a restore or a move, and names the answers
    Audit(commands::audit::Arguments),
    /// Counts orders, activations, holds and lost parcels by connection, namespace and month
    Report(commands::report::Arguments),
    /// Shows all of it as a page on loopback, with your own rights
    Dashboard(commands::dashboard::Arguments),
    /// Prints the completion script of a shell
    Completion(commands::completion::Arguments),
}
