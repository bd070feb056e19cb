//! `order`: a shipment for one person, created or printed for Git.

mod checks;
mod managed;

use api::shipment::YubiKeyShipment;
use clap::{Args, ValueEnum};
use domain::ids::{Login, UserId};
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    options::{Global, Output},
    printing,
    terminal::Terminal,
};

/// Longest name that is made from a login.
const LONGEST_NAME: usize = 50;

/// Of `order`.
#[derive(Debug, Args)]
#[command(
    after_help = "The person is looked for among the shipments first, and the connection is asked whether it admits the order; Okta\nand YubiEnterprise are asked by the operator. Where Flux or Argo CD manages the namespace the manifest is printed and\nnothing is created: commit it.\n\nExamples:\n  kubectl yubikey order ann.lee@example.com --model yubikey-5c-nfc -n hr\n  kubectl yubikey order ann.lee@example.com --model yubikey-5c-nfc -n hr --dry-run=client > ann-lee.yaml"
)]
pub struct Arguments {
    /// Okta login of the person
    #[arg(value_name = "LOGIN", required_unless_present = "id")]
    login: Option<String>,
    /// Okta user id instead of the login: the advice for manifests that live long
    #[arg(long, value_name = "ID", conflicts_with = "login")]
    id: Option<String>,
    /// The key model, as the connection names it
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// The connection to order with
    #[arg(long, value_name = "NAME", default_value = api::DEFAULT_CONNECTION)]
    connection: String,
    /// Name of the shipment; left out: made from the login
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Faster, at a price
    #[arg(long)]
    expedited: bool,
    /// Declare it although the person has a shipment already
    #[arg(long)]
    another: bool,
    /// none: create; client: only print; server: let the API server check it; left out: what fits the namespace
    #[arg(long, value_enum, value_name = "HOW")]
    dry_run: Option<DryRun>,
    /// How the manifest is printed
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Output>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Whether anything is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DryRun {
    None,
    Client,
    Server,
}

/// Runs it.
///
/// # Errors
/// If the order does not fit, or is refused.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    global.one_namespace()?;
    person(arguments)?;
    let cluster = Cluster::of(global).await?;
    let manifest = manifest(arguments, &cluster.namespace)?;
    let wish = checks::Wish {
        who: who(arguments),
        model: &arguments.model,
        connection: &arguments.connection,
        another: arguments.another,
    };
    checks::person(&cluster, wish, terminal).await?;
    checks::connection(&cluster, wish, terminal).await?;
    let how = match arguments.dry_run {
        Some(how) => how,
        None => match managed::by(&cluster).await {
            Some(by) => {
                terminal.tell(&format!(
                    "Namespace {} is managed by {by}: this is the manifest for Git, nothing was created (--dry-run=none creates it).",
                    cluster.namespace
                ));
                DryRun::Client
            }
            None => DryRun::None,
        },
    };
    if how == DryRun::Client {
        terminal.print(&printing::document(&manifest, arguments.output.unwrap_or(Output::Yaml))?)?;
        return Ok(Exit::Done);
    }
    let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
    if how == DryRun::None && !arguments.yes {
        terminal.confirm(
            &format!("Order {} for {} in namespace {}?", arguments.model, who(arguments), cluster.namespace),
            "yes",
        )?;
    }
    let shipment: YubiKeyShipment = serde_json::from_value(manifest.clone()).map_err(|error| {
        Fault::usage(format!("the shipment cannot be made: {error}"), "correct the arguments")
    })?;
    let params = PostParams { dry_run: how == DryRun::Server, field_manager: None };
    let made = cluster.of_namespace::<YubiKeyShipment>(&cluster.namespace).create(&params, &shipment).await;
    made.map_err(|error| taken(name, &error))?;
    match arguments.output {
        Some(output) => terminal.print(&printing::document(&manifest, output)?)?,
        None => terminal.print(&format!(
            "yubikeyshipment/{name} {}\n",
            if how == DryRun::Server { "would be created (the API server took it)" } else { "created" }
        ))?,
    }
    if how == DryRun::None {
        terminal.tell(&format!("Follow it: kubectl yubikey status {name} -n {} --watch", cluster.namespace));
    }
    Ok(Exit::Done)
}

fn taken(name: &str, error: &kube::Error) -> Fault {
    let fault = Fault::of_api(&format!("create shipment {name}"), error);
    match error {
        kube::Error::Api(status) if status.is_already_exists() => Fault {
            next: format!("see `kubectl yubikey status {name}`, or choose another with --name"),
            ..fault
        },
        _ => fault,
    }
}

/// Are login and id what Okta could know? A value is not repeated: it may be anything.
fn person(arguments: &Arguments) -> Result<()> {
    if let Some(login) = &arguments.login {
        Login::new(login).map_err(|fault| {
            Fault::usage(format!("LOGIN cannot be used: {fault}"), "give the person's Okta login")
        })?;
    }
    if let Some(id) = &arguments.id {
        UserId::new(id).map_err(|fault| {
            Fault::usage(format!("--id cannot be used: {fault}"), "give the Okta user id (00u…)")
        })?;
    }
    Ok(())
}

fn who(arguments: &Arguments) -> &str {
    arguments.login.as_deref().or(arguments.id.as_deref()).unwrap_or_default()
}

fn manifest(arguments: &Arguments, namespace: &str) -> Result<Value> {
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => name_of(who(arguments)),
    };
    if name.is_empty() {
        return Err(Fault::usage("no name can be made from this login", "give one with --name"));
    }
    let user = match (&arguments.login, &arguments.id) {
        (Some(login), _) => json!({"login": login}),
        (None, id) => json!({"id": id}),
    };
    let mut spec = json!({"connectionRef": {"name": arguments.connection}, "userRef": user, "key": {"model": arguments.model}});
    if arguments.expedited {
        spec["delivery"] = json!("Expedited");
    }
    Ok(json!({
        "apiVersion": format!("{}/{}", api::GROUP, api::VERSION), "kind": "YubiKeyShipment",
        "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    }))
}

/// A name that Kubernetes takes: the login's part before the `@`.
fn name_of(login: &str) -> String {
    let part = login.split('@').next().unwrap_or_default().to_lowercase();
    let plain = part.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let plain: String = plain.take(LONGEST_NAME).collect();
    plain.split('-').filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_that_kubernetes_takes() {
        for (login, name) in [
            ("ann.lee@example.com", "ann-lee"),
            ("Ann_Lee+x@example.com", "ann-lee-x"),
            ("müller@example.com", "m-ller"),
            ("..@example.com", ""),
            ("00uAbC", "00uabc"),
        ] {
            assert_eq!(name_of(login), name);
        }
        assert!(name_of(&"x".repeat(200)).len() <= LONGEST_NAME);
    }
}
