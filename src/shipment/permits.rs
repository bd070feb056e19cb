//! What a pass needs of the vendors' limits before its first call, and its place among those that wait for them.

use api::shipment::{EnrollmentOutcome, OrderOutcome, YubiKeyShipment, YubiKeyShipmentStatus};
use domain::{
    journal::{Journal, Order},
    pass::Task,
    plan::{Fetch, Idempotent},
};
use jiff::Timestamp;
use kube::ResourceExt;
use queue::budget_queue::Position;
use vendors::okta::Calls;

use crate::connection::{
    handle::ConnectionHandle,
    need::{Need, Reserved, Yubico},
};

/// Does the task call Okta, or what is prepared by it?
#[must_use]
pub const fn calls_okta(task: &Task) -> bool {
    match task {
        Task::Fetch(Fetch::User | Fetch::Enrollments | Fetch::FirstUse) | Task::Prepare(_) => true,
        Task::Run(what) => matches!(what, Idempotent::Activate | Idempotent::MarkError),
        _ => false,
    }
}

/// Does the task call a vendor?
#[must_use]
pub const fn calls(task: &Task) -> bool {
    !matches!(task, Task::Fetch(Fetch::Rivals))
        && matches!(task, Task::Fetch(_) | Task::Prepare(_) | Task::Run(_))
}

/// Does the pass ask for its place before this task? Once for its calls to Yubico, and once more for the first to Okta;
/// who stands in line asks before any call.
pub fn asks(task: &Task, reserved: Option<&Reserved>, stands: impl FnOnce() -> bool) -> bool {
    match reserved {
        Some(reserved) => reserved.okta.is_none() && calls_okta(task),
        None => calls_okta(task) || (calls(task) && stands()),
    }
}

/// What the pass needs from this task on, so that what it begins can be finished: nobody is enrolled whose order cannot
/// follow.
#[must_use]
pub fn need(task: &Task, journal: &Journal, deleting: bool, link: &ConnectionHandle) -> Need {
    if looks_for_use(task) {
        return Need { okta: Calls { users: 0, preregistration: 1 }, yubico: Yubico::Nothing };
    }
    let groups = link.spec.policy.user_groups.as_ref();
    let users = 1 + u32::from(groups.is_some_and(|g| !g.allow.is_empty() || !g.deny.is_empty()));
    if is_enrolled(journal, deleting) {
        // The second look, and a third where ours must be removed.
        return Need { okta: Calls { users, preregistration: 2 }, yubico: Yubico::Calls };
    }
    if !deleting && matches!(journal.order, Order::Never | Order::Refused(_)) {
        // Look, enrol, look again.
        return Need { okta: Calls { users, preregistration: 3 }, yubico: Yubico::Order };
    }
    let activates = journal.kept.is_some() && journal.times.activated.is_none() && !deleting;
    if !calls_okta(task) && !activates {
        return Need { okta: Calls::default(), yubico: Yubico::Calls };
    }
    // Activate and mail the PIN, or look and remove.
    Need { okta: Calls { users, preregistration: 2 }, yubico: Yubico::Nothing }
}

/// Nothing is begun, and nobody waits for it.
const fn looks_for_use(task: &Task) -> bool {
    matches!(task, Task::Fetch(Fetch::FirstUse))
}

/// Is there an enrolment whose order is still to come?
fn is_enrolled(journal: &Journal, deleting: bool) -> bool {
    let waits = journal.made().is_some_and(|made| made.requests.is_some());
    !deleting && waits && matches!(journal.order, Order::Never | Order::Refused(_))
}

/// As [`is_enrolled`], without building the journal: this runs before each pass.
#[must_use]
pub fn comes_first(object: &YubiKeyShipment) -> bool {
    let open = |status: &YubiKeyShipmentStatus| {
        let enrolled = status.enrollment.as_ref().is_some_and(|enrollment| {
            enrollment.outcome == EnrollmentOutcome::Made && enrollment.requests.is_some()
        });
        let ordered = status.order.as_ref().is_some_and(|order| order.outcome != OrderOutcome::Refused);
        enrolled && !ordered
    };
    object.metadata.deletion_timestamp.is_none() && object.status.as_ref().is_some_and(open)
}

/// Its place: the enrolled by the age of their enrolment, the others by their own. Who only looks whether a key is used
/// comes after everybody of the namespace.
#[must_use]
pub fn position(task: &Task, object: &YubiKeyShipment, journal: &Journal) -> Position {
    let enrolled = is_enrolled(journal, object.metadata.deletion_timestamp.is_some());
    let made = journal.made().filter(|_| enrolled).map(|made| made.created_at);
    let declared = || object.creation_timestamp().map_or(Timestamp::UNIX_EPOCH, |created| created.0);
    Position {
        enrolled,
        namespace: object.namespace().unwrap_or_default(),
        since: if looks_for_use(task) { Timestamp::MAX } else { made.unwrap_or_else(declared) },
        uid: object.uid().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_asks_yubico_or_kubernetes_needs_nothing_of_okta_s_limit() {
        let asks_okta = [
            Task::Fetch(Fetch::User),
            Task::Fetch(Fetch::Enrollments),
            Task::Fetch(Fetch::FirstUse),
            Task::Run(Idempotent::Activate),
            Task::Run(Idempotent::MarkError),
        ];
        assert!(asks_okta.iter().all(calls_okta));
        let others = [Fetch::Address, Fetch::Parcel, Fetch::Search, Fetch::Adoption, Fetch::Rivals];
        assert!(!others.into_iter().any(|fetch| calls_okta(&Task::Fetch(fetch))));
        assert!(!calls_okta(&Task::Run(Idempotent::Cancel)));
    }

    #[test]
    fn who_has_a_place_asks_again_only_for_the_first_call_to_okta() {
        let (okta, yubico, cluster) =
            (Task::Fetch(Fetch::User), Task::Fetch(Fetch::Parcel), Task::Fetch(Fetch::Rivals));
        let nothing = Reserved { okta: None, place: None };
        assert!(asks(&okta, Some(&nothing), || false));
        assert!(!asks(&yubico, Some(&nothing), || true), "its place is for Yubico already");
        assert!(asks(&okta, None, || false));
        assert!(asks(&yubico, None, || true), "it stands in line");
        assert!(!asks(&yubico, None, || false));
        assert!(!asks(&cluster, None, || true), "no vendor is called");
    }

    #[test]
    fn who_only_looks_whether_a_key_is_used_comes_after_everybody_else() {
        let declared = |name: &str, at: &str| -> YubiKeyShipment {
            serde_json::from_value(json!({
                "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
                "metadata": {"name": name, "namespace": "n", "uid": name, "creationTimestamp": at},
                "spec": {"userRef": {"id": "00u1"}, "key": {"model": "m"}},
            }))
            .unwrap()
        };
        let journal = Journal::default();
        let place = |task: Task, object: &YubiKeyShipment| {
            let place = position(&task, object, &journal);
            (place.enrolled, place.since)
        };
        let old = declared("old", "2026-01-01T00:00:00Z");
        let new = declared("new", "2027-01-01T00:00:00Z");
        let look = || Task::Fetch(Fetch::FirstUse);
        assert!(place(look(), &old) > place(Task::Fetch(Fetch::User), &new), "finished long before");
        assert!(place(Task::Fetch(Fetch::User), &old) < place(Task::Fetch(Fetch::User), &new));
        assert!(calls_okta(&look()) && calls(&look()), "it asks for its place");
    }
}
