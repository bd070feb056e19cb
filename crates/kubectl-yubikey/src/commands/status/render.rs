//! The tree and the table.

use jiff::Timestamp;
use system::clock;

use super::overview::Overview;
use crate::{
    cluster::Cluster,
    printing::{Node, Paint, Table, Tone, ago, day, ends_in, line},
    terminal::Terminal,
    view::{HoldView, Next, RolloutView, ShipmentView, Step},
};

/// The tree; where there is nothing, that is told.
pub fn shown(cluster: &Cluster, overview: &Overview, terminal: &Terminal) -> String {
    if overview.rollouts.is_empty() && overview.shipments.is_empty() {
        terminal.tell(&format!(
            "Nothing is declared in {}. `kubectl yubikey order LOGIN --model MODEL` orders a key; -A looks everywhere.",
            cluster.place()
        ));
        return String::new();
    }
    tree(overview, terminal.paint, clock::now())
}

/// Everything as a tree: namespaces, rollouts, shipments. One shipment alone shows every step.
pub fn tree(overview: &Overview, paint: Paint, now: Timestamp) -> String {
    let mut text = String::new();
    for namespace in namespaces(overview) {
        let mut root = Node::new(paint.strong(&line(namespace)));
        let mut placed = Vec::new();
        for rollout in overview.rollouts.iter().filter(|rollout| rollout.namespace == namespace) {
            let mut node = rollout_node(rollout, paint, now);
            for shipment in of_rollout(overview, rollout) {
                placed.push(&shipment.name);
                node.push(shipment_node(shipment, false, paint, now));
            }
            root.push(node);
        }
        let rest =
            overview.shipments.iter().filter(|s| s.namespace == namespace && !placed.contains(&&s.name));
        let alone = overview.one && overview.rollouts.is_empty();
        for shipment in rest {
            root.push(shipment_node(shipment, alone, paint, now));
        }
        text.push_str(&root.text());
    }
    text
}

fn namespaces(overview: &Overview) -> Vec<&str> {
    let rollouts = overview.rollouts.iter().map(|rollout| rollout.namespace.as_str());
    let mut all: Vec<_> = rollouts.chain(overview.shipments.iter().map(|s| s.namespace.as_str())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn of_rollout<'a>(
    overview: &'a Overview,
    rollout: &'a RolloutView,
) -> impl Iterator<Item = &'a ShipmentView> {
    let same = |shipment: &&ShipmentView| {
        shipment.namespace == rollout.namespace && shipment.rollout.as_ref() == Some(&rollout.name)
    };
    overview.shipments.iter().filter(same)
}

fn rollout_node(rollout: &RolloutView, paint: Paint, now: Timestamp) -> Node {
    let reason = if rollout.ready == "True" {
        paint.good(&line(&rollout.reason))
    } else {
        paint.warn(&line(&rollout.reason))
    };
    let wave = rollout.wave.map(|wave| format!("  wave {wave}")).unwrap_or_default();
    let name = paint.strong(&format!("rollout {}", line(&rollout.name)));
    let mut node = Node::new(format!("{name}  {reason}  {}{wave}", rollout.progress()));
    for (reason, total) in &rollout.problems {
        node.line(format!("{} {total} people", paint.warn(&line(reason))));
    }
    for hold in &rollout.holds {
        node.push(hold_node(hold, paint, now));
    }
    node
}

fn shipment_node(shipment: &ShipmentView, whole: bool, paint: Paint, now: Timestamp) -> Node {
    let name = paint.strong(&line(&shipment.name));
    let phase = phase(shipment, paint);
    let reason = if shipment.reason == shipment.phase {
        String::new()
    } else {
        format!("  {}", line(&shipment.reason))
    };
    let since =
        shipment.since.map(|since| format!("  {}", paint.faint(&format!("since {}", ago(since, now)))));
    let (user, key) = (line(&shipment.user), paint.faint(&line(&shipment.key)));
    let user = if user.is_empty() { String::new() } else { format!("  {user}") };
    let mut node = Node::new(format!("{name}{user}  {key}  {phase}{reason}{}", since.unwrap_or_default()));
    if whole {
        for step in &shipment.steps {
            node.line(step_line(step, paint, now));
        }
        if shipment.hold.is_none() && !shipment.message.is_empty() {
            node.line(format!("says: {}", line(&shipment.message)));
        }
    }
    if let Some(failure) = &shipment.failure {
        node.line(format!("{} {}", paint.warn("failed:"), line(failure)));
    }
    match &shipment.hold {
        Some(hold) => node.push(hold_node(hold, paint, now)),
        None => node.line(next_line(&shipment.next, paint, now)),
    }
    node
}

