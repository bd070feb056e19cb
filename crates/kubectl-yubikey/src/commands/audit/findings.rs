//! What contradicts what.

use std::collections::BTreeMap;

use api::{
    connection::YubiKeyConnection,
    rollout::{LedgerState, ROLLOUT_LABEL, YubiKeyRollout, ledger_status},
    shipment::{YubiKeyShipment, journal_status, progress},
};
use domain::{failure::Reason, hold::Choice};
use kube::ResourceExt as _;
use serde::Serialize;

/// Something that contradicts something else, and what resolves it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `namespace/yks/NAME`, `namespace/ykr/NAME` or `ykc/NAME`.
    pub object: String,
    /// Whose key it is: as the shipment shows it, with the name where it was asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// One word for its kind; programs may go by it.
    pub word: &'static str,
    /// What contradicts what.
    pub what: String,
    /// What resolves it.
    pub next: String,
    /// The commands that do so, the first one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
}

/// Holds that say by themselves that status and world differ.
const SAID: [Reason; 6] = [
    Reason::StatusBehindVendors,
    Reason::EnrollOutcomeUnknown,
    Reason::OrderOutcomeUnknown,
    Reason::OrderNotFound,
    Reason::ExistingKey,
    Reason::ConnectionChanged,
];

/// Everything that contradicts. `connections`: `None` where one may not see them.
#[must_use]
pub fn all(
    shipments: &[YubiKeyShipment],
    rollouts: &[YubiKeyRollout],
    connections: Option<&[YubiKeyConnection]>,
    undecodable: &[String],
) -> Vec<Finding> {
    let mut found: Vec<_> = undecodable.iter().map(|name| strange(name)).collect();
    found.extend(shared(shipments));
    for shipment in shipments {
        found.extend(unreadable(shipment));
        found.extend(asked(shipment));
        found.extend(connections.and_then(|all| moved(shipment, all)));
    }
    found.extend(one_person(shipments));
    for rollout in rollouts {
        found.extend(ledger(rollout, shipments));
    }
    found.extend(connections.unwrap_or_default().iter().filter_map(bound));
    found
}

/// Of a shipment, as a finding names it.
#[must_use]
pub fn name(shipment: &YubiKeyShipment) -> String {
    format!("{}/yks/{}", shipment.namespace().unwrap_or_default(), shipment.name_any())
}

/// Both kinds of findings. The question of a shipment is left out where the vendors say which answer fits it.
#[must_use]
pub fn together(of_cluster: Vec<Finding>, of_vendors: Vec<Finding>) -> Vec<Finding> {
    let answered = |found: &Finding| {
        SAID.iter().any(|reason| reason.as_str() == found.word)
            && of_vendors.iter().any(|one| one.object == found.object && !one.commands.is_empty())
    };
    let mut found: Vec<_> = of_cluster.into_iter().filter(|found| !answered(found)).collect();
    found.extend(of_vendors);
    found
}

/// Whose keys the shipments are, by object, as they show it.
#[must_use]
pub fn users(shipments: &[YubiKeyShipment]) -> BTreeMap<String, String> {
    let user = |shipment: &YubiKeyShipment| Some(shipment.status.as_ref()?.display.as_ref()?.user.clone());
    shipments.iter().map(|shipment| (name(shipment), user(shipment).unwrap_or_default())).collect()
}

fn strange(name: &str) -> Finding {
    Finding {
        object: name.to_owned(),
        word: "ObjectUndecodable",
        what: "A field holds what only another version knows, so this object was not compared.".to_owned(),
        next: "use the plugin and the operator of the version that wrote it".to_owned(),
        ..Finding::default()
    }
}

/// Two shipments with one order or one enrolment.
fn shared(shipments: &[YubiKeyShipment]) -> Vec<Finding> {
    let mut by_id: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for shipment in shipments {
        let Some(status) = &shipment.status else { continue };
        let order = status.order.as_ref().and_then(|order| order.shipment_id.clone());
        let enrollment = status.enrollment.as_ref().and_then(|enrollment| enrollment.id.clone());
        for (kind, id) in [("order", order), ("enrolment", enrollment)] {
            if let Some(id) = id {
                by_id.entry((kind, id)).or_default().push(name(shipment));
            }
        }
    }
    let twice = by_id.into_iter().filter(|(_, names)| names.len() > 1);
    twice
        .map(|((kind, id), names)| Finding {
            object: names.join(", "),
            word: "ClaimedTwice",
            what: format!("They have the same {kind} {id} in their status; every effect of them stops."),
            next: "find out whose it is; on the others set deletionPolicy: Orphan, then delete them"
                .to_owned(),
            ..Finding::default()
        })
        .collect()
}

fn unreadable(shipment: &YubiKeyShipment) -> Option<Finding> {
    let failure = journal_status::read(shipment.status.as_ref()?).err()?;
    Some(Finding {
        object: name(shipment),
        word: "StatusUnreadable",
        what: failure.message,
        next: "restore the status from a backup, or let go with deletionPolicy: Orphan".to_owned(),
        ..Finding::default()
    })
}

