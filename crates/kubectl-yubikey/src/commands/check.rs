//! `check`: what preflight found, as a report; of the cluster, or looked for from here.

use std::path::{Path, PathBuf};

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
    vendor,
    view::{Check, ConnectionView, Verdict},
};

/// Of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads what the operator's preflight found; `kubectl yubikey look ykc/NAME` has it looked at anew.\nWith --credentials-dir no cluster is needed: both vendors are asked from here, with your files, and nothing is changed\nthere. The folder holds okta-private-key (or okta-api-token), yubico-api-token and where needed ca.crt.\nEnds with 3 if a check does not hold.\n\nExamples:\n  kubectl yubikey check\n  kubectl yubikey check acme --all\n  kubectl yubikey check --credentials-dir ./credentials -f connection.yaml"
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
    /// Ask both vendors from here, without a cluster, with the credential files of this folder
    #[arg(long, value_name = "DIR", requires = "file")]
    credentials_dir: Option<PathBuf>,
    /// The connections to check: manifests, or the values.yaml of the chart
    #[arg(short, long, value_name = "FILE", requires = "credentials_dir")]
    file: Option<PathBuf>,
}

/// What was found from here, without a cluster.
fn found(connection: &vendor::Declared, found: Vec<vendor::Found>) -> ConnectionView {
    let word = |status: Option<bool>| match status {
        Some(true) => "True",
        Some(false) => "False",
        None => "Unknown",
    };
    let checks = found.into_iter().map(|(name, status, reason, message)| Check {
        name,
        status: word(status).to_owned(),
        reason,
        message,
        since: None,
    });
    ConnectionView::new(connection.name.clone(), connection.spec.okta.org_url.clone(), checks.collect())
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
    let checked = match (&arguments.credentials_dir, &arguments.file) {
        (Some(directory), Some(file)) => from_here(directory, file, arguments.name.as_deref()).await?,
        _ => of_cluster(global, arguments.name.as_deref(), terminal).await?,
    };
    let now = clock::now();
    let text = match arguments.output {
        Some(Output::Wide) => wide(&checked, terminal.paint),
        Some(output) => printing::document(&checked, output)?,
        None => checked.iter().map(|one| tree(one, arguments.all, terminal.paint, now)).collect(),
    };
    terminal.print(&text)?;
    Ok(Exit::found(!checked.iter().all(ConnectionView::is_fine)))
}

async fn of_cluster(global: &Global, name: Option<&str>, terminal: &Terminal) -> Result<Vec<ConnectionView>> {
    let cluster = Cluster::of(global).await?;
    let connections = match name {
        Some(name) => vec![one(&cluster, name).await?],
        None => objects::told(objects::connections(&cluster).await?, terminal),
    };
    if connections.is_empty() {
        return Err(Fault::new(
            "there is no connection in this cluster",
            "docs/connect.md makes one in ten minutes",
        ));
    }
    Ok(connections.iter().map(ConnectionView::of).collect())
}

async fn from_here(directory: &Path, file: &Path, name: Option<&str>) -> Result<Vec<ConnectionView>> {
    let mut declared = vendor::declared(file)?;
    if let Some(name) = name {
        declared.retain(|connection| connection.name == name);
        if declared.is_empty() {
            return Err(Fault::usage(
                format!("{} declares no connection {name}", file.display()),
                "leave the name out to check all of them",
            ));
        }
    }
    let mut checked = Vec::new();
    for connection in &declared {
        let seen = vendor::examine(directory, connection, clock::now()).await?;
        checked.push(found(connection, seen));
    }
    Ok(checked)
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
        let since = check.since.map(|since| paint.faint(&format!("  since {}", ago(since, now))));
        let (reason, message) = (line(&check.reason), line(&check.message));
        root.line(format!("{mark} {name}  {reason}{}: {message}", since.unwrap_or_default()));
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
