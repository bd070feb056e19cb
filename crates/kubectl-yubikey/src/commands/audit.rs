//! `audit`: contradictions after a restore or a move: within the cluster, and between it and both vendors.

mod asking;
mod beside;
mod findings;

use api::{rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use clap::Args;

use self::{asking::VendorOptions, findings::Finding};
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
    after_help = "Compares the status of everything with everything else in this cluster and, with --credentials-dir, with what Okta and\nYubiEnterprise show. It changes nothing anywhere. Run it for all namespaces (-A), with connections visible: what no shipment\nof one namespace has may belong to another. The folder holds okta-private-key (or okta-api-token) and yubico-api-token.\nEnds with 3 if something contradicts or could not be compared.\n\nExamples:\n  kubectl yubikey audit -A\n  kubectl yubikey audit -A --credentials-dir ./credentials\n  kubectl yubikey audit -A --credentials-dir ./credentials -f connection.yaml -o json"
)]
pub struct Arguments {
    /// json, yaml, or a table
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Output>,
    #[command(flatten)]
    vendors: VendorOptions,
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
        Err(fault) if fault.exit == Exit::Denied && arguments.vendors.names_connections() => None,
        Err(fault) if fault.exit == Exit::Denied => {
            terminal.warn(&format!("connections are not compared: {}", fault.what));
            None
        }
        Err(fault) => return Err(fault),
    };
    let undecodable = [&shipments.undecodable[..], &rollouts.undecodable[..]].concat();
    let of_vendors =
        arguments.vendors.findings(&cluster, &shipments.objects, connections.as_deref(), terminal).await?;
    let of_cluster =
        findings::all(&shipments.objects, &rollouts.objects, connections.as_deref(), &undecodable);
    let found = findings::together(of_cluster, of_vendors);
    let text = match arguments.output {
        Some(Output::Wide) => table(&found, terminal),
        Some(output) => printing::document(&found, output)?,
        None => found.iter().map(|one| node(one, terminal).text()).collect(),
    };
    terminal.print(&text)?;
    terminal.tell(&format!(
        "{} shipments and {} rollouts compared{}, {} contradictions.",
        shipments.objects.len(),
        rollouts.objects.len(),
        if arguments.vendors.is_wished() {
            " with each other and with both vendors"
        } else {
            " with each other"
        },
        found.len()
    ));
    Ok(Exit::found(!found.is_empty()))
}

fn table(found: &[Finding], terminal: &Terminal) -> String {
    let mut table = Table::new(&["OBJECT", "USER", "FINDING", "WHAT", "NEXT"]);
    for one in found {
        let plain = |text: &str| (text.to_owned(), Tone::Plain);
        table.toned(vec![
            plain(&one.object),
            plain(&one.user),
            (one.word.to_owned(), Tone::Bad),
            plain(&one.what),
            plain(&one.next),
        ]);
    }
    table.text(terminal.paint)
}

fn node(found: &Finding, terminal: &Terminal) -> Node {
    let paint = terminal.paint;
    let user = if found.user.is_empty() { String::new() } else { format!("  {}", line(&found.user)) };
    let mut node =
        Node::new(format!("{}{user}  {}", paint.strong(&line(&found.object)), paint.bad(found.word)));
    node.line(line(&found.what));
    let mut next = Node::new(format!("{} {}", paint.strong("next:"), line(&found.next)));
    for command in &found.commands {
        next.line(line(command));
    }
    node.push(next);
    node
}
