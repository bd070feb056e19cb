//! The status that people and tools read, from the journal and the end of the pass.

use api::{
    REQUESTED_AT,
    shipment::{Display, IN_USE, Phase, YubiKeyShipment, YubiKeyShipmentStatus, journal_status},
};
use domain::{
    failure::Reason,
    first_use::{self, Said, SaidSoFar, UseSeen},
    journal::{Enrollment, Journal, Order},
    summary::{self, End, Ready, Summary},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::revision;
use crate::kubernetes::conditions::{self, Fact};

/// What is told besides the journal.
#[derive(Debug, Clone)]
pub struct Told {
    /// What the columns show.
    pub display: Display,
    /// What a look for the first use gave in this pass.
    pub first_use: Option<UseSeen>,
    /// Does the connection look for the first use, if it is known?
    pub looks_for_use: Option<bool>,
}

/// The status at the end of a pass, or before an effect that is named by the reason of its rest.
#[must_use]
pub fn end(
    object: &YubiKeyShipment,
    journal: &Journal,
    end: &End,
    told: Told,
    now: Timestamp,
) -> YubiKeyShipmentStatus {
    let deleting = object.metadata.deletion_timestamp.is_some();
    let end = &summary::said(journal, end, deleting);
    let summary = summary::summarise(journal, end, deleting);
    let (seen, watched) = (told.first_use, told.looks_for_use);
    let mut status = basis(object, journal, told.display);
    let before = status.conditions.clone();
    let stays = stays_stalled(&summary, &before);
    let mut facts = outcome(&summary, &before, end, stays, deleting);
    if matches!(end, End::Failed(_)) {
        agree(&mut facts, journal);
    }
    facts.extend(steps(journal));
    facts.extend(in_use(journal, seen, watched, &before, now));
    status.conditions = sorted(conditions::build(facts, &before, generation(object), now));
    // A person is still needed: a failed look or a suspension answers nothing.
    let held = stays && !deleting;
    status.phase = status.phase.filter(|_| held).or(Some(summary.phase.into()));
    status.observed_generation = generation(object);
    status.last_handled_reconcile_at = object.annotations().get(REQUESTED_AT).cloned();
    with_summary(object, status)
}

/// With what the column shows. A status of an older version that stays as it is gets none: what rests is not written
/// because of a column.
fn with_summary(object: &YubiKeyShipment, mut status: YubiKeyShipmentStatus) -> YubiKeyShipmentStatus {
    if object.status.as_ref() != Some(&status) || status.summary.is_some() {
        status.summary = conditions::summary(&status.conditions);
    }
    status
}

/// A status that stays as it is while the spec has another generation: nothing of it depends on what changed.
#[must_use]
pub fn observed(object: &YubiKeyShipment) -> YubiKeyShipmentStatus {
    let mut status = object.status.clone().unwrap_or_default();
    status.observed_generation = generation(object);
    status
}

/// A status that cannot be read is left as it is, but for the condition that says so.
#[must_use]
pub fn unreadable(
    object: &YubiKeyShipment,
    failure: &domain::failure::Failure,
    now: Timestamp,
) -> YubiKeyShipmentStatus {
    let mut status = object.status.clone().unwrap_or_default();
    let (reason, message) = (failure.reason.as_str(), failure.message.clone());
    let facts =
        vec![Fact::new("Ready", false, reason, message.clone()), Fact::new("Stalled", true, reason, message)];
    let before = status.conditions.clone();
    let mut all: Vec<Condition> = before
        .iter()
        .filter(|c| !matches!(c.type_.as_str(), "Ready" | "Reconciling" | "Stalled"))
        .cloned()
        .collect();
    all.extend(conditions::build(facts, &before, generation(object), now));
    status.conditions = sorted(all);
    status.phase = Some(Phase::Held);
    status.observed_generation = generation(object);
    with_summary(object, status)
}

fn generation(object: &YubiKeyShipment) -> i64 {
    object.metadata.generation.unwrap_or_default()
}

fn basis(object: &YubiKeyShipment, journal: &Journal, display: Display) -> YubiKeyShipmentStatus {
    let mut status = object.status.clone().unwrap_or_default();
    journal_status::write(journal, &mut status);
    revision::note(object, &mut status);
    status.display = Some(display);
    status
}

/// Stalled goes with Ready: where that is left as it was, so is this.
fn stays_stalled(summary: &Summary, before: &[Condition]) -> bool {
    summary.ready == Ready::Unchanged
        && conditions::find(before, "Stalled").is_some_and(|stalled| stalled.status == "True")
}

fn outcome(
    summary: &Summary,
    before: &[Condition],
    end: &End,
    stays_stalled: bool,
    deleting: bool,
) -> Vec<Fact> {
    let ready = match &summary.ready {
        Ready::Is(is, reason, message) => Fact::new("Ready", *is, reason.as_str(), message.clone()),
        Ready::Unchanged => unchanged(before, end, deleting),
    };
    let mut facts = Vec::with_capacity(3);
    let stalled = summary.stalled || stays_stalled;
    for (kind, holds) in [("Reconciling", summary.reconciling), ("Stalled", stalled)] {
        if holds {
            facts.push(Fact::new(kind, true, ready.reason.clone(), ready.message.clone()));
        }
    }
    facts.insert(0, ready);
    facts
}

/// As it was; reason and message say what a deletion waits for.
fn unchanged(before: &[Condition], end: &End, deleting: bool) -> Fact {
    let (reason, message) = match end {
        End::Idle(rest) => (deleting.then(|| rest.reason.to_string()), Some(rest.message.clone())),
        End::Failed(failure) => (None, deleting.then(|| failure.message.clone())),
    };
    match conditions::find(before, "Ready") {
        Some(old) => Fact {
            kind: "Ready",
            status: conditions::truth(old),
            reason: reason.unwrap_or_else(|| old.reason.clone()),
            message: message.unwrap_or_else(|| old.message.clone()),
        },
        None => Fact {
            kind: "Ready",
            status: None,
            reason: reason.unwrap_or_else(|| "Pending".into()),
            message: message.unwrap_or_default(),
        },
    }
}

/// A reason that was left as it was must not contradict what has been read since: a parcel on its way does not await its
/// shipment.
fn agree(facts: &mut [Fact], journal: &Journal) {
    let shipped = journal.times.shipped.is_some();
    for fact in facts.iter_mut().filter(|fact| fact.kind == "Ready") {
        if shipped && fact.reason == Reason::AwaitingShipment.as_str() {
            fact.reason = Reason::AwaitingDelivery.to_string();
            SHIPPED.clone_into(&mut fact.message);
        }
    }
}

const SHIPPED: &str = "YubiEnterprise has shown the key as shipped; the parcel is followed, and what comes next is not known yet.";

/// The steps of the road, present from the first pass on.
fn steps(journal: &Journal) -> Vec<Fact> {
    let times = &journal.times;
    let enrolled = match &journal.enrollment {
        Enrollment::Made(made) => {
            Fact::new("Enrolled", true, "Enrolled", format!("Enrolment {} stands at Okta.", made.id))
        }
        Enrollment::Open(..) => unknown("Enrolled", "Enrolling", "Okta's answer is not known yet."),
        Enrollment::Discarded(_) => Fact::new("Enrolled", false, "Discarded", "The enrolment was removed."),
        Enrollment::Never | Enrollment::Refused(_) => not_yet("Enrolled", "NotEnrolled"),
    };
    let ordered = match &journal.order {
        Order::Accepted(order) => {
            Fact::new("Ordered", true, "Ordered", format!("YubiEnterprise accepted shipment {}.", order.id))
        }
        Order::Open(..) => unknown("Ordered", "Ordering", "YubiEnterprise's answer is not known yet."),
        Order::Unknown(..) => {
            unknown("Ordered", "OrderOutcomeUnknown", "YubiEnterprise gave no readable answer.")
        }
        Order::Cancelled(..) => Fact::new("Ordered", false, "Cancelled", "The order is cancelled."),
        Order::Refused(_) => Fact::new("Ordered", false, "OrderRefused", "YubiEnterprise refused the order."),
        Order::Never => not_yet("Ordered", "NotOrdered"),
    };
    vec![
        enrolled,
        ordered,
        by_time("Shipped", times.shipped, "NotShipped"),
        by_time("Delivered", times.delivered, "NotDelivered"),
        by_time("Activated", times.activated, "NotActivated"),
        by_time("PinSent", times.pin_sent, "NotSent"),
    ]
}

/// Whether the person uses the key; Ready depends on it in no way.
fn in_use(
    journal: &Journal,
    seen: Option<UseSeen>,
    watched: Option<bool>,
    before: &[Condition],
    now: Timestamp,
) -> Option<Fact> {
    let old = conditions::find(before, IN_USE);
    let mailed = conditions::find(before, "PinSent").and_then(conditions::truth) == Some(true);
    let so_far = SaidSoFar { in_use: old.map(conditions::truth), mailed };
    match first_use::said(journal, seen, watched, so_far, now) {
        Said::Now(says) => Some(Fact {
            kind: IN_USE,
            status: says.status,
            reason: says.reason.to_owned(),
            message: says.message.to_owned(),
        }),
        Said::AsBefore => old.map(|old| Fact {
            kind: IN_USE,
            status: conditions::truth(old),
            reason: old.reason.clone(),
            message: old.message.clone(),
        }),
    }
}

fn not_yet(kind: &'static str, reason: &str) -> Fact {
    Fact::new(kind, false, reason, "")
}

fn unknown(kind: &'static str, reason: &str, message: &str) -> Fact {
    Fact { kind, status: None, reason: reason.to_owned(), message: message.to_owned() }
}

fn by_time(kind: &'static str, at: Option<Timestamp>, not: &str) -> Fact {
    if at.is_some() { Fact::new(kind, true, kind, "") } else { not_yet(kind, not) }
}

/// Ready first, then what is wrong, then the road.
fn sorted(mut conditions: Vec<Condition>) -> Vec<Condition> {
    const ORDER: [&str; 10] = [
        "Ready",
        "Reconciling",
        "Stalled",
        "Enrolled",
        "Ordered",
        "Shipped",
        "Delivered",
        "Activated",
        "PinSent",
        IN_USE,
    ];
    conditions.sort_by_key(|c| ORDER.iter().position(|kind| *kind == c.type_));
    conditions
}

#[cfg(test)]
mod tests {
    use domain::plan::Idle;
    use serde_json::{Value, json};

    use super::*;

    fn shipment(status: &Value) -> YubiKeyShipment {
        let object = json!({
            "apiVersion": "fidoprereg.dev/v1alpha1", "kind": "YubiKeyShipment",
            "metadata": {"name": "x", "generation": 1},
            "spec": {"userRef": {"id": "00u1"}, "key": {"model": "m"}}, "status": status,
        });
        serde_json::from_value(object).unwrap()
    }

    fn ended(object: &YubiKeyShipment, message: &str) -> YubiKeyShipmentStatus {
        let rest = Idle { reason: Reason::Suspended, message: message.to_owned(), until: None, pin: false };
        let display = Display { user: "00u1".to_owned(), key: "m".to_owned() };
        let told = Told { display, first_use: None, looks_for_use: None };
        end(object, &Journal::default(), &End::Idle(rest), told, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_column_is_short_and_the_condition_has_it_all() {
        let long = format!("It is suspended. {} Unset spec.suspend.", "Because of this. ".repeat(40));
        let status = ended(&shipment(&Value::Null), &long);
        assert_eq!(conditions::find(&status.conditions, "Ready").unwrap().message, long);
        let short = status.summary.unwrap();
        assert!(
            short.starts_with("It is suspended. … ") && short.ends_with("Unset spec.suspend."),
            "{short}"
        );
    }

    #[test]
    fn what_cannot_be_read_says_so_and_keeps_what_else_it_said() {
        let one = |kind: &str, status: &str| {
            json!({"type": kind, "status": status, "reason": "Ordered", "message": "",
                "lastTransitionTime": "2027-01-01T00:00:00Z"})
        };
        let object = shipment(&json!({"conditions": [one("Shipped", "True"), one("Ready", "True")]}));
        let failure = domain::failure::Failure::new(Reason::StatusUnreadable, "what it is");
        let status = unreadable(&object, &failure, Timestamp::UNIX_EPOCH);
        let said = |kind: &str| conditions::find(&status.conditions, kind).map(|c| c.status.as_str());
        assert_eq!(said("Shipped"), Some("True"));
        assert_eq!(said("Ready"), Some("False"));
        assert_eq!(said("Stalled"), Some("True"));
        assert_eq!(status.conditions.len(), 3);
    }

    #[test]
    fn a_shipment_of_an_older_version_that_rests_is_not_written_for_its_column() {
        let mut old = ended(&shipment(&Value::Null), "It is suspended.");
        old.summary = None;
        let mut object = shipment(&Value::Null);
        object.status = Some(old.clone());
        assert_eq!(ended(&object, "It is suspended."), old);
        assert_eq!(ended(&object, "It goes on.").summary.as_deref(), Some("It goes on."));
    }
}
