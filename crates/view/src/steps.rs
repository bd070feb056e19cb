//! The steps of the road: enrolment, order, parcel, activation, PIN, first use.

use api::shipment::{EnrollmentOutcome, IN_USE, OrderOutcome, YubiKeyShipmentStatus};
use domain::first_use;
use jiff::Timestamp;
use serde::Serialize;

/// One step of the road, as the status tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// A word for it, such as `enrolment`.
    pub name: &'static str,
    /// Where it stands, in a few words.
    pub state: String,
    /// Is it through?
    pub done: bool,
    /// When it was done, or since when it stands so (UTC); absent where nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Ids and numbers that help to find it at the vendors.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
}

/// All steps of a shipment.
#[must_use]
pub fn of(status: &YubiKeyShipmentStatus) -> Vec<Step> {
    vec![
        enrollment(status),
        order(status),
        parcel(status),
        activation(status),
        pin(status),
        first_use(status),
    ]
}

fn enrollment(status: &YubiKeyShipmentStatus) -> Step {
    let Some(found) = &status.enrollment else { return not_yet("enrolment") };
    let (state, done) = match found.outcome {
        EnrollmentOutcome::Open => ("Okta's answer is not known yet", false),
        EnrollmentOutcome::Refused => ("refused by Okta", false),
        EnrollmentOutcome::Made => ("made at Okta", true),
        EnrollmentOutcome::Discarded => ("removed at Okta", false),
    };
    let at = status.times.as_ref().and_then(|times| times.enrolled.as_ref()).or(found.created_at.as_ref());
    step("enrolment", state, done, at.map(|time| time.0), found.id.clone().unwrap_or_default())
}

fn order(status: &YubiKeyShipmentStatus) -> Step {
    let Some(found) = &status.order else { return not_yet("order") };
    let (state, done) = match found.outcome {
        OrderOutcome::Open => ("YubiEnterprise's answer is not known yet", false),
        OrderOutcome::Unknown => ("no readable answer: it may have been accepted", false),
        OrderOutcome::Refused => ("refused by YubiEnterprise", false),
        OrderOutcome::Accepted => ("accepted by YubiEnterprise", true),
        OrderOutcome::Cancelled => ("cancelled", false),
    };
    let at = found.ordered_at.as_ref().unwrap_or(&found.mark).0;
    step("order", state, done, Some(at), found.shipment_id.clone().unwrap_or_default())
}

fn parcel(status: &YubiKeyShipmentStatus) -> Step {
    let Some(order) = &status.order else { return not_yet("parcel") };
    let times = status.times.clone().unwrap_or_default();
    let Some(state) = &order.state else { return not_yet("parcel") };
    let words = match state.name.as_str() {
        "InProgress" => "being made ready",
        "Shipped" => "on its way",
        "Delivered" => "delivered",
        "Lost" => "lost",
        other => other,
    };
    let first = match state.name.as_str() {
        "Delivered" => times.delivered.map(|time| time.0),
        "Shipped" => times.shipped.map(|time| time.0),
        _ => None,
    };
    let carrier = [order.carrier.clone(), order.tracking.clone()].into_iter().flatten();
    let serial = status.key.iter().map(|key| format!("serial {}", key.serial));
    let details = carrier.chain(serial).collect::<Vec<_>>().join(" ");
    step("parcel", words, state.name == "Delivered", Some(first.unwrap_or(state.since.0)), details)
}

fn activation(status: &YubiKeyShipmentStatus) -> Step {
    match status.times.as_ref().and_then(|times| times.activated.as_ref()) {
        Some(at) => step("activation", "the key can sign in", true, Some(at.0), String::new()),
        None => not_yet("activation"),
    }
}

fn pin(status: &YubiKeyShipmentStatus) -> Step {
    let mails = status.pin.as_ref().map(|pin| pin.mails.len()).unwrap_or_default();
    let details = if mails > 1 { format!("{mails} mails of late") } else { String::new() };
    match status.times.as_ref().and_then(|times| times.pin_sent.as_ref()) {
        Some(first) => {
            let last = status.pin.as_ref().and_then(|pin| pin.mails.last()).map_or(first.0, |mail| mail.0);
            step("PIN", "mailed by Okta", true, Some(last), details)
        }
        None => not_yet("PIN"),
    }
}

/// In the words of the condition: what is not looked for is not told as not used.
fn first_use(status: &YubiKeyShipmentStatus) -> Step {
    let in_use = status.conditions.iter().find(|condition| condition.type_ == IN_USE);
    let used = status.times.as_ref().and_then(|times| times.used.as_ref()).map(|at| at.0);
    let mailed = status.times.as_ref().is_some_and(|times| times.pin_sent.is_some());
    let state = match in_use.map(|condition| (condition.status.as_str(), condition.reason.as_str())) {
        Some(("True", _)) => "the person has signed in with the key",
        Some(("False", first_use::NOT_USED_YET)) => "not seen yet",
        Some(("False", _)) => "not seen, and not looked for any more",
        Some(_) => "not known: Okta does not show it",
        None if mailed => "not looked for",
        None => "not yet",
    };
    step("first use", state, used.is_some(), used, String::new())
}

fn not_yet(name: &'static str) -> Step {
    step(name, "not yet", false, None, String::new())
}

fn step(name: &'static str, state: &str, done: bool, at: Option<Timestamp>, details: String) -> Step {
    Step { name, state: state.to_owned(), done, at, details }
}
