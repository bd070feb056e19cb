//! `approve`: opens the gate that a shipment or a rollout waits at.

use clap::Args;
use domain::{failure::Reason, hold::Choice, question::may_order};

use super::{
    decide::hold,
    decision::{self, Draft, Giving},
};
use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    options::Global,
    terminal::Terminal,
    view::HoldView,
};

/// Of `approve`.
#[derive(Debug, Args)]
#[command(
    after_help = "A shipment: the activation or the PIN mail, whichever waits. A rollout: the next wave.\nOther questions are answered with `decide`.\n\nExamples:\n  kubectl yubikey approve ann-lee -n hr --reason 'has the parcel'\n  kubectl yubikey approve ykr/staff"
)]
pub struct Arguments {
    /// The shipment or rollout: NAME, yks/NAME or ykr/NAME
    #[arg(value_name = "NAME")]
    name: String,
    /// How.
    #[command(flatten)]
    giving: Giving,
}

/// Runs it.
///
/// # Errors
/// If nothing waits for an approval, or the decision is not accepted.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    global.one_namespace()?;
    arguments.giving.check()?;
    let cluster = Cluster::of(global).await?;
    let hold = hold(&cluster, &arguments.name, None).await?;
    let choice = approval(&hold)?;
    terminal.tell(&format!(
        "{}\n{}: {}. Be sure that {}.",
        hold.message,
        choice.as_str(),
        choice.leads_to(),
        choice.be_sure()
    ));
    if may_order(choice, hold.known()) {
        terminal.warn("this orders keys");
    }
    if !arguments.giving.yes {
        terminal.confirm(&format!("Approve {}?", hold.object), "yes")?;
    }
    let draft = Draft::about(&hold, choice);
    decision::give(&cluster, &draft, &arguments.giving, terminal).await?;
    Ok(Exit::Done)
}

/// The approval that a hold waits for: no other answer goes by that name.
fn approval(hold: &HoldView) -> Result<Choice> {
    let approvals = [Choice::ApproveActivation, Choice::ApprovePin];
    let wave = hold.object.starts_with("ykr/") && hold.known() == Some(Reason::AwaitingApproval);
    let mut answers = hold.answers().into_iter();
    answers.find(|choice| approvals.contains(choice) || (wave && *choice == Choice::Proceed)).ok_or_else(
        || {
            Fault::new(
                format!("{} waits for no approval: {}: {}", hold.object, hold.reason, hold.message),
                format!("`{}`", hold.command()),
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(object: &str, reason: &str, choices: &[&str]) -> HoldView {
        HoldView {
            namespace: "hr".into(),
            object: object.into(),
            user: String::new(),
            id: "x-1".into(),
            reason: reason.into(),
            since: system::clock::now(),
            question: String::new(),
            message: "said".into(),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            enrollment: None,
        }
    }

    #[test]
    fn only_a_gate_is_approved() {
        let of = |object, reason, choices: &[&str]| approval(&hold(object, reason, choices));
        assert_eq!(of("yks/a", "AwaitingApproval", &["ApprovePin"]), Ok(Choice::ApprovePin));
        assert_eq!(of("yks/a", "DeliveryTimedOut", &["ApproveActivation"]), Ok(Choice::ApproveActivation));
        assert_eq!(
            of("yks/a", "ParcelFound", &["DiscardEnrollment", "ApproveActivation"]),
            Ok(Choice::ApproveActivation)
        );
        assert_eq!(of("ykr/a", "AwaitingApproval", &["Proceed"]), Ok(Choice::Proceed));
        for (object, reason, choices) in [
            ("ykr/a", "SourceEmpty", &["Proceed"][..]),
            ("ykr/a", "TooManyLeaving", &["Proceed"]),
            ("yks/a", "OrderRefused", &["RetryOrder", "CancelOrder"]),
            ("yks/a", "ParcelLost", &["DiscardEnrollment"]),
            ("yks/a", "UserNotEligible", &[]),
        ] {
            assert!(of(object, reason, choices).is_err(), "{reason}");
        }
    }
}
