//! What the cluster's shipments show of a connection without any call: whether the road is open, whose keys are ours,
//! and how orders of each model ended.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use api::{
    connection::YubiKeyConnection,
    shipment::{EnrollmentOutcome, OrderOutcome, YubiKeyShipment, YubiKeyShipmentStatus},
};
use connect::ours::Ours;
use domain::{
    ids::UserId,
    preflight::{Check, Orders},
};
use jiff::Timestamp;
use kube::ResourceExt;
use system::random;

use crate::kubernetes::conditions;

/// People whose last orders must have been refused before that says anything about the model: one may have a bad address.
const REFUSED: usize = 2;

/// People with whom the road is tried at most.
const PEOPLE: usize = 3;

/// Shipments looked at before others go on.
const AT_ONCE: usize = 128;

/// What the shipments show.
#[derive(Debug, Default)]
pub struct Evidence {
    /// People and their keys.
    pub ours: Ours,
    models: HashMap<String, Ends>,
}

/// What an earlier process tried is not tried again at each start.
fn stood_open(object: &YubiKeyConnection) -> bool {
    let conditions = object.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let stood = |check: Check| {
        conditions::find(conditions, check.name()).is_some_and(|condition| {
            condition.status == "True" && condition.observed_generation == object.metadata.generation
        })
    };
    stood(Check::RoleAssigned) && stood(Check::PreRegistrationEnabled)
}

/// Is the shipment of the org that this connection leads to? One that had its name before may have led elsewhere.
fn is_of(object: &YubiKeyConnection, status: &YubiKeyShipmentStatus) -> bool {
    let looked = object.status.as_ref().filter(|status| !status.conditions.is_empty());
    let theirs = status.org.as_ref().and_then(|org| org.okta.as_ref());
    looked.is_some_and(|ours| ours.okta_organization.as_ref() == theirs)
}

/// A few of them, others at each look, so that no odd person is asked for ever.
fn some_of(mut people: Vec<UserId>) -> Vec<UserId> {
    let mut some = Vec::new();
    while some.len() < PEOPLE && !people.is_empty() {
        let index = usize::from(random::byte()) * people.len() / 256;
        some.push(people.swap_remove(index));
    }
    some
}

/// How orders of one model ended.
#[derive(Debug, Default)]
struct Ends {
    accepted: Option<Timestamp>,
    refused: Vec<(Timestamp, String)>,
}

impl Ends {
    fn orders(&self) -> Orders {
        let since = self.accepted.unwrap_or(Timestamp::MIN);
        let people: BTreeSet<_> =
            self.refused.iter().filter(|(at, _)| *at > since).map(|(_, user)| user).collect();
        match self.accepted {
            _ if people.len() >= REFUSED => Orders::Refused,
            Some(_) => Orders::Accepted,
            None => Orders::None,
        }
    }
}

impl Evidence {
    /// Walks over all shipments once, and lets others go on in between: to unpack a hundred thousand takes seconds.
    pub async fn of(
        shipments: impl Iterator<Item = Arc<YubiKeyShipment>>,
        object: &YubiKeyConnection,
    ) -> Self {
        let connection = &object.name_any();
        let mut evidence =
            Self { ours: Ours { road_was_open: stood_open(object), ..Ours::default() }, ..Self::default() };
        let mut people = BTreeSet::new();
        for (number, shipment) in shipments.enumerate() {
            if number % AT_ONCE == AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            let Some(status) = &shipment.status else { continue };
            evidence.note_person(status);
            if shipment.spec.connection_ref.name == *connection && is_of(object, status) {
                people.extend(status.user_id.as_ref().and_then(|id| UserId::new(id.as_str()).ok()));
                evidence.note_road(status);
                evidence.note_order(&shipment, status);
            }
        }
        evidence.ours.people = some_of(people.into_iter().collect());
        evidence
    }

    /// How the orders of a model ended.
    #[must_use]
    pub fn orders(&self, model: &str) -> Orders {
        self.models.get(model).map_or(Orders::None, Ends::orders)
    }

    fn note_person(&mut self, status: &YubiKeyShipmentStatus) {
        let Some(enrollment) = &status.enrollment else { return };
        if let Some(id) = &enrollment.id {
            self.ours.enrollments.insert(id.clone());
        }
        if let Some(user) = status.user_id.as_ref().filter(|_| enrollment.outcome == EnrollmentOutcome::Open)
        {
            self.ours.ordering.insert(user.clone());
        }
    }

    fn note_road(&mut self, status: &YubiKeyShipmentStatus) {
        let made = |outcome| outcome == EnrollmentOutcome::Made;
        self.ours.road_was_open |= status.enrollment.as_ref().is_some_and(|e| made(e.outcome));
    }

    fn note_order(&mut self, shipment: &YubiKeyShipment, status: &YubiKeyShipmentStatus) {
        let (Some(model), Some(order)) = (&shipment.spec.key.model, &status.order) else { return };
        let ends = self.models.entry(model.clone()).or_default();
        match order.outcome {
            OrderOutcome::Accepted | OrderOutcome::Cancelled => {
                ends.accepted = ends.accepted.max(order.ordered_at.as_ref().map(|at| at.0));
            }
            OrderOutcome::Refused => {
                let user = status.user_id.clone().unwrap_or_else(|| shipment.name_any());
                ends.refused.push((order.mark.0, user));
            }
            OrderOutcome::Open | OrderOutcome::Unknown => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn two_people_refused_since_the_last_success_say_something() {
        let refused = |list: &[(i64, &str)]| {
            list.iter().map(|(second, user)| (at(*second), (*user).to_owned())).collect::<Vec<_>>()
        };
        let ends = |accepted: Option<i64>, list| {
            Ends { accepted: accepted.map(at), refused: refused(list) }.orders()
        };
        assert_eq!(ends(None, &[]), Orders::None);
        assert_eq!(ends(None, &[(1, "a")]), Orders::None);
        assert_eq!(ends(None, &[(1, "a"), (2, "a")]), Orders::None, "one person may have a bad address");
        assert_eq!(ends(None, &[(1, "a"), (2, "b")]), Orders::Refused);
        assert_eq!(ends(Some(1), &[(2, "a"), (3, "b")]), Orders::Refused);
        assert_eq!(ends(Some(3), &[(1, "a"), (2, "b")]), Orders::Accepted);
    }
}
