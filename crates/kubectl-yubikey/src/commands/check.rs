//! `check`: what preflight found, as a report.

use api::connection::YubiKeyConnection;
use clap::Args;
use jiff::Timestamp;
use kube::Api;
use system::clock;

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects::{self, Kind},
    options::{Global, Output},
    printing::{self, Node, Paint, Table, Tone, ago, line},
    terminal::Terminal,
    view::{Check, ConnectionView, Verdict},
};

/// Of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads what the operator's preflight found; `kubectl yubikey look ykc/NAME` has it looked at anew.\nEnds with 3 if a check does not hold.\n\nExamples:\n  kubectl yubikey check\n  kubectl yubikey check acme --all"
)]
pub struct Arguments {
    /// The connection; left out: all of them
    #[arg(value_name = "CONNECTION")]
    name: Option<String>,
    /// Also the checks that hold
    #[arg(long)]
    all: bool,
    /// json, yaml, or a table
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Output>,
}

fn tone(check: &Check) -> Tone {
    match check.verdict() {
        Verdict::Fine => Tone::Good,
        Verdict::Unknown => Tone::Plain,
        Verdict::Warning => Tone::Warn,
        Verdict::Wrong => Tone::Bad,
    }
}

/// Runs it.
///
/// # Errors
/// If connections cannot be read.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    let cluster = Cluster::of(global).await?;
    let connections = match &arguments.name {
        Some(name) => vec![one(&cluster, name).await?],
        None => objects::told(objects::connections(&cluster).await?, terminal),
    };
    if connections.is_empty() {
        return Err(Fault::new(
            "there is no connection in this cluster",
            "docs/connect.md makes one in ten minutes",
        ));
    }
    let checked: Vec<_> = connections.iter().map(ConnectionView::of).collect();
    let now = clock::now();
    let text = match arguments.output {
        Some(Output::Wide) => wide(&checked, terminal.paint),
        Some(output) => printing::document(&checked, output)?,
        None => checked.iter().map(|one| tree(one, arguments.all, terminal.paint, now)).collect(),
    };
    terminal.print(&text)?;
    Ok(Exit::found(!checked.iter().all(ConnectionView::is_fine)))
}

async fn one(cluster: &Cluster, name: &str) -> Result<YubiKeyConnection> {
    let (kind, name) = objects::named(name)?;
    if kind.is_some_and(|kind| kind != Kind::Connection) {
        return Err(Fault::usage("check looks at connections", "name a connection, or none"));
    }
    let found = Api::<YubiKeyConnection>::all(cluster.client.clone()).get(name).await;
    found.map_err(|error| Fault::of_api(&format!("read connection {name}"), &error))
}

fn tree(checked: &ConnectionView, all: bool, paint: Paint, now: Timestamp) -> String {
    let ready = if checked.ready == "True" { paint.good("ready") } else { paint.bad("not ready") };
    let mut root =
        Node::new(format!("{}  {}  {ready}", paint.strong(&line(&checked.connection)), line(&checked.okta)));
    if checked.ready != "True" {
        root.line(format!("{} {}", paint.bad(&line(&checked.reason)), line(&checked.message)));
    }
    let mut fine = 0;
    for check in &checked.checks {
        let (mark, name) = match tone(check) {
            Tone::Good if !all => {
                fine += 1;
                continue;
            }
            Tone::Good => (paint.good("✓"), line(&check.name)),
            Tone::Bad => (paint.bad("✗"), paint.bad(&line(&check.name))),
            Tone::Warn => (paint.warn("!"), paint.warn(&line(&check.name))),
            Tone::Plain => ("?".to_owned(), line(&check.name)),
        };
        let since = paint.faint(&format!("since {}", ago(check.since, now)));
        root.line(format!("{mark} {name}  {}  {since}: {}", line(&check.reason), line(&check.message)));
    }
    if fine > 0 {
        root.line(paint.good(&format!("✓ {fine} checks hold (--all shows them)")));
    }
    root.text()
}

fn wide(all: &[ConnectionView], paint: Paint) -> String {
    let mut table = Table::new(&["CONNECTION", "CHECK", "STATUS", "REASON", "MESSAGE"]);
    for checked in all {
        for check in &checked.checks {
            let plain = |text: &str| (text.to_owned(), Tone::Plain);
            let status = (check.status.clone(), tone(check));
            table.toned(vec![
                plain(&checked.connection),
                plain(&check.name),
                status,
                plain(&check.reason),
                plain(&check.message),
            ]);
        }
    }
    table.text(paint)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(conditions: &[(&str, &str, &str)]) -> ConnectionView {
        let conditions: Vec<_> = conditions
            .iter()
            .map(|(kind, status, reason)| {
                json!({"type": kind, "status": status, "reason": reason, "message": format!("About {kind}."), "lastTransitionTime": "2027-01-31T11:00:00Z"})
            })
            .collect();
        let connection = json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyConnection", "metadata": {"name": "acme"},
            "spec": {
                "okta": {"orgUrl": "https://acme.okta.com", "auth": {"apiToken": {}}}, "yubico": {},
                "allowedNamespaces": {"from": "All"},
            },
            "status": {"observedGeneration": 1, "conditions": conditions},
        });
        ConnectionView::of(&serde_json::from_value(connection).unwrap())
    }

    #[test]
    fn what_does_not_hold_comes_with_its_remedy_and_the_rest_is_counted() {
        let found = checked(&[
            ("Ready", "False", "RoleMissing"),
            ("OktaReachable", "True", "Succeeded"),
            ("OktaRole", "False", "RoleMissing"),
            ("StockSufficient", "Unknown", "NotShown"),
            ("CredentialsExpiring", "True", "TokenExpiresWithin7Days"),
        ]);
        assert!(!found.is_fine());
        insta::assert_snapshot!(tree(
            &found,
            false,
            Paint::new(false),
            "2027-01-31T12:00:00Z".parse().unwrap()
        ));
    }

    #[test]
    fn a_token_that_does_not_expire_is_no_fault_and_an_unseen_connection_is_not_fine() {
        assert!(
            checked(&[("Ready", "True", "Succeeded"), ("CredentialsExpiring", "False", "TokenValid")])
                .is_fine()
        );
        assert!(
            !checked(&[("Ready", "True", "Succeeded"), ("CredentialsExpiring", "True", "TokenExpired")])
                .is_fine()
        );
        assert!(!checked(&[]).is_fine());
    }
}
