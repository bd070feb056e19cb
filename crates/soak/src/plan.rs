//! One storm, as the command line asks for it.

use clap::Args;
use testbed::setup::Setup;

/// One storm, as the command line asks for it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) setup: Setup,
    /// People who are to get a key.
    #[arg(long)]
    pub(crate) shipments: usize,
    /// Length of the storm; fractions are fine.
    #[arg(long)]
    pub(crate) minutes: f64,
    /// Longest wait for rest after the storm.
    #[arg(long, default_value_t = 8.0)]
    pub(crate) calm_minutes: f64,
}
