//! How a contradiction is resolved: the decision that answers its hold, or the look that leads to one.

use api::shipment::YubiKeyShipment;
use domain::hold::Choice;
use kube::ResourceExt as _;

use super::super::findings::Finding;
use crate::view;

/// An answer, and the id that it names.
pub type Answer<'a> = (Choice, Option<&'a str>);

/// The finding with the commands that resolve it: the answers that the shipment's hold admits; without such a hold first a
/// look, which has the operator see it and ask.
#[must_use]
pub fn resolved_by(finding: Finding, shipment: &YubiKeyShipment, answers: &[Answer<'_>]) -> Finding {
    let hold = view::hold_of_shipment(shipment);
    let admitted = hold.map(|hold| hold.answers()).unwrap_or_default();
    let fitting: Vec<_> = answers.iter().copied().filter(|(choice, _)| admitted.contains(choice)).collect();
    let sure = |answers: &[Answer<'_>]| {
        let each = answers.iter().map(|(choice, _)| format!("{} if {}", choice.as_str(), choice.be_sure()));
        each.collect::<Vec<_>>().join("; ")
    };
    if !fitting.is_empty() {
        return Finding {
            next: format!("answer its question: {}", sure(&fitting)),
            commands: fitting.iter().map(|answer| decide(shipment, *answer)).collect(),
            ..finding
        };
    }
    let mut commands = vec![look(shipment)];
    commands.extend(answers.iter().map(|answer| decide(shipment, *answer)));
    let next = if answers.is_empty() {
        "have the operator look at it; it goes on by itself".to_owned()
    } else {
        format!("have the operator look at it; when it then asks, answer: {}", sure(answers))
    };
    Finding { next, commands, ..finding }
}

fn place(shipment: &YubiKeyShipment) -> String {
    format!("yks/{} -n {}", shipment.name_any(), shipment.namespace().unwrap_or_default())
}

fn look(shipment: &YubiKeyShipment) -> String {
    format!("kubectl yubikey look {}", place(shipment))
}

fn decide(shipment: &YubiKeyShipment, (choice, id): Answer<'_>) -> String {
    let id = match (choice, id) {
        (Choice::AdoptOrder, id) => format!(" --shipment-id {}", id.unwrap_or("ID")),
        (Choice::DiscardEnrollment, Some(id)) => format!(" --enrollment-id {id}"),
        _ => String::new(),
    };
    format!("kubectl yubikey decide {} --choice {}{id}", place(shipment), choice.as_str())
}
