//! Arguments: the little that cannot stand in a resource.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Orders, follows and activates pre-registered `YubiKeys` that are declared as Kubernetes resources.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the operator. The cluster is that of KUBECONFIG, else the one this Pod runs in.
    Run(Run),
    /// Print the custom resource definitions, or write them into a directory.
    Crds {
        /// Directory to write one file a kind into.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Directory with one directory a `YubiKeyConnection`: okta-private-key or okta-api-token, yubico-api-token,
    /// and ca.crt if the servers need it.
    #[arg(long, env = "YKS_CREDENTIALS_DIR", value_name = "DIR")]
    pub credentials_dir: PathBuf,

    /// Where /healthz, /readyz and /metrics are served.
    #[arg(long, env = "YKS_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Form of the log lines.
    #[arg(long, env = "YKS_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}
