//! `resend-pin`: the person lost the mail.

use clap::Args;
use kube::ResourceExt as _;
use system::clock;

use super::decision::{self, Giving};
use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects,
    options::Global,
    printing::{ago, day},
    terminal::Terminal,
    view::pin,
};

/// Of `resend-pin`.
#[derive(Debug, Args)]
#[command(
    after_help = "Okta mails it to the person's own address; nobody here sees it. At most three mails a day: a further one waits.\n\nExample:\n  kubectl yubikey resend-pin ann-lee -n hr --reason 'lost the mail, identity checked by phone'"
)]
pub struct Arguments {
    /// The shipment
    #[arg(value_name = "NAME")]
    name: String,
    /// How.
    #[command(flatten)]
    giving: Giving,
}

/// Runs it.
///
/// # Errors
/// If no PIN was mailed yet, or the decision is not accepted.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    global.one_namespace()?;
    arguments.giving.check()?;
    let cluster = Cluster::of(global).await?;
    let (kind, name) = objects::named(&arguments.name)?;
    if kind.is_some_and(|kind| kind != objects::Kind::Shipment) {
        return Err(Fault::usage("a PIN belongs to a shipment", "name a shipment"));
    }
    let namespace = &cluster.namespace;
    let see = format!("see `kubectl yubikey status {name} -n {namespace}`");
    let shipment = objects::shipment(&cluster, namespace, name).await?;
    let shipment = shipment.ok_or_else(|| {
        Fault::new(
            format!("there is no shipment {name} in namespace {namespace}"),
            "see `kubectl yubikey status -A`",
        )
    })?;
    let now = clock::now();
    let mail = pin::another_mail(&shipment, now).map_err(|why| Fault::new(format!("{name}: {why}"), see))?;
    if let Some(last) = mail.last {
        terminal.tell(&format!("The last mail was asked for {} ago.", ago(last, now)));
    }
    if let Some(at) = mail.goes_out {
        terminal.warn(&format!("three mails were asked for within a day: this one goes out at {}", day(at)));
    }
    if !arguments.giving.yes {
        let display = shipment.status.as_ref().and_then(|status| status.display.as_ref());
        let user = display.map(|display| display.user.clone()).unwrap_or_default();
        terminal.confirm(
            &format!("Have Okta mail the PIN of {} ({user}) once more?", shipment.name_any()),
            "yes",
        )?;
    }
    decision::give(&cluster, &mail.draft, &arguments.giving, terminal).await?;
    Ok(Exit::Done)
}