fn phase(shipment: &ShipmentView, paint: Paint) -> String {
    let phase = line(&shipment.phase);
    match shipment.phase.as_str() {
        "Activated" => paint.good(&phase),
        "Held" | "Failed" => paint.bad(&phase),
        "Cancelled" => paint.warn(&phase),
        _ if shipment.is_held() => paint.warn(&phase),
        _ => phase,
    }
}

fn step_line(step: &Step, paint: Paint, now: Timestamp) -> String {
    let state = line(&step.state);
    let state = if step.done { paint.good(&state) } else { state };
    let at = step.at.map(|at| format!("  {} ({} ago)", day(at), ago(at, now))).unwrap_or_default();
    let details = if step.details.is_empty() { String::new() } else { format!("  {}", line(&step.details)) };
    format!("{:<12}{state}{}{details}", format!("{}:", step.name), paint.faint(&at))
}

fn hold_node(hold: &HoldView, paint: Paint, now: Timestamp) -> Node {
    let since = paint.faint(&format!("since {}", ago(hold.since, now)));
    let mut node = Node::new(format!(
        "{} {}  {since}",
        paint.bad(&format!("{}:", line(&hold.reason))),
        line(hold.headline())
    ));
    for said in hold.explained() {
        node.line(line(said));
    }
    node.line(format!("{} {}", paint.strong("next:"), line(&hold.command())));
    node
}

fn next_line(next: &Next, paint: Paint, now: Timestamp) -> String {
    let at = next.at.map(|at| format!(", {} ({})", ends_in(at, now), day(at))).unwrap_or_default();
    let command = next.command.as_ref().map(|command| format!(": {}", line(command))).unwrap_or_default();
    format!("{} {}{at}{command}", paint.strong("next:"), line(&next.what))
}

/// Everything as a table.
pub fn wide(overview: &Overview, paint: Paint, now: Timestamp) -> String {
    let mut table = Table::new(&[
        "NAMESPACE",
        "NAME",
        "ROLLOUT",
        "USER",
        "KEY",
        "PHASE",
        "READY",
        "REASON",
        "SINCE",
        "SHIPMENT",
        "PARCEL",
        "NEXT",
    ]);
    for shipment in &overview.shipments {
        let tone = match shipment.phase.as_str() {
            "Activated" => Tone::Good,
            "Held" | "Failed" => Tone::Bad,
            _ => Tone::Plain,
        };
        let step = |name: &str| shipment.steps.iter().find(|step| step.name == name);
        let parcel =
            step("parcel").map(|step| format!("{} {}", step.state, step.details)).unwrap_or_default();
        let next = shipment.next.command.as_ref().unwrap_or(&shipment.next.what);
        let cells = [
            (shipment.namespace.clone(), Tone::Plain),
            (shipment.name.clone(), Tone::Plain),
            (shipment.rollout.clone().unwrap_or_default(), Tone::Plain),
            (shipment.user.clone(), Tone::Plain),
            (shipment.key.clone(), Tone::Plain),
            (shipment.phase.clone(), tone),
            (shipment.ready.clone(), Tone::Plain),
            (shipment.reason.clone(), Tone::Plain),
            (shipment.since.map(|since| ago(since, now)).unwrap_or_default(), Tone::Plain),
            (step("order").map(|step| step.details.clone()).unwrap_or_default(), Tone::Plain),
            (parcel.trim().to_owned(), Tone::Plain),
            (next.clone(), Tone::Plain),
        ];
        table.toned(cells.into());
    }
    table.text(paint)
}
