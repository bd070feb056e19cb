//! Orders: never two for one person, never one that nobody follows.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;
use testbed::{
    diary::Declared,
    objects::{self, End},
};

use super::{
    evidence::{Evidence, LATEST_START, later},
    journal::{Call, ENROLL, ORDER, SEND_PIN},
};

/// How often Okta may be asked within a day for the mail of one key.
const MAILS_A_DAY: usize = 3;

/// Ids of the orders of a person that were accepted and stand.
pub(crate) fn standing<'a>(evidence: &'a Evidence, user: &'a str) -> Vec<&'a str> {
    let gone = deleted(evidence);
    let ids = evidence.journal.done(ORDER).filter(|call| call.user_id.as_deref() == Some(user));
    ids.filter_map(|call| call.shipment_id.as_deref()).filter(|order| !gone.contains(order)).collect()
}

fn deleted(evidence: &Evidence) -> HashSet<&str> {
    let all = evidence.state["shipments"].as_array().into_iter().flatten();
    all.filter(|order| order["deleted"] == true).filter_map(|order| order["id"].as_str()).collect()
}

/// People for whom more than one order was ever accepted.
pub(crate) fn double(evidence: &Evidence) -> Vec<String> {
    let mut counts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for call in evidence.journal.done(ORDER) {
        let order = call.shipment_id.as_deref().unwrap_or("?");
        counts.entry(call.user_id.as_deref().unwrap_or("nobody")).or_default().push(order);
    }
    let double = counts.into_iter().filter(|(_, orders)| orders.len() > 1);
    double.map(|(user, orders)| format!("ordered twice: {user} has orders {}", orders.join(", "))).collect()
}

/// Orders that were accepted and stand, and whose shipment neither came to its end nor says what it waits for.
pub(crate) fn lost(evidence: &Evidence) -> Vec<String> {
    let gone = deleted(evidence);
    let mut lost = Vec::new();
    for call in evidence.journal.done(ORDER) {
        let order = call.shipment_id.as_deref().unwrap_or("?");
        if gone.contains(order) {
            continue;
        }
        let owner = evidence.pages.shipments.iter().find(|s| call.user_id.as_deref() == Some(&s.user_id));
        match owner {
            None if was_let_go(evidence, call, order) => {}
            None => lost.push(format!("lost order: {order} is nobody's")),
            Some(owner) => {
                lost.extend(why_lost(evidence, owner).map(|why| format!("lost order: {order} {why}")));
            }
        }
    }
    lost
}

/// Told with the order's id when its shipment was deleted. Either it was too late to cancel, and the key cannot sign in;
/// or the process died before it wrote the order down: then the deletion found it by a search, and what is taken over
/// without a person's answer it leaves alone.
fn was_let_go(evidence: &Evidence, call: &Call, order: &str) -> bool {
    let told = evidence.events.iter().any(|event| {
        let note = objects::text(event, "/note");
        objects::text(event, "/reason") == "ShipmentReleased" && note.contains(order)
    });
    let user = call.user_id.as_deref();
    let is_useless = user.is_some_and(|user| evidence.enrollments_of(user).next().is_none());
    told && (is_useless || evidence.something_died(call.at, later(call.at, LATEST_START)))
}

fn why_lost(evidence: &Evidence, owner: &Declared) -> Option<String> {
    let who = format!("of {}/{}", owner.namespace, owner.name);
    let Some(object) = evidence.shipments.of(owner) else {
        return Some(format!("{who}: the shipment is gone"));
    };
    match objects::end(object) {
        Some(End::Activated) => not_alive(evidence, owner, object).map(|why| format!("{who}: {why}")),
        Some(_) if objects::is_told(object) => None,
        Some(_) => Some(format!("{who}: it waits and does not say for what")),
        None => Some(format!("{who}: it has come to no end")),
    }
}

/// "Activated" is believed only as far as Okta shows it.
fn not_alive(evidence: &Evidence, owner: &Declared, object: &Value) -> Option<String> {
    let mut ours = evidence.enrollments_of(&owner.user_id);
    let Some(active) = ours.find(|enrollment| enrollment["status"] == "ACTIVE") else {
        return Some("no enrolment is active at Okta".to_owned());
    };
    let id = active["id"].as_str();
    if !evidence.journal.done(ENROLL).any(|call| call.enrollment_id.as_deref() == id) {
        return Some("the active enrolment was made by nobody".to_owned());
    }
    let mailed = evidence.journal.done(SEND_PIN).any(|call| call.enrollment_id.as_deref() == id);
    if mailed {
        return None;
    }
    let marks = objects::mail_marks(object);
    let astray = marks.iter().filter(|mark| went_astray(evidence, **mark)).count();
    let waits = objects::asked_often(object) && marks.len() >= MAILS_A_DAY && astray == marks.len();
    (!waits).then(|| {
        format!(
            "its PIN was never mailed; {} times it was to be, and {astray} of them went astray",
            marks.len()
        )
    })
}

/// Did the call of this mark come to nothing, or its process die before or in it? A call that was kept from running
/// names neither person nor enrolment: its body was not read.
fn went_astray(evidence: &Evidence, mark: Timestamp) -> bool {
    let latest = later(mark, LATEST_START);
    let mut calls = evidence.journal.of(SEND_PIN).filter(|call| call.at >= mark && call.at <= latest);
    calls.any(|call| !call.committed && call.user_id.is_none()) || evidence.something_died(mark, latest)
}
