//! Arguments: the little that cannot stand in a resource.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::kubernetes::watches::Scope;

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
    /// Ask an endpoint of a running operator; the exit code says whether it answers well.
    Probe {
        /// Where, as in <http://127.0.0.1:8080/readyz>; plain http, 5 seconds.
        url: Url,
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

    /// With several replicas: the Lease that says which of them acts, as NAMESPACE/NAME. Left out: this process
    /// always acts.
    #[arg(long, env = "YKS_LEASE", value_name = "NAMESPACE/NAME", value_parser = lease)]
    pub lease: Option<LeaseName>,

    /// How long a leader that is not heard of any more keeps the lease, in whole seconds.
    #[arg(long, env = "YKS_LEASE_SECONDS", value_name = "SECONDS", default_value = "15", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub lease_seconds: u64,

    /// Name of this process in the lease; unique among the replicas. Left out: the host's name and a random end.
    #[arg(long, env = "YKS_IDENTITY", value_name = "NAME")]
    pub identity: Option<String>,

    /// Namespaces whose shipments are followed, separated by commas. Left out or empty: all.
    #[arg(long, env = "YKS_NAMESPACES", value_name = "NAMES", value_delimiter = ',')]
    pub namespaces: Vec<String>,

    /// PEM bundle of certificates that every connection trusts, beside the system's and its own ca.crt. Read again when
    /// it changes.
    #[arg(long, env = "YKS_EXTRA_CA", value_name = "FILE")]
    pub extra_ca: Option<PathBuf>,

    /// Form of the log lines.
    #[arg(long, env = "YKS_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// File with the log level, one line in the form of `RUST_LOG`. It is read again when it changes, and its word
    /// goes before `RUST_LOG`.
    #[arg(long, env = "YKS_LOG_LEVEL_FILE", value_name = "FILE")]
    pub log_level_file: Option<PathBuf>,
}

impl Run {
    /// The namespaces to follow, each once; blanks and empty names are slips of whoever joined them.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let names: BTreeSet<_> =
            self.namespaces.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
        if names.is_empty() {
            return Scope::Cluster;
        }
        Scope::Namespaces(names.into_iter().map(str::to_owned).collect())
    }
}

/// Where the lease is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseName {
    /// Namespace of the Lease.
    pub namespace: String,
    /// `metadata.name` of the Lease.
    pub name: String,
}

fn lease(text: &str) -> Result<LeaseName, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(LeaseName { namespace: namespace.to_owned(), name: name.to_owned() })
        }
        _ => Err("give the namespace and the name of the Lease, as in yubikeys/operator".to_owned()),
    }
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}
