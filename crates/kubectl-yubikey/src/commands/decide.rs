//! `decide`: a person answers a hold.

mod many;
mod question;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use domain::{
    hold::Choice,
    question::{Needs, may_order},
};
use kube::ResourceExt as _;

use super::decision::{self, Draft, Giving};
use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects::{self, Subject},
    options::Global,
    terminal::Terminal,
    view::{self, HoldView},
};

/// Of `decide`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --choice it shows the question and asks. The decision is made in your own name, answers this hold once, and\nis never part of Git.\n\nExamples:\n  kubectl yubikey decide ann-lee -n hr\n  kubectl yubikey decide ann-lee --choice AdoptOrder --shipment-id Zu5Yb1hWqQ --reason 'found in the Console'\n  kubectl yubikey decide ykr/staff --choice Proceed --yes\n  kubectl yubikey decide --all --reason-is DeliveryTimedOut --choice ApproveActivation -n hr"
)]
pub struct Arguments {
    /// The shipment or rollout: NAME, yks/NAME or ykr/NAME
    #[arg(value_name = "NAME", required_unless_present = "all")]
    name: Option<String>,
    /// The answer; left out: you are asked
    #[arg(
        long,
        value_name = "CHOICE",
        value_parser = PossibleValuesParser::new(Choice::ALL.map(Choice::as_str))
            .try_map(|name| Choice::parse(&name).ok_or("no such choice"))
    )]
    choice: Option<Choice>,
    /// The hold, where a rollout has several, or to be sure it is still the same
    #[arg(long, value_name = "ID")]
    hold: Option<String>,
    /// The order.
    #[arg(long, value_name = "ID", help = "With AdoptOrder: the order's id at YubiEnterprise")]
    shipment_id: Option<String>,
    /// The enrolment.
    #[arg(
        long,
        value_name = "ID",
        help = "With DiscardEnrollment: the pending enrolment's id at Okta; left out: the shipment's own"
    )]
    enrollment_id: Option<String>,
    /// With Proceed on deleted shipments: Okta ids of the people who get one again
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    user_id: Vec<String>,
    /// Answer every hold of --reason-is alike; never with a choice that may order
    #[arg(long, requires_all = ["reason_is", "choice"], conflicts_with_all = ["name", "hold", "shipment_id", "enrollment_id", "user_id"])]
    all: bool,
    /// With --all: the reason of the holds
    #[arg(long, value_name = "REASON", requires = "all")]
    reason_is: Option<String>,
    /// How.
    #[command(flatten)]
    giving: Giving,
}

/// Runs it.
///
/// # Errors
/// If nothing waits, the answer does not fit, or it is not accepted.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    arguments.giving.check()?;
    let cluster = Cluster::of(global).await?;
    if let (true, Some(reason), Some(choice)) = (arguments.all, &arguments.reason_is, arguments.choice) {
        return many::run(&cluster, reason, choice, &arguments.giving, terminal).await;
    }
    let name = arguments.name.as_deref().unwrap_or_default();
    global.one_namespace()?;
    let hold = hold(&cluster, name, arguments.hold.as_deref()).await?;
    answerable(&hold)?;
    if !arguments.giving.yes || arguments.choice.is_none() {
        terminal.tell(&question::shown(&hold));
    }
    let choice = match arguments.choice {
        Some(choice) => among(&hold, choice)?,
        None => question::ask(&hold, terminal)?,
    };
    let draft = draft(&hold, choice, arguments, terminal)?;
    let mut giving = arguments.giving.clone();
    if !giving.yes {
        if giving.reason.is_none() {
            let reason = terminal.ask("Why, for the auditor (may be left empty):")?;
            giving.reason = (!reason.is_empty()).then_some(reason);
        }
        sure(&hold, choice, terminal)?;
    } else if may_order(choice, hold.known()) {
        terminal.warn(&format!(
            "{} may pay for another key: be sure that {}",
            choice.as_str(),
            choice.be_sure()
        ));
    }
    decision::give(&cluster, &draft, &giving, terminal).await?;
    Ok(Exit::Done)
}

/// The hold of an object.
///
/// # Errors
/// If there is none, or several.
pub async fn hold(cluster: &Cluster, name: &str, id: Option<&str>) -> Result<HoldView> {
    let (holds, place) = match objects::find(cluster, name).await? {
        Subject::Shipment(shipment) => {
            (view::hold_of_shipment(&shipment).into_iter().collect(), format!("yks/{}", shipment.name_any()))
        }
        Subject::Rollout(rollout) => {
            (view::holds_of_rollout(&rollout), format!("ykr/{}", rollout.name_any()))
        }
    };
    pick(holds, &place, &cluster.namespace, id)
}

