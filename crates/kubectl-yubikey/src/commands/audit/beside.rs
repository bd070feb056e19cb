//! The shipments' status beside what both vendors show. Pure: what was read goes in, contradictions come out.

mod answers;
mod case;
mod enrollments;
mod orders;
mod unclaimed;

use std::collections::{BTreeMap, BTreeSet};

use api::shipment::YubiKeyShipment;
use domain::ids::UserId;
use jiff::Timestamp;

use self::case::{Case, Claimed, journal};
use super::findings::{Finding, name};
use crate::{
    fault::Fault,
    vendor::{Declared, Seen, Wanted},
};

/// A connection, and what its vendors showed.
pub type Shown<'a> = (&'a Declared, &'a Seen);

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Shipments that could be read.
    pub shipments: &'a [YubiKeyShipment],
    /// They are all of the cluster: what none of them has, nobody has.
    pub whole: bool,
    /// The one moment that everything is judged by (UTC).
    pub now: Timestamp,
}

/// Whom and what of a connection the vendors are to be asked about.
#[must_use]
pub fn wanted(shipments: &[YubiKeyShipment], connection: &str) -> Wanted {
    let mut wanted = Wanted::default();
    for shipment in shipments.iter().filter(|shipment| shipment.spec.connection_ref.name == connection) {
        let journal = journal(shipment);
        let user = &shipment.spec.user_ref;
        let id = journal.user.clone().or_else(|| UserId::new(user.id.as_ref()?.as_str()).ok());
        match (id, &user.login) {
            (Some(id), _) => drop(wanted.ids.insert(id)),
            (None, Some(login)) => drop(wanted.logins.insert(login.clone())),
            (None, None) => {}
        }
        wanted.orders.extend(orders::open(&journal));
    }
    wanted
}

/// Everything of the status that the vendors contradict.
#[must_use]
pub fn all(known: Known<'_>, connections: &[Shown<'_>]) -> Vec<Finding> {
    let claimed = Claimed::of(known.shipments);
    let mut found = Vec::new();
    for (connection, seen) in connections {
        let cases: Vec<_> = known
            .shipments
            .iter()
            .filter(|shipment| shipment.spec.connection_ref.name == connection.name)
            .map(|shipment| Case::of(shipment, seen, known.now))
            .collect();
        found.extend(unasked(&connection.name, seen));
        found.extend(cases.iter().filter_map(Case::moved));
        let here: Vec<_> = cases.iter().filter(|case| case.moved().is_none()).collect();
        for case in &here {
            found.extend(orders::of(case));
            found.extend(enrollments::of(case));
        }
        if known.whole {
            found.extend(unclaimed::of(connection, seen, &here, &claimed));
        }
    }
    once(found)
}

/// An enrolment without an order is explained by the order that the status does not know.
fn once(mut found: Vec<Finding>) -> Vec<Finding> {
    let explained: BTreeSet<_> = found
        .iter()
        .filter(|one| one.word == unclaimed::ORDER_UNKNOWN)
        .map(|one| one.object.clone())
        .collect();
    found.retain(|one| one.word != enrollments::PENDING || !explained.contains(&one.object));
    found
}

/// A vendor that could not be asked: nothing of it was compared, so nothing of it is clean.
fn unasked(connection: &str, seen: &Seen) -> Vec<Finding> {
    let listed = seen.yubico.as_ref().ok().and_then(|yubico| yubico.listed.as_ref().err());
    let faults = [
        ("Okta", seen.okta.as_ref().err()),
        ("YubiEnterprise", seen.yubico.as_ref().err()),
        ("YubiEnterprise's list of orders", listed),
    ];
    let faults = faults.into_iter().filter_map(|(vendor, why)| Some((vendor, why?)));
    faults
        .map(|(vendor, why)| Finding {
            object: format!("ykc/{connection}"),
            word: "NotCompared",
            what: format!("{vendor} could not be asked: {why}"),
            next: "see `kubectl yubikey check --credentials-dir DIR -f FILE`, then audit again".to_owned(),
            ..Finding::default()
        })
        .collect()
}

/// Contradictions that both readings of the cluster show: what the operator wrote while the vendors were asked is none.
#[must_use]
pub fn lasting(before: &[Finding], after: Vec<Finding>) -> Vec<Finding> {
    let key = |found: &Finding| (found.object.clone(), found.word);
    let known: BTreeSet<_> = before.iter().map(key).collect();
    after.into_iter().filter(|found| known.contains(&key(found))).collect()
}

/// Names of the people, by shipment.
#[must_use]
pub fn names(
    shipments: &[YubiKeyShipment],
    connections: &[Shown<'_>],
    now: Timestamp,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (connection, seen) in connections {
        let theirs = shipments.iter().filter(|s| s.spec.connection_ref.name == connection.name);
        for case in theirs.map(|shipment| Case::of(shipment, seen, now)) {
            if let Some(person) = case.person() {
                names.insert(name(case.shipment), person.name.clone());
            }
        }
    }
    names
}

/// What is said where nothing is declared that could be asked.
#[must_use]
pub fn nothing_to_ask() -> Fault {
    Fault::new(
        "there is no connection whose vendors could be asked",
        "name the connections with -f FILE: their manifests, or the values.yaml of the chart",
    )
}

#[cfg(test)]
mod tests;
