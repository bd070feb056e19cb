//! `resend-pin`: the person lost the mail.

use clap::Args;
use domain::{hold::Choice, journal::MAILS_A_DAY};
use jiff::SignedDuration;
use kube::ResourceExt as _;
use system::clock;

use super::decision::{self, Draft, Giving};
use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects,
    options::Global,
    printing::{ago, day},
    terminal::Terminal,
    view::PIN_MAIL,
};

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

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
    let status = shipment.status.clone().unwrap_or_default();
    let sent = status.times.as_ref().and_then(|times| times.pin_sent.as_ref());
    let (Some(pin), Some(_)) = (status.pin.as_ref(), sent) else {
        return Err(Fault::new(
            format!("no PIN was mailed for {name} yet, so none can be mailed again"),
            see,
        ));
    };
    if pin.resend == Some(true) {
        return Err(Fault::new(format!("another mail is asked for already for {name}"), see));
    }
    let now = clock::now();
    let last = pin.mails.iter().rev().take(MAILS_A_DAY).map(|mail| mail.0);
    let of_the_day: Vec<_> = last.filter(|mail| now.duration_since(*mail) < A_DAY).collect();
    if let Some(mail) = of_the_day.first() {
        terminal.tell(&format!("The last mail was asked for {} ago.", ago(*mail, now)));
    }
    if of_the_day.len() >= MAILS_A_DAY
        && let Some(first) = of_the_day.last().and_then(|mail| mail.checked_add(A_DAY).ok())
    {
        terminal
            .warn(&format!("three mails were asked for within a day: this one goes out at {}", day(first)));
    }
    if !arguments.giving.yes {
        let user = status.display.map(|display| display.user).unwrap_or_default();
        terminal.confirm(
            &format!("Have Okta mail the PIN of {} ({user}) once more?", shipment.name_any()),
            "yes",
        )?;
    }
    let mail = format!("{PIN_MAIL}{}", pin.id);
    let draft = Draft::new(namespace.clone(), format!("yks/{name}"), mail, Choice::ResendPin);
    decision::give(&cluster, &draft, &arguments.giving, terminal).await?;
    Ok(Exit::Done)
}
