//! A status, parsed into facts that fit together.

use std::fmt::Display;

use crate::shipment;
use domain::{
    desired::Orgs,
    failure::{Failure, Reason},
    hold::Choice,
    ids::{EnrollmentId, KeyId, OktaOrgId, RpId, Sealed, Serial, ShipmentId, UserId, YubicoOrgId},
    journal::{
        Accepted, Adoption, Approved, EnrollMark, Enrollment, Hold, Journal, Kept, LastFailure, Made,
        Missing, Order, Pin, RefusedOrder, Requests, Times, Unwanted,
    },
    vendor_states::{ParcelState, PublicKey, Responses, Tracking},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use system::clock;

/// A status that contradicts itself: nothing is sent on its word.
fn unreadable(field: &str, what: impl Display) -> Failure {
    Failure::new(
        Reason::StatusUnreadable,
        format!(
            "status.{field} {what}; restore the status from a backup, or delete this shipment with deletionPolicy Orphan."
        ),
    )
}

fn need<T>(field: &str, value: Option<T>) -> Result<T, Failure> {
    value.ok_or_else(|| unreadable(field, "is missing"))
}

fn text<T, E: Display>(field: &str, parsed: Result<T, E>) -> Result<T, Failure> {
    parsed.map_err(|fault| unreadable(field, format!("cannot be read: {fault}")))
}

/// In whole microseconds, as it is written back: a hand may have written finer ones.
fn at(time: &MicroTime) -> Timestamp {
    clock::whole(time.0)
}

/// Reads the journal out of a status.
///
/// # Errors
/// `StatusUnreadable`, naming the field, if facts are missing or contradict each other.
pub fn read(status: &shipment::YubiKeyShipmentStatus) -> Result<Journal, Failure> {
    let key = match &status.key {
        Some(key) => Some((text("key.serial", Serial::new(&key.serial))?, key.firmware.clone())),
        None => None,
    };
    let answered = status.answered.clone().unwrap_or_default();
    Ok(Journal {
        user: status.user_id.as_ref().map(|id| text("userId", UserId::new(id))).transpose()?,
        orgs: status.org.as_ref().map(read_orgs).transpose()?,
        enrollment: status.enrollment.as_ref().map_or(Ok(Enrollment::Never), read_enrollment)?,
        order: status.order.as_ref().map_or(Ok(Order::Never), read_order)?,
        kept: read_kept(status)?,
        key,
        pin: status.pin.as_ref().map(read_pin).unwrap_or_default(),
        times: status.times.as_ref().map(read_times).unwrap_or_default(),
        unwanted: answered.discard.as_ref().map(read_unwanted).transpose()?,
        adoption: answered.adopt.as_ref().map(read_adoption).transpose()?,
        approved: Approved {
            activation: answered.activation.unwrap_or(false),
            pin: answered.pin.unwrap_or(false),
            kept_keys: answered.kept_keys.unwrap_or(false),
        },
        retry: answered.retry.unwrap_or(false),
        hold: status.hold.as_ref().map(read_hold).transpose()?,
        last_failure: status.failure.as_ref().and_then(read_last_failure),
    })
}

fn read_orgs(org: &shipment::Org) -> Result<Orgs, Failure> {
    Ok(Orgs {
        okta: org.okta.as_ref().map(|id| text("org.okta", OktaOrgId::new(id))).transpose()?,
        yubico: org.yubico.as_ref().map(|id| text("org.yubico", YubicoOrgId::new(id))).transpose()?,
    })
}

fn read_mark(mark: Option<&shipment::EnrollMark>) -> Result<EnrollMark, Failure> {
    let mark = need("enrollment.mark", mark)?;
    let shown = mark.shown.iter().map(|id| text("enrollment.mark.shown", EnrollmentId::new(id)));
    Ok(EnrollMark {
        at: at(&mark.at),
        okta_time: at(&mark.okta_time),
        shown: shown.collect::<Result<_, _>>()?,
    })
}

fn read_enrollment(e: &shipment::EnrollmentStatus) -> Result<Enrollment, Failure> {
    Ok(match e.outcome {
        shipment::EnrollmentOutcome::Open => Enrollment::Open(e.attempt, read_mark(e.mark.as_ref())?),
        shipment::EnrollmentOutcome::Refused => Enrollment::Refused(e.attempt),
        shipment::EnrollmentOutcome::Discarded => Enrollment::Discarded(e.attempt),
        shipment::EnrollmentOutcome::Made => Enrollment::Made(Made {
            attempt: e.attempt,
            mark: read_mark(e.mark.as_ref())?,
            id: text("enrollment.id", EnrollmentId::new(need("enrollment.id", e.id.as_ref())?))?,
            key_id: e.key_id.as_ref().map(|id| text("enrollment.keyId", KeyId::new(id))).transpose()?,
            rp_id: text("enrollment.rpIds", RpId::new(need("enrollment.rpIds", e.rp_ids.first())?))?,
            created_at: at(need("enrollment.createdAt", e.created_at.as_ref())?),
            requests: e
                .requests
                .as_ref()
                .map(|r| Requests { pin: Sealed::new(&*r.pin), credential: Sealed::new(&*r.credential) }),
            marked_error: e.marked_error.unwrap_or(false),
            discard_mark: e.discard_mark.as_ref().map(at),
        }),
    })
}

fn read_order(o: &shipment::OrderStatus) -> Result<Order, Failure> {
    Ok(match o.outcome {
        shipment::OrderOutcome::Open => Order::Open(o.attempt, at(&o.mark)),
        shipment::OrderOutcome::Unknown => Order::Unknown(o.attempt, at(&o.mark), o.web_page_status),
        shipment::OrderOutcome::Refused => Order::Refused(RefusedOrder {
            attempt: o.attempt,
            mark: at(&o.mark),
            retryable: o.retryable.unwrap_or(false),
            generation: need("order.refusedGeneration", o.refused_generation)?,
        }),
        shipment::OrderOutcome::Accepted => Order::Accepted(read_accepted(o)?),
        shipment::OrderOutcome::Cancelled => Order::Cancelled(
            o.attempt,
            at(&o.mark),
            o.shipment_id.as_ref().map(|id| text("order.shipmentId", ShipmentId::new(id))).transpose()?,
        ),
    })
}

fn read_accepted(o: &shipment::OrderStatus) -> Result<Accepted, Failure> {
    Ok(Accepted {
        attempt: o.attempt,
        mark: at(&o.mark),
        id: text("order.shipmentId", ShipmentId::new(need("order.shipmentId", o.shipment_id.as_ref())?))?,
        ordered_at: at(need("order.orderedAt", o.ordered_at.as_ref())?),
        state: o.state.as_ref().map(|s| (ParcelState::from_id(s.id), at(&s.since))),
        tracking: Tracking { carrier: o.carrier.clone(), number: o.tracking.clone(), link: None },
        cancel_accepted: o.cancel_accepted_at.as_ref().map(at),
        cancel_refused: o.cancel_refused.unwrap_or(false),
        missing: o
            .missing_since
            .as_ref()
            .map(|since| Missing { since: at(since), confirmed: o.missing_confirmed.unwrap_or(false) }),
        given_up: o.given_up.unwrap_or(false),
        adopted: o.adopted.unwrap_or(false),
    })
}

fn read_kept(status: &shipment::YubiKeyShipmentStatus) -> Result<Option<Kept>, Failure> {
    let Some(responses) = &status.responses else { return Ok(None) };
    let key = need("key", status.key.as_ref())?;
    let key_id = responses.key_id.as_ref().map(|id| text("responses.keyId", KeyId::new(id))).transpose()?;
    Ok(Some(Kept {
        responses: Responses {
            serial: text("key.serial", Serial::new(&key.serial))?,
            firmware: key.firmware.clone(),
            pin: Sealed::new(&*responses.pin),
            credential: Sealed::new(&*responses.credential),
            credential_key_id: key_id,
        },
        signing_keys: responses
            .signing_keys
            .iter()
            .map(|k| PublicKey { kid: k.kid.clone(), x: k.x.clone(), y: k.y.clone() })
            .collect(),
    }))
}

fn read_unwanted(discard: &shipment::DiscardStatus) -> Result<Unwanted, Failure> {
    let id = text("answered.discard.id", EnrollmentId::new(&discard.id))?;
    Ok(Unwanted { id, mark: discard.mark.as_ref().map(at) })
}

fn read_adoption(adopt: &shipment::AdoptStatus) -> Result<Adoption, Failure> {
    let shipment = text("answered.adopt.shipmentId", ShipmentId::new(&adopt.shipment_id))?;
    Ok(Adoption { shipment, since: at(&adopt.since), by_person: adopt.by_person })
}

fn read_pin(pin: &shipment::PinStatus) -> Pin {
    Pin {
        id: pin.id,
        mark: pin.mark.as_ref().map(at),
        mails: pin.mails.iter().map(at).collect(),
        resend: pin.resend.unwrap_or(false),
    }
}

fn read_times(t: &shipment::Times) -> Times {
    let when = |time: &Option<MicroTime>| time.as_ref().map(at);
    Times {
        enrolled: when(&t.enrolled),
        ordered: when(&t.ordered),
        shipped: when(&t.shipped),
        delivered: when(&t.delivered),
        activated: when(&t.activated),
        pin_sent: when(&t.pin_sent),
        used: when(&t.used),
    }
}

fn read_hold(hold: &shipment::HoldStatus) -> Result<Hold, Failure> {
    Ok(Hold {
        id: hold.id.clone(),
        reason: need("hold.reason", Reason::parse(&hold.reason))?,
        message: hold.message.clone(),
        since: at(&hold.since),
        generation: hold.generation,
        choices: hold.choices.iter().filter_map(|name| Choice::parse(name)).collect(),
        found_by_read: hold.found_by_read.unwrap_or(false),
    })
}

/// A failure of another version is only a count that starts anew.
fn read_last_failure(failure: &shipment::FailureStatus) -> Option<LastFailure> {
    Some(LastFailure {
        reason: Reason::parse(&failure.reason)?,
        message: failure.message.clone(),
        since: at(&failure.since),
        count: failure.count,
    })
}
