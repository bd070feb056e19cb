//! Options that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    fault::{Fault, Result},
    terminal::Colour,
};

/// Where, and as whom: as kubectl takes them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cluster")]
pub struct Global {
    /// The namespace; left out: the context's
    #[arg(short, long, global = true, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// The context of the kubeconfig; left out: the current one
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig; left out: KUBECONFIG, else ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The user to impersonate; needs the right to
    #[arg(long = "as", global = true, value_name = "USER")]
    pub impersonate: Option<String>,
    /// A group to impersonate; may be given several times
    #[arg(long = "as-group", global = true, value_name = "GROUP", requires = "impersonate")]
    pub impersonate_groups: Vec<String>,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Colour,
}

impl Global {
    /// A name means one namespace.
    ///
    /// # Errors
    /// With `-A`.
    pub fn one_namespace(&self) -> Result<()> {
        if self.all_namespaces {
            return Err(Fault::usage(
                "a name belongs to one namespace",
                "give the namespace with -n instead of -A",
            ));
        }
        Ok(())
    }
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
    /// A table with every column
    #[value(alias = "table")]
    Wide,
}

/// How a table is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TableOutput {
    /// For reading
    #[default]
    Table,
    /// For a spreadsheet
    Csv,
    /// For a program
    Json,
}
