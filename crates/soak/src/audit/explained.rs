//! Every shipment whose enrol and order answers arrived ends activated. Of the others only those are held where
//! nothing at the vendors could decide.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testbed::{
    diary::Declared,
    objects::{self, End},
};

use super::{
    evidence::{Evidence, LATEST_START, later},
    journal::{Call, ENROLL, ORDER},
    orders,
    writes::Writes,
};

/// A receipt that was not written within this time of the answer is lost with its process.
const RECEIPT: SignedDuration = SignedDuration::from_secs(2);

/// On a machine that is too busy it may take so long until the receipt is written.
const BUSY: SignedDuration = SignedDuration::from_secs(10);

/// No call of a run waits longer for its answer.
const LONGEST_CALL: SignedDuration = SignedDuration::from_secs(10);

/// Shipments that ended as they should not have.
pub(crate) fn unexplained(evidence: &Evidence) -> Vec<String> {
    let all = evidence.pages.shipments.iter();
    let stopped = all.filter_map(|declared| {
        let why = why_not(evidence, declared)?;
        Some(format!("unexplained: {}/{} ({}) {why}", declared.namespace, declared.name, declared.user_id))
    });
    let limited = evidence.pages.limited.iter();
    let limited = limited.map(|name| {
        format!("unexplained: {name} waited for a rate limit two minutes after the faults had ended")
    });
    stopped.chain(limited).collect()
}

/// Why this end is not explained by what happened to the calls; `None` if it is.
pub(crate) fn why_not(evidence: &Evidence, declared: &Declared) -> Option<String> {
    let Some(object) = evidence.shipments.of(declared) else { return Some("is gone".to_owned()) };
    let (reason, message) = (objects::reason(object), objects::message(object));
    match objects::end(object) {
        Some(End::Activated) => None,
        None => Some(format!(
            "has come to no end: {} {reason}: {message}",
            objects::text(object, "/status/phase")
        )),
        Some(End::Held) if !objects::has_choices(object) => {
            Some(format!("is held and leaves no choice: {reason}: {message}"))
        }
        Some(_) if reason.is_empty() => Some("has stopped without a reason".to_owned()),
        Some(_) => wrongly_stopped(evidence, declared, object, reason),
    }
}

fn wrongly_stopped(evidence: &Evidence, declared: &Declared, object: &Value, reason: &str) -> Option<String> {
    let user = declared.user_id.as_str();
    let ordered = objects::time(object, "/status/order/mark");
    let enrolled = objects::time(object, "/status/enrollment/mark/at");
    let order_lost =
        is_lost(evidence, ORDER, declared, ordered) || never_arrived(evidence, declared, "order", ordered);
    let enroll_lost = is_lost(evidence, ENROLL, declared, enrolled)
        || never_arrived(evidence, declared, "enroll", enrolled);
    match reason {
        "OrderOutcomeUnknown" if order_lost => decidable(evidence, user),
        "EnrollOutcomeUnknown" if enroll_lost => ambiguous(evidence, user),
        _ => Some(format!("has stopped with {reason}, which no lost answer explains")),
    }
}

/// Was an answer to this operation lost, or its mark written and the call never made?
fn is_lost(evidence: &Evidence, operation: &str, declared: &Declared, mark: Option<Timestamp>) -> bool {
    let user = declared.user_id.as_str();
    let mut calls = evidence.journal.about(operation, user);
    if calls.any(|call| call.is_unanswered() || is_cut_off(evidence, declared, call)) {
        return true;
    }
    let Some(mark) = mark else { return false };
    let sent = evidence.journal.about(operation, user).any(|call| call.at >= later(mark, -RECEIPT));
    !sent && evidence.something_died(mark, later(mark, LATEST_START))
}

/// The caller waited for the answer to the marked call until its time was over, and the vendor knows of none: on a machine
/// that is too busy a connection may not be served in time.
fn never_arrived(evidence: &Evidence, declared: &Declared, call: &str, mark: Option<Timestamp>) -> bool {
    mark.is_some_and(|mark| {
        let over = later(mark, LATEST_START + LONGEST_CALL);
        evidence.time_outs.iter().any(|time_out| time_out.is_of(declared, call, mark, over))
    })
}

/// The caller, or the API server that it writes to, died before the receipt can have been written, or before anything was
/// written of the shipment at all.
fn is_cut_off(evidence: &Evidence, declared: &Declared, call: &Call) -> bool {
    let over = call.over();
    let death = evidence.first_death(call.at, later(over, BUSY));
    let nothing_written = |writes: &Writes| death.is_some_and(|death| !writes.any(declared, over, death));
    evidence.something_died(call.at, later(over, RECEIPT))
        || evidence.writes.as_ref().is_some_and(nothing_written)
}

/// Exactly one order of this person stands at the vendor: the search could have found it. Unless the vendor lists no
/// pre-registered orders: then nothing but a person can.
fn decidable(evidence: &Evidence, user: &str) -> Option<String> {
    if evidence.state["settings"]["listPreregOrders"] == false {
        return None;
    }
    let [only] = orders::standing(evidence, user)[..] else { return None };
    Some(format!("is held although order {only} can be found and is the only one"))
}

/// One enrolment, or none, tells what became of the lost answer: only one cluster enrols here.
fn ambiguous(evidence: &Evidence, user: &str) -> Option<String> {
    let count = evidence.enrollments_of(user).count();
    (count < 2).then(|| format!("is held although Okta's list decides: it shows {count} enrolments"))
}
