//! `holds`: what waits for a person, oldest first.

use api::{rollout::YubiKeyRollout, shipment::YubiKeyShipment};
use clap::Args;
use jiff::Timestamp;
use system::clock;

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    objects,
    options::{Global, Output},
    printing::{self, Node, Paint, Table, Tone, ago, line},
    terminal::Terminal,
    vendor::{self, PersonOptions},
    view::{self, HoldView},
};

/// Of `holds`.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends with 3 if something waits, with 0 if nothing does.\n\nExamples:\n  kubectl yubikey holds -A\n  kubectl yubikey holds -A --reason-is DeliveryTimedOut\n  kubectl yubikey holds -n hr -o json"
)]
pub struct Arguments {
    /// Only holds of this reason, as in status.hold.reason
    #[arg(long, value_name = "REASON")]
    reason_is: Option<String>,
    /// Only what a decision can answer, not what ends by itself
    #[arg(long)]
    answerable: bool,
    /// json, yaml, or a table
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Output>,
    #[command(flatten)]
    person: PersonOptions,
}

/// Runs it.
///
/// # Errors
/// If shipments cannot be listed.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    let cluster = Cluster::of(global).await?;
    let mut holds = all(&cluster, terminal).await?;
    holds.retain(|hold| arguments.reason_is.as_ref().is_none_or(|reason| hold.reason == *reason));
    holds.retain(|hold| !arguments.answerable || !hold.choices.is_empty());
    let object = |hold: &HoldView| {
        (hold.namespace.clone(), hold.object.strip_prefix("yks/").unwrap_or_default().to_owned())
    };
    let names = vendor::names(&cluster, &arguments.person, &holds.iter().map(object).collect()).await?;
    for hold in &mut holds {
        if let Some(name) = names.get(&object(hold)) {
            hold.user = format!("{name} ({})", hold.user);
        }
    }
    let now = clock::now();
    let text = match arguments.output {
        Some(Output::Wide) => wide(&holds, terminal.paint, now),
        Some(output) => printing::document(&holds, output)?,
        None => plain(&holds, terminal.paint, now),
    };
    if holds.is_empty() {
        terminal.tell(&format!("Nothing waits for a person in {}.", cluster.place()));
    }
    if !holds.is_empty() || matches!(arguments.output, Some(Output::Json | Output::Yaml)) {
        terminal.print(&text)?;
    }
    Ok(Exit::found(!holds.is_empty()))
}

/// All open questions, oldest first. Those of rollouts are left out, and told of, where one may not see them.
///
/// # Errors
/// If shipments cannot be listed.
pub async fn all(cluster: &Cluster, terminal: &Terminal) -> Result<Vec<HoldView>> {
    let shipments = objects::told(objects::list::<YubiKeyShipment>(cluster, "shipments").await?, terminal);
    let rollouts = match objects::list::<YubiKeyRollout>(cluster, "rollouts").await {
        Ok(listed) => objects::told(listed, terminal),
        Err(Fault { exit: Exit::Denied, what, .. }) => {
            terminal.warn(&format!("questions of rollouts are left out: {what}"));
            Vec::new()
        }
        Err(fault) => return Err(fault),
    };
    let mut holds: Vec<_> = shipments.iter().filter_map(view::hold_of_shipment).collect();
    holds.extend(rollouts.iter().flat_map(view::holds_of_rollout));
    holds.sort_by(|a, b| (a.since, &a.namespace, &a.object).cmp(&(b.since, &b.namespace, &b.object)));
    Ok(holds)
}

fn plain(holds: &[HoldView], paint: Paint, now: Timestamp) -> String {
    holds.iter().map(|hold| node(hold, paint, now).text()).collect::<Vec<_>>().join("\n")
}

fn node(hold: &HoldView, paint: Paint, now: Timestamp) -> Node {
    let user = if hold.user.is_empty() { String::new() } else { format!("  {}", line(&hold.user)) };
    let name = paint.strong(&format!("{}/{}", line(&hold.namespace), line(&hold.object)));
    let since = paint.faint(&format!("since {}", ago(hold.since, now)));
    let mut node = Node::new(format!("{name}{user}  {}  {since}", paint.bad(&line(&hold.reason))));
    node.line(paint.strong(&line(hold.headline())));
    for said in hold.explained() {
        node.line(line(said));
    }
    let how = if hold.choices.is_empty() {
        format!("ends by itself once its cause is gone; to look at once: {}", hold.command())
    } else {
        format!("{}   ({})", hold.command(), hold.choices.join(", "))
    };
    node.line(line(&how));
    node
}

fn wide(holds: &[HoldView], paint: Paint, now: Timestamp) -> String {
    let mut table =
        Table::new(&["NAMESPACE", "OBJECT", "USER", "REASON", "SINCE", "HOLD", "CHOICES", "QUESTION"]);
    for hold in holds {
        let plain = |text: &str| (text.to_owned(), Tone::Plain);
        table.toned(vec![
            plain(&hold.namespace),
            plain(&hold.object),
            plain(&hold.user),
            (hold.reason.clone(), Tone::Bad),
            plain(&ago(hold.since, now)),
            plain(&hold.id),
            plain(&hold.choices.join(",")),
            plain(&hold.question),
        ]);
    }
    table.text(paint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(reason: &str, choices: &[&str], question: &str, message: &str) -> HoldView {
        HoldView {
            namespace: "onboarding".into(),
            object: "yks/ann-lee".into(),
            user: "ann.lee@example.com".into(),
            id: "order-1-k7f3ab".into(),
            reason: reason.into(),
            since: "2027-01-30T12:00:00Z".parse().unwrap(),
            question: question.into(),
            message: message.into(),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            enrollment: None,
        }
    }

    #[test]
    fn a_question_is_asked_in_plain_words_with_the_command_that_answers_it() {
        let holds = [
            hold(
                "OrderNotFound",
                &["ConfirmCancelled", "AdoptOrder"],
                "Was it deleted?",
                "YubiEnterprise answered 404.",
            ),
            hold("UserNotEligible", &[], "The user is suspended.", "The user is suspended."),
        ];
        insta::assert_snapshot!(plain(&holds, Paint::new(false), "2027-01-31T12:00:00Z".parse().unwrap()), @r"
        onboarding/yks/ann-lee  ann.lee@example.com  OrderNotFound  since 1d
        ├─ Was it deleted?
        ├─ YubiEnterprise answered 404.
        └─ kubectl yubikey decide yks/ann-lee -n onboarding   (ConfirmCancelled, AdoptOrder)

        onboarding/yks/ann-lee  ann.lee@example.com  UserNotEligible  since 1d
        ├─ The user is suspended.
        └─ ends by itself once its cause is gone; to look at once: kubectl yubikey look yks/ann-lee -n onboarding
        ");
    }
}
