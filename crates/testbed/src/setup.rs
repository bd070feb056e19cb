//! What every run needs, and how it may fail.

use std::path::PathBuf;

use clap::Args;

/// Anything that ends a run before its verdict.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What every run needs.
#[derive(Debug, Clone, Args)]
pub struct Setup {
    /// Everything random follows from it. In a storm, odd: both replicas act, without a lease.
    #[arg(long)]
    pub seed: u64,
    /// Where everything is kept; what an earlier run left there is removed.
    #[arg(long)]
    pub dir: PathBuf,
    /// Directory with control-plane, kubectl and helm.
    #[arg(long)]
    pub tools: PathBuf,
    /// The operator's program.
    #[arg(long)]
    pub operator: PathBuf,
    /// The sandbox's program.
    #[arg(long)]
    pub sandbox: PathBuf,
    /// The operator's chart: its rights are what the replicas run under.
    #[arg(long)]
    pub chart: PathBuf,
}
