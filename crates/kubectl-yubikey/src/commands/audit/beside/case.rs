//! One shipment beside what its connection's vendors showed.

use std::collections::BTreeSet;

use api::shipment::{YubiKeyShipment, journal_status};
use domain::{
    ids::{EnrollmentId, ShipmentId, UserId},
    journal::{Enrollment, Journal, Order},
};
use jiff::{SignedDuration, Timestamp};

use super::super::findings::{Finding, name};
use crate::vendor::{Person, Seen};

/// An effect that was marked so lately may still be on its way, and its receipt with it.
const UNDER_WAY: SignedDuration = SignedDuration::from_mins(10);

/// Ids that some status has.
#[derive(Debug, Default)]
pub struct Claimed {
    /// Ids of orders at `YubiEnterprise`.
    pub orders: BTreeSet<ShipmentId>,
    /// Ids of pre-registered factors at Okta.
    pub enrollments: BTreeSet<EnrollmentId>,
}

impl Claimed {
    /// Of these shipments.
    #[must_use]
    pub fn of(shipments: &[YubiKeyShipment]) -> Self {
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
pub struct Case<'a> {
    /// As the API server showed it.
    pub shipment: &'a YubiKeyShipment,
    /// What its status says.
    pub journal: Journal,
    /// What the vendors showed.
    pub seen: &'a Seen,
    /// Whose key it is, if that is known.
    pub user: Option<UserId>,
    /// The one moment that everything is judged by (UTC).
    pub now: Timestamp,
}

/// What its status says; one that cannot be read says nothing, and is a finding of its own.
#[must_use]
pub fn journal(shipment: &YubiKeyShipment) -> Journal {
    shipment.status.as_ref().and_then(|status| journal_status::read(status).ok()).unwrap_or_default()
}

impl<'a> Case<'a> {
    /// Of a shipment.
    #[must_use]
    pub fn of(shipment: &'a YubiKeyShipment, seen: &'a Seen, now: Timestamp) -> Self {
        let journal = journal(shipment);
        let reference = &shipment.spec.user_ref;
        let by_login = || seen.okta.as_ref().ok()?.logins.get(reference.login.as_ref()?).cloned();
        let by_id = || UserId::new(reference.id.as_ref()?.as_str()).ok();
        let user = journal.user.clone().or_else(by_id).or_else(by_login);
        Self { shipment, journal, seen, user, now }
    }

    /// A finding about it, without a next step yet.
    #[must_use]
    pub fn finding(&self, word: &'static str, what: impl Into<String>) -> Finding {
        Finding { object: name(self.shipment), word, what: what.into(), ..Finding::default() }
    }

    /// The person, if Okta showed one.
    #[must_use]
    pub fn person(&self) -> Option<&'a Person> {
        self.seen.okta.as_ref().ok()?.people.get(self.user.as_ref()?)?.as_ref()
    }

    /// Was Okta asked about the person, and has no such user?
    #[must_use]
    pub fn has_nobody(&self) -> bool {
        let people = self.seen.okta.as_ref().ok().map(|okta| &okta.people);
        people
            .zip(self.user.as_ref())
            .and_then(|(people, user)| people.get(user))
            .is_some_and(Option::is_none)
    }

    /// Is an effect on its way whose outcome nobody knows yet?
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        let mark = match (&self.journal.order, &self.journal.enrollment) {
            (Order::Open(_, mark) | Order::Unknown(_, mark, _), _) => *mark,
            (_, Enrollment::Open(_, mark)) => mark.at,
            _ => return false,
        };
        self.journal.hold.is_none() && self.now.duration_since(mark) < UNDER_WAY
    }

    /// The credentials are another organization's than the status names: nothing of it can be compared with that.
    #[must_use]
    pub fn moved(&self) -> Option<Finding> {
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
