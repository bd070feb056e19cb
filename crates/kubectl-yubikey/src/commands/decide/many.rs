//! `decide --all`: one answer to many holds of one reason; never one that may order.

use domain::{
    failure::Reason,
    hold::Choice,
    question::{Needs, may_order},
};

use super::super::{
    decision::{self, Draft, Giving},
    holds,
};
use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    terminal::Terminal,
    view::HoldView,
};

/// Answers every hold of `reason` with `choice`, after asking once.
pub async fn run(
    cluster: &Cluster,
    reason: &str,
    choice: Choice,
    giving: &Giving,
    terminal: &Terminal,
) -> Result<Exit> {
    admitted(reason, choice)?;
    let mut holds = holds::all(cluster, terminal).await?;
    holds.retain(|hold| hold.reason == reason && hold.answers().contains(&choice));
    if holds.is_empty() {
        terminal.tell(&format!("No hold of {reason} in {} admits {}.", cluster.place(), choice.as_str()));
        return Ok(Exit::Done);
    }
    for hold in &holds {
        terminal.tell(&format!("  {}/{}  {}  {}", hold.namespace, hold.object, hold.user, hold.id));
    }
    terminal.tell(&format!("{}: {}. Be sure that {}.", choice.as_str(), choice.leads_to(), choice.be_sure()));
    if !giving.yes {
        let question = format!("{} for all {}?", choice.as_str(), holds.len());
        terminal.confirm(&question, &holds.len().to_string())?;
    }
    answer(cluster, &holds, choice, giving, terminal).await
}

/// # Errors
/// For what must be looked at one by one.
pub fn admitted(reason: &str, choice: Choice) -> Result<()> {
    let one_by_one = "answer them one by one, with `kubectl yubikey decide NAME`";
    if may_order(choice, Reason::parse(reason)) {
        return Err(Fault::usage(
            format!(
                "{} may pay for another key, so it is never given to many holds at once",
                choice.as_str()
            ),
            one_by_one,
        ));
    }
    if choice.needs() == Some(Needs::ShipmentId) {
        return Err(Fault::usage(
            format!("{} names one order, so it answers one hold", choice.as_str()),
            one_by_one,
        ));
    }
    if choice == Choice::ResendPin {
        return Err(Fault::usage("ResendPin answers no hold", "use `kubectl yubikey resend-pin NAME`"));
    }
    Ok(())
}

/// One after the other. What is declined stops nobody else's.
async fn answer(
    cluster: &Cluster,
    holds: &[HoldView],
    choice: Choice,
    giving: &Giving,
    terminal: &Terminal,
) -> Result<Exit> {
    let mut failed = 0;
    for hold in holds {
        let draft = Draft {
            enrollment_id: hold.enrollment.clone().filter(|_| choice.needs() == Some(Needs::EnrollmentId)),
            ..Draft::about(hold, choice)
        };
        match decision::give(cluster, &draft, giving, terminal).await {
            Ok(()) => {}
            Err(fault) if fault.exit == Exit::Denied => return Err(fault),
            Err(fault) => {
                failed += 1;
                terminal.fault(&fault);
            }
        }
    }
    if failed == 0 {
        return Ok(Exit::Done);
    }
    Err(Fault::new(
        format!("{failed} of {} were not answered", holds.len()),
        "see `kubectl yubikey holds` for what still waits",
    ))
}
