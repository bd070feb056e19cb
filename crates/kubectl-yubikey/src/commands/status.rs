//! `status`: where each key is, what it waits for, and what comes next.

mod overview;
mod render;
mod watch;

use clap::Args;
use system::clock;

use crate::{
    cluster::Cluster,
    fault::{Exit, Result},
    options::{Global, Output},
    printing,
    terminal::Terminal,
    vendor::{self, PersonOptions},
};

/// Of `status`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kubectl yubikey status -A              everything, by namespace\n  kubectl yubikey status ann-lee         one key, with every step\n  kubectl yubikey status ykr/staff       a rollout and its shipments\n  kubectl yubikey status -n hr --watch   again at each change\n\nNames are not in the cluster: --person asks Okta, with the credential files that you name."
)]
pub struct Arguments {
    /// A shipment or a rollout: NAME, yks/NAME or ykr/NAME; left out: all
    #[arg(value_name = "NAME", conflicts_with = "all_namespaces")]
    name: Option<String>,
    /// json, yaml, or a table with every column
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Output>,
    /// Show it again at each change, until Ctrl-C
    #[arg(short, long, conflicts_with_all = ["output", "person"])]
    watch: bool,
    #[command(flatten)]
    person: PersonOptions,
}

/// Runs it.
///
/// # Errors
/// If nothing can be read.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit> {
    let cluster = Cluster::of(global).await?;
    if arguments.watch {
        return watch::run(&cluster, arguments.name.as_deref(), terminal).await;
    }
    let mut overview = overview::read(&cluster, arguments.name.as_deref(), terminal).await?;
    let objects = overview.shipments.iter().map(|view| (view.namespace.clone(), view.name.clone())).collect();
    let names = vendor::names(&cluster, &arguments.person, &objects).await?;
    for view in &mut overview.shipments {
        if let Some(name) = names.get(&(view.namespace.clone(), view.name.clone())) {
            view.user = format!("{name} ({})", view.user);
        }
    }
    let text = match arguments.output {
        Some(Output::Wide) => render::wide(&overview, terminal.paint, clock::now()),
        Some(output) => printing::document(&overview, output)?,
        None => render::shown(&cluster, &overview, terminal),
    };
    terminal.print(&text)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests;
