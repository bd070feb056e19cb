//! How it is called; `hack/demo.sh` does it.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// The whole road of three shipments on this machine, to keys that sign in.
#[derive(Debug, Parser)]
#[command(name = "yubikey-shipment-demo", version)]
pub(crate) struct Cli {
    /// The project's directory: chart and examples are read there.
    #[arg(long)]
    pub(crate) root: PathBuf,
    /// Directory of the built operator and sandbox.
    #[arg(long)]
    pub(crate) programs: PathBuf,
    /// Directory with control-plane, kubectl and helm.
    #[arg(long)]
    pub(crate) tools: PathBuf,
    /// Removed at the end, whatever it is.
    #[arg(long)]
    pub(crate) pid_file: PathBuf,
    /// Two people and a third by a rollout, in place of three shipments one by one.
    #[arg(long)]
    pub(crate) method: Option<Method>,
    /// Everything stays up until Enter, Ctrl-C or SIGTERM.
    #[arg(long)]
    pub(crate) keep: bool,
    /// In the cluster of the current context, in place of an API server of its own.
    #[arg(long)]
    pub(crate) current: bool,
}

/// One of the guide's three ways to order for many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// Members of an Okta group.
    Group,
    /// A list of people.
    Batch,
    /// What an IT admin clicks in the Admin Console.
    Console,
}

impl Method {
    /// Its name: of the example, of the rollout in it, and in `METHOD`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Batch => "batch",
            Self::Console => "console",
        }
    }
}