fn pick(holds: Vec<HoldView>, place: &str, namespace: &str, id: Option<&str>) -> Result<HoldView> {
    let ids: Vec<_> = holds.iter().map(|hold| format!("{} ({})", hold.id, hold.reason)).collect();
    let see = format!("see `kubectl yubikey status {place} -n {namespace}`");
    let mut fitting: Vec<_> = holds.into_iter().filter(|hold| id.is_none_or(|id| hold.id == id)).collect();
    match (fitting.pop(), fitting.is_empty(), id) {
        (Some(hold), true, _) => Ok(hold),
        (Some(_), false, _) => Err(Fault::usage(
            format!("{place} asks several questions"),
            format!("name one with --hold: {}", ids.join(", ")),
        )),
        (None, _, Some(id)) if !ids.is_empty() => {
            Err(Fault::new(format!("{place} has no open hold {id}; it has {}", ids.join(", ")), see))
        }
        (None, ..) => Err(Fault::new(format!("{place} waits for nobody: there is no hold to answer"), see)),
    }
}

fn answerable(hold: &HoldView) -> Result<()> {
    if !hold.answers().is_empty() {
        return Ok(());
    }
    let (what, next) = if hold.choices.is_empty() {
        (
            format!(
                "{} takes no answer, it ends by itself once its cause is gone: {}",
                hold.reason, hold.message
            ),
            format!("do what it says, then `{}`", hold.command()),
        )
    } else {
        (
            format!("this plugin knows none of the answers of {}: {}", hold.reason, hold.choices.join(", ")),
            "use the plugin of the operator's version".to_owned(),
        )
    };
    Err(Fault::new(what, next))
}

/// The choice, if the hold admits it.
///
/// # Errors
/// If it does not.
pub fn among(hold: &HoldView, choice: Choice) -> Result<Choice> {
    if hold.answers().contains(&choice) {
        return Ok(choice);
    }
    Err(Fault::usage(
        format!("{} of {} does not admit {}", hold.reason, hold.object, choice.as_str()),
        format!("choose one of {}", hold.choices.join(", ")),
    ))
}

fn draft(hold: &HoldView, choice: Choice, arguments: &Arguments, terminal: &Terminal) -> Result<Draft> {
    let mut draft = Draft { user_ids: arguments.user_id.clone(), ..Draft::about(hold, choice) };
    match choice.needs() {
        Some(Needs::ShipmentId) => {
            draft.shipment_id = Some(id(
                arguments.shipment_id.clone(),
                "--shipment-id",
                "the order's id, from the YubiEnterprise Console",
                terminal,
            )?);
        }
        Some(Needs::EnrollmentId) => {
            let known = arguments.enrollment_id.clone().or_else(|| hold.enrollment.clone());
            draft.enrollment_id =
                Some(id(known, "--enrollment-id", "the pending enrolment's id, from Okta", terminal)?);
        }
        None => {}
    }
    misplaced(choice, arguments)?;
    Ok(draft)
}

fn id(given: Option<String>, flag: &str, what: &str, terminal: &Terminal) -> Result<String> {
    let id = match given {
        Some(id) => id,
        None if terminal.interactive => terminal.ask(&format!("{what}:"))?,
        None => {
            return Err(Fault::usage(format!("this choice needs {what}"), format!("give it with {flag}")));
        }
    };
    if id.trim().is_empty() {
        Err(Fault::usage(format!("{flag} is empty"), format!("give {what}")))
    } else {
        Ok(id)
    }
}

fn misplaced(choice: Choice, arguments: &Arguments) -> Result<()> {
    let needs = choice.needs();
    let flags = [
        ("--shipment-id", arguments.shipment_id.is_some() && needs != Some(Needs::ShipmentId)),
        ("--enrollment-id", arguments.enrollment_id.is_some() && needs != Some(Needs::EnrollmentId)),
        ("--user-id", !arguments.user_id.is_empty() && choice != Choice::Proceed),
    ];
    match flags.iter().find(|(_, wrong)| *wrong) {
        Some((flag, _)) => Err(Fault::usage(
            format!("{flag} does not go with {}", choice.as_str()),
            "leave it out, or choose another answer",
        )),
        None => Ok(()),
    }
}

/// A person says that it is meant. What may pay for another key is confirmed by the object's own name.
fn sure(hold: &HoldView, choice: Choice, terminal: &Terminal) -> Result<()> {
    let name = hold.object.rsplit('/').next().unwrap_or_default();
    if may_order(choice, hold.known()) {
        terminal.warn(&format!("this may pay for another key. Be sure that {}.", choice.be_sure()));
        return terminal.confirm(&format!("{} for {}?", choice.as_str(), hold.object), name);
    }
    terminal.tell(&format!("Be sure that {}.", choice.be_sure()));
    terminal.confirm(&format!("{} for {}?", choice.as_str(), hold.object), "yes")
}

#[cfg(test)]
mod tests;
