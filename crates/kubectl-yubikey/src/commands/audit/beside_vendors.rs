//! The shipments' status beside what both vendors show. Pure: what was read goes in, contradictions come out.

mod answers;
mod enrollments;
mod orders;
mod unclaimed;

use std::collections::{BTreeMap, BTreeSet};

use api::shipment::{YubiKeyShipment, journal_status};
use domain::{
    ids::{EnrollmentId, ShipmentId, UserId},
    journal::{Enrollment, Journal, Order},
};
use jiff::{SignedDuration, Timestamp};

use super::findings::{Finding, name};
use crate::{
    fault::Fault,
    vendor::{Declared, Person, Seen, Wanted},
};

/// An effect that was marked so lately may still be on its way, and its receipt with it.
const UNDER_WAY: SignedDuration = SignedDuration::from_mins(10);

/// A connection, and what its vendors showed.
pub type Shown<'a> = (&'a Declared, &'a Seen);

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The shipments.
    pub shipments: &'a [YubiKeyShipment],
    /// They are all of the cluster: what none of them has, nobody has.
    pub whole: bool,
    /// Now (UTC).
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

/// Ids that some status has.
#[derive(Debug, Default)]
struct Claimed {
    orders: BTreeSet<ShipmentId>,
    enrollments: BTreeSet<EnrollmentId>,
}

impl Claimed {
    fn of(shipments: &[YubiKeyShipment]) -> Self {
        let statuses: Vec<_> = shipments.iter().filter_map(|shipment| shipment.status.as_ref()).collect();
        let orders = statuses.iter().filter_map(|status| status.order.as_ref()?.shipment_id.clone());
        let enrollments = statuses.iter().filter_map(|status| status.enrollment.as_ref()?.id.clone());
        Self {
            orders: orders.filter_map(|id| ShipmentId::new(id).ok()).collect(),
            enrollments: enrollments.filter_map(|id| EnrollmentId::new(id).ok()).collect(),
        }
    }
}

/// One shipment beside what its connection's vendors showed.
#[derive(Debug)]
struct Case<'a> {
    shipment: &'a YubiKeyShipment,
    journal: Journal,
    seen: &'a Seen,
    user: Option<UserId>,
    now: Timestamp,
}

/// What its status says; one that cannot be read says nothing, and is a finding of its own.
fn journal(shipment: &YubiKeyShipment) -> Journal {
    shipment.status.as_ref().and_then(|status| journal_status::read(status).ok()).unwrap_or_default()
}

impl<'a> Case<'a> {
    fn of(shipment: &'a YubiKeyShipment, seen: &'a Seen, now: Timestamp) -> Self {
        let journal = journal(shipment);
        let reference = &shipment.spec.user_ref;
        let by_login = || seen.okta.as_ref().ok()?.logins.get(reference.login.as_ref()?).cloned();
        let by_id = || UserId::new(reference.id.as_ref()?.as_str()).ok();
        let user = journal.user.clone().or_else(by_id).or_else(by_login);
        Self { shipment, journal, seen, user, now }
    }

    fn finding(&self, word: &'static str, what: impl Into<String>) -> Finding {
        Finding { object: name(self.shipment), word, what: what.into(), ..Finding::default() }
    }

    /// The person, if Okta showed one.
    fn person(&self) -> Option<&'a Person> {
        self.seen.okta.as_ref().ok()?.people.get(self.user.as_ref()?)?.as_ref()
    }

    /// Was Okta asked about the person, and has no such user?
    fn has_nobody(&self) -> bool {
        let people = self.seen.okta.as_ref().ok().map(|okta| &okta.people);
        people
            .zip(self.user.as_ref())
            .and_then(|(people, user)| people.get(user))
            .is_some_and(Option::is_none)
    }

    /// Is an effect on its way whose outcome nobody knows yet?
    fn is_under_way(&self) -> bool {
        let mark = match (&self.journal.order, &self.journal.enrollment) {
            (Order::Open(_, mark) | Order::Unknown(_, mark), _) => *mark,
            (_, Enrollment::Open(_, mark)) => mark.at,
            _ => return false,
        };
        self.journal.hold.is_none() && self.now.duration_since(mark) < UNDER_WAY
    }

    /// The credentials are another organization's than the status names: nothing of it can be compared with that.
    fn moved(&self) -> Option<Finding> {
        let orgs = self.shipment.status.as_ref()?.org.as_ref()?;
        let okta = self.seen.okta.as_ref().ok().and_then(|okta| okta.organization.as_ref());
        let yubico = self.seen.yubico.as_ref().ok().and_then(|yubico| yubico.organization.as_ref());
        let differs = |then: Option<&String>, now: Option<&String>| matches!((then, now), (Some(then), Some(now)) if then != now);
        let which = match (differs(orgs.okta.as_ref(), okta), differs(orgs.yubico.as_ref(), yubico)) {
            (true, _) => "Okta org",
            (false, true) => "YubiEnterprise organization",
            (false, false) => return None,
        };
        Some(Finding {
            next: "use the credentials of the organization that it was ordered under; if it is really given up, let go with deletionPolicy: Orphan".to_owned(),
            ..self.finding("ConnectionChanged", format!("It was made under another {which} than these credentials open, so it was not compared."))
        })
    }
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
