//! `audit`: contradictions after a restore or a move, as far as the cluster shows them.

mod findings;

use api::{rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use clap::Args;

use crate::{
    cluster::Cluster,
    fault::{Exit, Result},
    objects,
    options::{Global, Output},
    printing::{self, Node, Table, Tone, line},
    terminal::Terminal,
};

/// Of `audit`.
#[derive(Debug, Args)]
#[command(
    after_help = "Compares the status of everything with everything else in this cluster; it asks neither vendor. Run it for all\nnamespaces (-A), with connections visible. `kubectl yubikey look` has the operator compare one shipment with the vendors.\nEnds with 3 if something contradicts.\n\nExample:\n  kubectl yubikey audit -A"
)]
pub struct Arguments {
    /// json, yaml, or a table
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Output>,
}

/// Runs it.
///
/// # Errors
/// If objects cannot be listed.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    let cluster = Cluster::of(global).await?;
    if cluster.scope.is_some() {
        terminal.warn(&format!("only {} is looked at: two shipments in different namespaces may contradict each other; -A looks at all", cluster.place()));
    }
    let shipments = objects::list::<YubiKeyShipment>(&cluster, "shipments").await?;
    let rollouts = objects::list::<YubiKeyRollout>(&cluster, "rollouts").await?;
    let connections = match objects::connections(&cluster).await {
        Ok(listed) => Some(listed.objects),
        Err(fault) if fault.exit == Exit::Denied => {
            terminal.warn(&format!("connections are not compared: {}", fault.what));
            None
        }
        Err(fault) => return Err(fault),
    };
    let undecodable = [&shipments.undecodable[..], &rollouts.undecodable[..]].concat();
    let found = findings::all(&shipments.objects, &rollouts.objects, connections.as_deref(), &undecodable);
    let text = match arguments.output {
        Some(Output::Wide) => {
            let mut table = Table::new(&["OBJECT", "FINDING", "WHAT", "NEXT"]);
            for one in &found {
                let plain = |text: &str| (text.to_owned(), Tone::Plain);
                table.toned(vec![
                    plain(&one.object),
                    (one.word.to_owned(), Tone::Bad),
                    plain(&one.what),
                    plain(&one.next),
                ]);
            }
            table.text(terminal.paint)
        }
        Some(output) => printing::document(&found, output)?,
        None => found.iter().map(|one| node(one, terminal).text()).collect(),
    };
    terminal.print(&text)?;
    terminal.tell(&format!(
        "{} shipments and {} rollouts compared, {} contradictions.",
        shipments.objects.len(),
        rollouts.objects.len(),
        found.len()
    ));
    Ok(Exit::found(!found.is_empty()))
}

fn node(found: &findings::Finding, terminal: &Terminal) -> Node {
    let paint = terminal.paint;
    let mut node = Node::new(format!("{}  {}", paint.strong(&line(&found.object)), paint.bad(found.word)));
    node.line(line(&found.what));
    node.line(format!("{} {}", paint.strong("next:"), line(&found.next)));
    node
}