fn asked(shipment: &YubiKeyShipment) -> Option<Finding> {
    let hold = shipment.status.as_ref()?.hold.as_ref()?;
    let reason = SAID.iter().find(|reason| reason.as_str() == hold.reason)?;
    let answers: Vec<_> = hold
        .choices
        .iter()
        .filter_map(|choice| Choice::parse(choice))
        .map(|choice| format!("{} if {}", choice.as_str(), choice.be_sure()))
        .collect();
    let place = format!("yks/{} -n {}", shipment.name_any(), shipment.namespace().unwrap_or_default());
    let next = if answers.is_empty() {
        format!("do what it says, then `kubectl yubikey look {place}`")
    } else {
        format!("`kubectl yubikey decide {place}`: {}", answers.join("; "))
    };
    Some(Finding {
        object: name(shipment),
        word: reason.as_str(),
        what: hold.message.clone(),
        next,
        ..Finding::default()
    })
}

/// The connection is another one than the shipment was ordered under, or none.
fn moved(shipment: &YubiKeyShipment, connections: &[YubiKeyConnection]) -> Option<Finding> {
    let wanted = &shipment.spec.connection_ref.name;
    let status = shipment.status.as_ref()?;
    let Some(connection) = connections.iter().find(|connection| connection.name_any() == *wanted) else {
        return progress::is_open(status).then(|| Finding {
            object: name(shipment),
            word: "ConnectionNotFound",
            what: format!(
                "Its order is under way, and there is no connection {wanted}: nobody follows the parcel."
            ),
            next: format!("declare connection {wanted} with the organizations it had"),
            ..Finding::default()
        });
    };
    let (then, now) = (status.org.as_ref()?, connection.status.as_ref()?);
    let differs = |then: &Option<String>, now: &Option<String>| matches!((then, now), (Some(then), Some(now)) if then != now);
    let which = if differs(&then.okta, &now.okta_organization) {
        "Okta org"
    } else if differs(&then.yubico, &now.yubico_organization) {
        "YubiEnterprise organization"
    } else {
        return None;
    };
    Some(Finding {
        object: name(shipment),
        word: "ConnectionChanged",
        what: format!(
            "It was made under another {which} than connection {wanted} shows now; nothing is looked for there."
        ),
        next: "restore URLs and credentials of the connection, or let go with deletionPolicy: Orphan"
            .to_owned(),
        ..Finding::default()
    })
}

/// Two open shipments for one person.
fn one_person(shipments: &[YubiKeyShipment]) -> Vec<Finding> {
    let mut by_person: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for shipment in shipments {
        let Some(status) = shipment.status.as_ref().filter(|status| progress::is_open(status)) else {
            continue;
        };
        let org = status.org.as_ref().and_then(|org| org.okta.clone()).unwrap_or_default();
        if let Some(id) = &status.user_id {
            by_person.entry((org, id.clone())).or_default().push(name(shipment));
        }
    }
    let twice = by_person.into_iter().filter(|(_, names)| names.len() > 1);
    twice
        .map(|((_, id), names)| Finding {
            object: names.join(", "),
            word: "AnotherOrderForUser",
            what: format!("They are under way for one person, Okta user {id}."),
            next: "keep one; the other is cancelled by deleting it".to_owned(),
            ..Finding::default()
        })
        .collect()
}

/// The ledger has a shipment that is gone, or lacks one that is there.
fn ledger(rollout: &YubiKeyRollout, shipments: &[YubiKeyShipment]) -> Vec<Finding> {
    let Some(status) = &rollout.status else { return Vec::new() };
    let object = format!("{}/ykr/{}", rollout.namespace().unwrap_or_default(), rollout.name_any());
    if let Err(failure) = ledger_status::read(status) {
        let next = "restore the status from a backup".to_owned();
        return vec![Finding {
            object,
            word: "StatusUnreadable",
            what: failure.message,
            next,
            ..Finding::default()
        }];
    }
    let label = rollout.name_any();
    let ours: Vec<_> = shipments
        .iter()
        .filter(|s| s.namespace() == rollout.namespace() && s.labels().get(ROLLOUT_LABEL) == Some(&label))
        .filter_map(|s| s.spec.user_ref.id.clone().or_else(|| s.status.as_ref()?.user_id.clone()))
        .collect();
    let gone = status
        .ledger
        .iter()
        .filter(|(id, entry)| entry.state == LedgerState::Made && !ours.contains(id))
        .count();
    let unknown = ours.iter().filter(|id| !status.ledger.contains_key(*id)).count();
    let mut found = Vec::new();
    if gone > 0 {
        found.push(Finding {
            object: object.clone(),
            word: "ShipmentDeleted",
            what: format!("Its ledger has {gone} people whose shipment is not there."),
            next: format!(
                "restore them, or answer the hold: `kubectl yubikey decide ykr/{label} -n {}`",
                rollout.namespace().unwrap_or_default()
            ),
            ..Finding::default()
        });
    }
    if unknown > 0 {
        found.push(Finding {
            object,
            word: "LedgerBehind",
            what: format!("It has {unknown} shipments whose people its ledger does not know: the ledger is older than they are."),
            next: "set spec.paused, restore the rollout's status of the same moment, then go on".to_owned(),
            ..Finding::default()
        });
    }
    found
}

fn bound(connection: &YubiKeyConnection) -> Option<Finding> {
    let wanted = connection.spec.ordering_cluster.as_ref()?;
    let here = connection.status.as_ref()?.cluster.as_ref()?;
    if wanted == "ThisCluster" || wanted == here {
        return None;
    }
    Some(Finding {
        object: format!("ykc/{}", connection.name_any()),
        word: "NotOrderingCluster",
        what: format!(
            "orderingCluster is {wanted}, and this cluster is {here}: nothing is ordered or cancelled here."
        ),
        next: format!("after a move, when the old cluster is off: set orderingCluster to {here}"),
        ..Finding::default()
    })
}

#[cfg(test)]
mod tests;
